"""storage-dynamo in particular, on a real DynamoDB Local behind a proxy that checks signatures and
loses answers; and credentials from each of their sources."""
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import threading
import time

import pytest

import backends
import state
from hearth import wait_until

NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}


def serve(handler, **attributes):
    """An HTTP server on a thread; the handler finds the attributes at self.server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    for name, value in attributes.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Proxy(Quiet):
    """To DynamoDB Local. server.secrets: the key for each key id; server.seen: (key id, operation)
    of every request; server.judge(operation, body, key id): None, "lose" the answer, or an error."""

    def signature_is_right(self, body):
        kind, fields = self.headers["Authorization"].split(" ", 1)
        fields = dict(field.strip().split("=", 1) for field in fields.split(","))
        self.key_id, date, region, service, _ = fields["Credential"].split("/")
        names = fields["SignedHeaders"].split(";")
        head = "".join(f"{name}:{' '.join(self.headers[name].split())}\n" for name in names)
        token = self.headers["X-Amz-Security-Token"]
        text = "\n".join(["POST", "/", "", head, ";".join(names), hashlib.sha256(body).hexdigest()])
        text = "\n".join([kind, self.headers["X-Amz-Date"], f"{date}/{region}/{service}/aws4_request",
                          hashlib.sha256(text.encode()).hexdigest()])
        secret, session = self.server.secrets.get(self.key_id, ("", None))
        key = ("AWS4" + secret).encode()
        for part in (date, region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        expected = hmac.new(key, text.encode(), "sha256").hexdigest()
        return (kind == "AWS4-HMAC-SHA256" and fields["Signature"] == expected and
                token == session and "host" in names and "x-amz-target" in names and
                (not token or "x-amz-security-token" in names) and service == "dynamodb")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        if not self.signature_is_right(body):
            self.server.wrong += 1
            self.answer(400, '{"__type":"x#InvalidSignatureException"}')
            return
        self.server.seen.append((self.key_id, operation))
        verdict = self.server.judge(operation, body.decode(), self.key_id)
        if verdict not in (None, "lose"):
            self.answer(400, json.dumps({"__type": "x#" + verdict}))
            return
        local = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=10)
        local.request("POST", "/", body, {name: self.headers[name] for name in
                                          ("X-Amz-Target", "Content-Type", "Authorization")})
        reply = local.getresponse()
        data = reply.read()
        local.close()
        if verdict == "lose":
            self.close_connection = True
        else:
            self.answer(reply.status, data)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    local = backends.DynamoDb(tmp_path_factory.mktemp("dynamodb"))
    yield local
    local.stop()


@pytest.fixture
def dynamodb(local, request):
    """A table of the test's own."""
    local.table = "t-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    return local


@pytest.fixture
def proxy(dynamodb):
    server = serve(Proxy, target=dynamodb.port, seen=[], wrong=0, judge=lambda *_: None,
                   secrets={"test": ("test", None)})
    yield server
    server.shutdown()
    server.server_close()


def start(start_hearthd, tmp_path, settings, *more, **options):
    return state.start(start_hearthd, tmp_path, *settings, *more, storage="storage-dynamo",
                       loops=1, **options)


def write(server, text, note="n"):
    return state.write(server, "u", note, text, "durable")


def unsaid(server, *secrets):
    """No line of the log holds any of them."""
    return not any(secret in json.dumps(line) for line in server.log for secret in secrets)


# ---- the table and its items -------------------------------------------------------------------

