"""One hearthd that is put to the test: its disk, its clock, the proxy that its clients come
through, and every start, end and line of its log on record."""
import glob
import http.client
import pathlib
import signal
import threading
import time

import hearth
import stored
from disk import Disk
from fault_proxy import FaultProxy
from hearth import wait_until

CRASHED = 77  # exit status of a sanitizer's report
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Server(hearth.Hearthd):
    """hearthd that is started again and again; its log is kept in one file."""

    def _take(self, line):
        with open(self.directory / "hearthd.log", "a", encoding="utf-8") as file:
            file.write(line + "\n")
        super()._take(line)


class Node:
    def __init__(self, directory, arguments, configuration, *, mounted, clock, plugin_dir):
        """arguments: those that stay the same at every start."""
        self.directory, self.arguments, self.problems = directory, arguments, []
        self.starts, self.refused_starts = [], []
        self.busy = threading.RLock()  # held while the process is being replaced
        self.disk = self.server = self.client_side = None
        directory.mkdir(parents=True)
        try:
            self.disk = Disk(directory, mounted)
            self.clock_file = directory / "clock"
            self.set_clock(0)
            self._first_start(configuration, clock, plugin_dir)
        except BaseException:
            self.close()
            raise

    def _first_start(self, configuration, clock, plugin_dir):
        self.server = Server(self.directory, etc=hearth.copy_etc(self.directory), wait=False,
                             plugin_dir=plugin_dir, env=self._environment(clock and FAKETIME),
                             args=self._arguments(configuration), loops=_loops())
        self.base_args = self.server.args[:self.server.args.index("--loops") + 2]
        self._started(time.monotonic(), configuration)
        self.client_side = FaultProxy(self.server.port)
        self.server.wait_ready()
        self.disk.write_back()  # so that not even a careless journal loses whose it is

    @property
    def data(self):
        return self.disk.path / "data"

    def _environment(self, clock):
        environment = {"ASAN_OPTIONS": f"exitcode={CRASHED}:verify_asan_link_order=0",
                       "UBSAN_OPTIONS": f"exitcode={CRASHED}:print_stacktrace=1"}
        if clock:
            environment |= {"LD_PRELOAD": clock[0], "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
                            # Only the wall clock jumps. With its fix for an old glibc the library
                            # makes every timed wait on the monotonic clock return at once.
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                            "FAKETIME_FORCE_MONOTONIC_FIX": "0"}
        return environment

    def _arguments(self, configuration):
        values = {"characters.durability": configuration["durability"],
                  "entities.lease": configuration["lease"],
                  "entities.flush_interval": configuration["flush_interval"]}
        settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        return [*self.arguments, *settings, "--data-dir", str(self.data)]

    def set_clock(self, offset):
        """What hearthd's wall clock is ahead of ours, in seconds."""
        temporary = self.clock_file.with_suffix(".new")
        temporary.write_text(f"{offset:+d}\n")
        temporary.rename(self.clock_file)

    # ---- starting and ending ----

    def _started(self, since, configuration):
        """Waits until it listens."""
        self.server.port = wait_until(self.server._address, "hearthd says where it listens", 60)
        self.starts.append({"from": since, "until": None, **configuration})

    def ended(self):
        self.starts[-1]["until"] = time.monotonic()
        self._clean_up()

    def _clean_up(self):
        """What libfaketime leaves behind of a process that was killed."""
        for name in ("faketime_shm_", "sem.faketime_sem_"):
            pathlib.Path(f"/dev/shm/{name}{self.server.process.pid}").unlink(missing_ok=True)

    def check_alive(self):
        """A hearthd that ended although nobody ended it has crashed."""
        status = self.server.process.poll()
        if status is not None:
            self.server.reader.join(5)
            self.problems.append(f"hearthd ended by itself with {status}:\n" +
                                 "\n".join(self.server.messages()[-30:]))

    def start_again(self, configuration, deadline=60):
        """As systemd would: until it stays up. While its disk is full it may refuse."""
        self.server.args = [*self.base_args, *self._arguments(configuration)]
        end = time.monotonic() + deadline
        while True:
            since = time.monotonic()
            self.server.start(wait=False)
            try:
                self._started(since, configuration)
                self.client_side.retarget(self.server.port)
                return
            except AssertionError as error:
                if self.server.process.poll() != 1 or time.monotonic() > end:
                    self.server.kill()
                    self.problems.append(f"hearthd does not start again: {error}")
                    if time.monotonic() > end:
                        raise
                self._clean_up()
                self.refused_starts.append(str(error))
            time.sleep(0.3)

    def kill(self):
        self.check_alive()
        self.server.kill()
        self.ended()

    def stop(self):
        """Cleanly; what is left then is in storage."""
        self.check_alive()
        status = self.server.stop(deadline=60)
        self.ended()
        if status != 0:
            self.problems.append(f"hearthd ended with {status}:\n" +
                                 "\n".join(self.server.messages()[-30:]))
        rows = stored.journal_rows(self.data / "journal.db")
        if rows:
            self.problems.append(f"the journal is not empty after a clean end: {rows}")

    def health(self):
        """What /health/ready says; {} while nothing answers."""
        try:
            return self.server.get("/health/ready", timeout=5).json
        except (OSError, ValueError, http.client.HTTPException):
            return {}

    def heal(self):
        """Ends what may still be wrong with it."""
        self.client_side.pass_through()
        self.client_side.cut()
        self.set_clock(0)
        self.disk.empty()

    def close(self):
        """Also of a node that was not finished."""
        if self.server and self.server.process.poll() is None:
            self.server.process.send_signal(signal.SIGCONT)
            self.server.kill()
            self._clean_up()
        if self.client_side:
            self.client_side.close()
        if self.disk:
            self.disk.close()


def _loops():
    return 2 if hearth.LOOPS == "auto" else hearth.LOOPS
