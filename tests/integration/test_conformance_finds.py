"""The conformance suite finds what a backend can do wrong: storage-faulty is told to break one promise,
and the check of that promise fails."""
import pytest

from hearth import BUILD, tool

FAULTY = BUILD / "tests/plugins/storage-faulty.so"

FIELDS = ["size", "collection", "partition", "body", "version", "epoch", "write_id", "expires"]

FOUND = {
    "a key never written is NOT_FOUND": ["answer:early", "answer:loop", "answer:thread", "answer:twice"],
    "a put is read back whole": [*(f"get:{field}" for field in FIELDS), "lost:put", "result:size",
                                 "put:collection", "put:epoch", "put:write_id", "put:expires"],
    "a confirmed change is seen on every loop": ["get:stale", "lost:delete", "lost:loop-1"],
    "an epoch that is not mine is CONFLICT": ["ignores:epoch", "ignores:epoch:put", "ignores:epoch:delete"],
    "a put on a stale version is CONFLICT": ["ignores:version", "ignores:version:put"],
    "a delete obeys its condition": ["ignores:version:delete"],
    "of two puts with absent": ["ignores:absent", "ignores:absent:put"],
    "a conflict comes with the whole document": [
        *(f"conflict:{field}" for field in FIELDS), "conflict:none", "conflict:none-for-delete",
        "conflict:none-for-epoch", "ignores:absent:delete"],
    "one of a transaction that is to blame": ["conflict:none-in-transact", "answer:short"],
    "a conflict in a batch shows": ["batch:backwards"],
    "a batch of 10,000": ["answer:again", "lost:late"],
    "a transaction writes all": ["lost:transact"],
    "a refused transaction writes nothing": ["transact:partial", "transact:ok"],
    "every condition refuses a whole transaction": [
        "ignores:absent:transact", "ignores:version:transact", "ignores:epoch:transact"],
    "a transaction may delete and put": ["lost:transact-delete"],
    "a transaction with a malformed operation": ["result:no-error"],
    "a transaction over two partitions": ["accepts:one partition"],
    "a transaction with one key twice": ["accepts:each key once"],
    "a transaction of caps.max_transact": ["accepts:max_transact", "caps:too-much"],
    "a query's pages hold everything once": [
        "query:unordered", "query:skips", "query:repeats", "query:prefix", "query:limit"],
    "a query's documents are whole": [*(f"query:{field}" for field in FIELDS), "query:sort"],
    "a prefix is no pattern": ["query:like"],
    "a query of large documents": ["query:large"],
    "a query's malformed cursor": ["query:any-limit", "query:malformed", "query:cursor"],
    "a scan of a collection": [*(f"scan:{field}" for field in FIELDS), "scan:sort", "scan:expired",
                               "scan:repeats", "scan:skips", "scan:everything"],
    "a scan without collection": ["scan:one"],
    "a scan of large documents": ["scan:large"],
    "numbers come back": ["put:whole-numbers"],
    "key parts of 512 bytes": ["accepts:longer than 512", "get:malformed"],
    "bodies of 350,000 bytes": ["accepts:longer than 350000", "caps:not-enforced"],
    "malformed keys": ["accepts:not UTF-8", "accepts:must not be empty"],
    "bodies that are no JSON object": ["accepts:body"],
    "malformed operations": ["accepts:2^63", "accepts:write id", "accepts:expiry is negative",
                             "accepts:neither put", "accepts:valid combination",
                             "accepts:excludes the others"],
    "an expired document is NOT_FOUND": ["get:expired", "query:expired"],
    "an expired document is absent to conditions": ["conflict:expired", "conditions:expired"],
    "caps name the store": ["caps:size", "caps:name", "caps:identity", "caps:body", "caps:transact",
                            "caps:batch"],
    "has answered is healthy": ["unhealthy"],
    "there after a restart": ["forgets:everything", "forgets:deletes", "forgets:epoch",
                              "forgets:write_id", "forgets:expires"],
    "there after kill -9": ["forgets:until-close"],
}


def suite(bug, only, *words):
    done = tool("conformance", "storage", FAULTY, "--set", f"storage-faulty.bug={bug}", "--set",
                f"storage-conformance.only={only}", *words, timeout=120)
    return done, [line for line in done.stdout.splitlines() if line.startswith("FAIL ")]


@pytest.mark.parametrize("check, bug", [(check, bug) for check, bugs in FOUND.items() for bug in bugs])
def test_found(check, bug):
    done, failed = suite(bug, check)
    assert done.returncode == 1, done.stdout
    assert any(check in line.split(": ")[0] for line in failed), (failed, done.stdout, done.stderr)


@pytest.mark.parametrize("check", FOUND)
def test_nothing_is_found_where_nothing_is_wrong(check):
    done, failed = suite("", check)
    assert done.returncode == 0 and not failed, (failed, done.stderr)
    assert f"{check}" in done.stdout


def test_a_call_that_is_never_answered_ends_the_run_with_its_name():
    done, failed = suite("answer:never", "a query of an empty partition", "--set",
                         "storage-conformance.timeout=1s")
    assert done.returncode == 1
    assert "a query of an empty partition is an empty last page: query had no answer within 1 s" in \
        done.stderr
    assert failed == ["FAIL the suite runs to its end: the process ended with signal 6 (Aborted) after "
                      "'the start'"], failed
    assert done.stdout.splitlines()[-1] == "0 passed, 1 failed"


def test_a_slip_in_the_name_of_the_checks_is_no_success():
    done, failed = suite("", "no such promise")
    assert done.returncode == 1
    assert failed == ["FAIL storage-conformance.only: no check has 'no such promise' in its name"]


def test_the_file_may_have_any_name(tmp_path):
    (tmp_path / "libmine.so").symlink_to(FAULTY)
    done = tool("conformance", "storage", tmp_path / "libmine.so", "--set",
                "storage-conformance.only=a sort may be empty", timeout=60)
    assert done.returncode == 0 and "ok   a sort may be empty" in done.stdout, done.stderr


def test_memory_that_was_freed_before_the_callback_is_found():
    """By the sanitizer that the backend and Hearth are built with, or by what free() leaves behind."""
    done, failed = suite("answer:freed", "a put is read back whole")
    assert done.returncode == 1 and failed, done.stdout
