"""Does the faults of a schedule to a world, each target in a thread of its own, and records from
when to when each was at work."""
import signal
import threading
import time
from collections import Counter

from disk import limit_files

STOPPED_FOR = 0.15  # seconds that a process without power goes on before it ends


class Faults:
    def __init__(self, world, schedule):
        self.world, self.schedule = world, schedule
        self.done, self.lock = [], threading.Lock()  # (kind, from, until)
        self.finished, self.overs = threading.Event(), []
        self.began = None

    def start(self):
        self.began = time.monotonic()
        for target, node in sorted({(fault.target, fault.node) for fault in self.schedule}):
            mine = [f for f in self.schedule if (f.target, f.node) == (target, node)]
            self.overs.append(threading.Event())
            threading.Thread(target=self._run, args=(mine, self.overs[-1]), daemon=True).start()

    def _run(self, mine, over):
        """The thread stays until the world is closed: what it has started ends with it."""
        try:
            for fault in mine:
                if self.finished.wait(max(0, self.began + fault.at - time.monotonic())):
                    break
                since = time.monotonic()
                getattr(self, fault.kind.replace("-", "_"))(fault)
                with self.lock:
                    self.done.append((fault.kind, since, time.monotonic()))
        except Exception as error:  # noqa: BLE001 - a thread's end must not go unseen
            self.world.own_problems.append(f"fault {fault}: {type(error).__name__}: {error}")
        finally:
            over.set()
            self.world.closing.wait()

    def finish(self):
        """Waits for what is under way, and starts nothing new."""
        self.finished.set()
        for over in self.overs:
            over.wait()
        self.world.heal()

    def counts(self):
        return Counter(kind for kind, _, _ in self.done)

    # ---- hearthd ----

    def _node(self, fault):
        return self.world.nodes[fault.node]

    def kill(self, fault):
        node = self._node(fault)
        with node.busy:
            node.kill()
            time.sleep(fault.seconds)
            node.start_again(fault.values)

    def power(self, fault):
        """What was not fsynced is gone. hearthd lives for a moment more and sees its disk fail."""
        node = self._node(fault)
        with node.busy:
            node.check_alive()
            node.disk.cut_power()
            time.sleep(STOPPED_FOR)
            node.server.kill()
            node.ended()
            time.sleep(fault.seconds)
            node.disk.power_on()
            node.start_again(fault.values)

    def stop(self, fault):
        process = self._node(fault).server.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(fault.seconds)
        process.send_signal(signal.SIGCONT)

    def restart(self, fault):
        node = self._node(fault)
        with node.busy:
            node.check_alive()
            node.server.stop()
            node.ended()
            node.start_again(fault.values)

    # ---- storage ----

    def storage_kill(self, fault):
        self.world.backend.stop()
        time.sleep(fault.seconds)
        self.world.backend.start()

    def storage_freeze(self, fault):
        if not self.world.storage_side:
            lock = self.world.lock_storage()  # not to be had while the disk is full or away
            time.sleep(fault.seconds)
            lock.close()
            return
        process = self.world.backend.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(fault.seconds)
        process.send_signal(signal.SIGCONT)

    def storage_slow(self, fault):
        self._on(self.world.storage_side, lambda p: p.delay(fault.values["delay"]), fault)

    def storage_cut(self, fault):
        self._on(self.world.storage_side, lambda p: p.cut_reply_after(fault.values["bytes"]), fault)

    def storage_mute(self, fault):
        self._on(self.world.storage_side, lambda p: p.swallow_replies(), fault, cut=True)

    # ---- clients ----

    def client_cut(self, fault):
        self._on(self._node(fault).client_side, lambda p: p.cut(), fault)

    def client_cut_in_reply(self, fault):
        self._on(self._node(fault).client_side,
                 lambda p: p.cut_reply_after(fault.values["bytes"]), fault)

    def client_mute(self, fault):
        self._on(self._node(fault).client_side, lambda p: p.swallow_replies(), fault, cut=True)

    def _on(self, proxy, act, fault, cut=False):
        act(proxy)
        time.sleep(fault.seconds)
        proxy.pass_through()
        if cut:
            proxy.cut()

    # ---- disk and clock ----

    def disk_full(self, fault):
        disk = self._node(fault).disk
        disk.fill()
        time.sleep(fault.seconds)
        disk.empty()

    def disk_limit(self, fault):
        node = self._node(fault)
        with node.busy:
            process = node.server.process
            limit_files(process.pid, 4096)
        time.sleep(fault.seconds)
        if process is node.server.process:
            limit_files(process.pid, None)

    def clock_jump(self, fault):
        node = self._node(fault)
        node.set_clock(fault.values["offset"])
        time.sleep(fault.seconds)
        node.set_clock(0)