def test_the_table_is_made_with_keys_expiry_and_on_demand_capacity(start_hearthd, tmp_path,
                                                                   dynamodb):
    start(start_hearthd, tmp_path, dynamodb.settings())
    wait_until(lambda: dynamodb.call("DescribeTimeToLive", TableName=dynamodb.table).get(
        "TimeToLiveDescription", {}).get("TimeToLiveStatus") == "ENABLED", "expiry is on")
    table = dynamodb.call("DescribeTable", TableName=dynamodb.table)["Table"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"},
                                  {"AttributeName": "sk", "KeyType": "RANGE"}]
    assert {a["AttributeType"] for a in table["AttributeDefinitions"]} == {"S"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    found = dynamodb.call("DescribeTimeToLive", TableName=dynamodb.table)
    assert found["TimeToLiveDescription"]["AttributeName"] == "ttl"


def test_a_body_is_a_map_that_can_be_read_in_the_console(start_hearthd, tmp_path, dynamodb):
    server = start(start_hearthd, tmp_path, dynamodb.settings())
    assert write(server, "hello you").status == 200
    items = dynamodb.call("Scan", TableName=dynamodb.table, ConsistentRead=True)["Items"]
    note = next(item for item in items if item["sk"] == {"S": "#n"})
    assert note["pk"]["S"].endswith("#u")
    assert '{"S": "hello you"}' in json.dumps(note["body"]["M"])
    assert int(note["version"]["N"]) >= 1 and note["write_id"]["S"]


def test_a_missing_table_is_said(start_hearthd, tmp_path, dynamodb):
    server = start(start_hearthd, tmp_path, dynamodb.settings(), "--set",
                   "storage-dynamo.create_table=false", wait=False)
    wait_until(lambda: any("ResourceNotFound" in m for m in server.messages()), "it is said")


def test_a_dynamodb_that_comes_back_is_found(start_hearthd, tmp_path):
    dynamodb = backends.DynamoDb(tmp_path / "durable", durable=True)
    try:
        server = start(start_hearthd, tmp_path, dynamodb.settings())
        assert write(server, "one").status == 200
        dynamodb.stop()
        assert state.write(server, "u", "n", "two", "journal").status == 200
        wait_until(lambda: "dynamodb" in json.dumps(state.health(server)[1]), "the loss is visible")
        dynamodb.start()
        wait_until(lambda: "dynamodb" not in json.dumps(state.health(server)[1]),
                   "the return is visible")
        wait_until(lambda: write(server, "three").status == 200, "writes are confirmed again")
    finally:
        server.stop()
        dynamodb.stop()


def test_changes_of_many_documents_travel_in_one_batch(start_hearthd, tmp_path, dynamodb, proxy):
    updates = []

    def note_updates(operation, body, _):
        if operation == "BatchExecuteStatement":
            updates.append(body.count("UPDATE "))
        return None

    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), "--set",
                   "entities.flush_interval=1s")
    for i in range(30):
        assert write(server, "first", f"n{i}").status == 200
    proxy.judge = note_updates
    for i in range(30):
        assert state.write(server, "u", f"n{i}", "second", "journal").status == 200

    def stored():
        items = dynamodb.call("Scan", TableName=dynamodb.table, ConsistentRead=True)["Items"]
        return json.dumps(items).count('{"S": "second"}') == 30

    wait_until(stored, "all changes are in storage")
    assert max(updates) > 1, updates
    assert all(count <= 25 for count in updates)
    status, dead = state.dlq(server, "list")
    assert status == 0 and dead.count("\n") <= 1


# ---- what is lost on the way -------------------------------------------------------------------

def test_a_write_whose_answer_is_lost_is_done_once(start_hearthd, tmp_path, dynamodb, proxy):
    lost = []

    def lose_once(operation, body, _):
        if operation in ("PutItem", "BatchExecuteStatement") and "the-marked-one" in body:
            lost.append(operation)
            return "lose" if len(lost) == 1 else None
        return None

    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url))
    before = write(server, "before").json["version"]
    proxy.judge = lose_once
    reply = write(server, "the-marked-one")
    assert reply.status == 200 and reply.json["version"] == before + 1
    assert lost, "no answer was lost"
    assert write(server, "after").json["version"] == before + 2
    assert state.dlq(server, "list")[1].count("\n") <= 1
    item = dynamodb.call("Scan", TableName=dynamodb.table, ConsistentRead=True,
                         FilterExpression="sk = :s", ExpressionAttributeValues={":s": {"S": "#n"}})
    assert item["Items"][0]["version"]["N"] == str(before + 2)


def test_throttling_is_waited_out(start_hearthd, tmp_path, dynamodb, proxy):
    throttled = []

    def throttle(operation, body, _):
        if "a-slow-one" in body and len(throttled) < 3:
            throttled.append(operation)
            return "ProvisionedThroughputExceededException"
        return None

    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url))
    assert write(server, "quick").status == 200
    proxy.judge = throttle
    assert write(server, "a-slow-one").status == 200
    assert len(throttled) == 3


def test_throttling_that_lasts_gives_nothing_up(start_hearthd, tmp_path, dynamodb, proxy):
    throttled = []

    def throttle(operation, body, _):
        if "a-slow-one" in body:
            throttled.append(operation)
            return "ProvisionedThroughputExceededException"
        return None

    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), "--set",
                   "storage-dynamo.retry_for=100ms", "--set", "entities.max_attempts=2", "--set",
                   "entities.retry_max=100ms")
    assert write(server, "quick").status == 200
    proxy.judge = throttle
    assert state.write(server, "u", "n", "a-slow-one").status == 200, "the journal takes it"
    wait_until(lambda: "ProvisionedThroughputExceeded" in str(state.health(server)[1]), "it is said")
    wait_until(lambda: len(throttled) > 30, "it is tried again and again")
    assert state.dlq(server, "list") == (0, "")
    proxy.judge = lambda *_: None
    wait_until(lambda: state.health(server)[1] == {"status": "ready"}, "all is well again")
    wait_until(lambda: state.read(server, "u", "n").json["durable"] == 2, "it is written")


# ---- credentials -------------------------------------------------------------------------------

def test_a_session_of_the_environment_signs_requests_and_is_never_shown(start_hearthd, tmp_path,
                                                                        dynamodb, proxy):
    proxy.secrets = {"AKENV": ("env/secret+1", "session/token==")}
    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), env={
        "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "env/secret+1",
        "AWS_SESSION_TOKEN": "session/token=="})
    assert write(server, "signed").status == 200
    assert proxy.wrong == 0 and proxy.seen
    assert unsaid(server, "env/secret+1", "session/token==")


def test_credentials_that_are_refused_are_read_again(start_hearthd, tmp_path, dynamodb, proxy):
    file = tmp_path / "credentials"

    def keep(key_id):
        proxy.secrets[key_id] = ("secret-of-" + key_id, None)
        file.write_text(f"[game]\naws_access_key_id={key_id}\n"
                        f"aws_secret_access_key=secret-of-{key_id}\n")

    keep("AKOLD")
    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), "--set",
                   "storage-dynamo.profile=game",
                   env={**NO_KEYS, "AWS_SHARED_CREDENTIALS_FILE": str(file)})
    assert write(server, "old").status == 200
    keep("AKNEW")
    proxy.judge = lambda _, __, key_id: "ExpiredTokenException" if key_id == "AKOLD" else None
    wait_until(lambda: write(server, "new").status == 200, "the new ones are used")
    assert proxy.seen[-1][0] == "AKNEW"
    assert unsaid(server, "secret-of-AKOLD", "secret-of-AKNEW")


class Metadata(Quiet):
    """IMDSv2, and a container's endpoint at /role. Each secret is good for server.lifetime seconds;
    server.down makes it answer 500; server.given has the time of each."""

    def secret(self):
        self.server.given.append(time.monotonic())
        key_id = f"AK{len(self.server.given)}"
        self.server.secrets[key_id] = (f"imds-secret-{key_id}", f"imds-token-{key_id}")
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
            seconds=self.server.lifetime)
        return json.dumps({"Code": "Success", "AccessKeyId": key_id, "SecretAccessKey":
                           f"imds-secret-{key_id}", "Token": f"imds-token-{key_id}",
                           "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def do_PUT(self):
        good = (self.path == "/latest/api/token" and not self.server.down and
                self.headers["X-aws-ec2-metadata-token-ttl-seconds"] == "21600")
        self.answer(200 if good else 500, "the-session" if good else "no")

    def do_GET(self):
        session = self.headers["X-aws-ec2-metadata-token"] == "the-session"
        roles = "/latest/meta-data/iam/security-credentials/"
        if self.server.down:
            self.answer(500, "down")
        elif self.path == roles and session:
            self.answer(200, "the-role\n")
        elif self.path == roles + "the-role" and session:
            self.answer(200, self.secret())
        elif self.path == "/role" and self.headers["Authorization"] == "Basic container":
            self.answer(200, self.secret())
        else:
            self.answer(401, "no")


@pytest.fixture
def metadata(proxy):
    server = serve(Metadata, secrets=proxy.secrets, given=[], lifetime=3600, down=False)
    yield server
    server.shutdown()
    server.server_close()


def instance(metadata):
    return {**NO_KEYS, "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url}


def container(metadata, tmp_path):
    (tmp_path / "authorization").write_text("Basic container\n")
    return {**NO_KEYS, "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.url + "/role",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "authorization")}


@pytest.mark.parametrize("place", ["instance", "container"])
def test_credentials_that_expire_are_fetched_anew_before(start_hearthd, tmp_path, dynamodb, proxy, metadata,
                                                         place):
    metadata.lifetime = 6
    env = instance(metadata) if place == "instance" else container(metadata, tmp_path)
    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), env=env)
    statuses = []

    def third_is_used():
        statuses.append(write(server, f"{len(statuses)}").status)
        return proxy.seen[-1][0] == "AK3"

    wait_until(third_is_used, "the third secret is in use")
    assert set(statuses) == {200} and proxy.wrong == 0
    first, second, third = metadata.given[:3]
    assert second - first < metadata.lifetime - 1 and third - second < metadata.lifetime - 1
    assert unsaid(server, "imds-secret", "imds-token", "the-session", "Basic container")


def test_credentials_outlast_a_metadata_service_that_is_away(start_hearthd, tmp_path, dynamodb,
                                                              proxy, metadata):
    metadata.lifetime = 8
    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), env=instance(metadata))
    assert write(server, "one").status == 200
    metadata.down = True
    wait_until(lambda: any("metadata endpoint" in m for m in server.messages()), "it is said")
    assert write(server, "two").status == 200
    metadata.down = False
    wait_until(lambda: len(metadata.given) >= 2 and write(server, "three").status == 200 and
               proxy.seen[-1][0] != "AK1", "the next ones are in use")


def test_an_instance_without_metadata_is_said_and_waited_for(start_hearthd, tmp_path, dynamodb,
                                                             proxy, metadata):
    metadata.down = True
    server = start(start_hearthd, tmp_path, dynamodb.settings(proxy.url), env=instance(metadata),
                   wait=False)
    wait_until(lambda: any("credentials: " in m for m in server.messages()), "it is said")
    metadata.down = False
    server.wait_ready()
    wait_until(lambda: write(server, "at last").status == 200, "they are found")


def test_without_any_keys_hearthd_says_what_is_missing(start_hearthd, tmp_path, dynamodb):
    server = start(start_hearthd, tmp_path, dynamodb.settings(), "--set",
                   "storage-dynamo.credentials=environment", env=NO_KEYS, wait=False)
    assert server.process.wait(30) != 0
    assert any("AWS_ACCESS_KEY_ID" in m for m in server.messages())


@pytest.mark.parametrize("kind", ["missing", "of another profile"])
def test_a_credentials_file_that_is_no_good_is_named(start_hearthd, tmp_path, dynamodb, kind):
    file = tmp_path / "credentials"
    if kind != "missing":
        file.write_text("[other]\naws_access_key_id = x\naws_secret_access_key = y\n")
    server = start(start_hearthd, tmp_path, dynamodb.settings(), "--set",
                   "storage-dynamo.credentials=file", wait=False,
                   env={**NO_KEYS, "AWS_SHARED_CREDENTIALS_FILE": str(file)})
    reason = "No such file or directory" if kind == "missing" else "has no keys for profile default"
    wait_until(lambda: any(str(file) in m and reason in m for m in server.messages()), "it is said")
