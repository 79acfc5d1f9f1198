"""Which fault strikes when: drawn from a seed and nothing else, so that a red run can be
repeated."""
import random
from dataclasses import dataclass, field

# What a fault breaks. Faults of one target come one after the other, those of different targets
# overlap: a kill while storage is away and the disk is full is what this is for.
TARGETS = {
    "hearthd": ["kill", "kill", "power", "stop", "restart"],
    "storage": ["storage-kill", "storage-freeze", "storage-slow", "storage-cut", "storage-mute"],
    "clients": ["client-cut", "client-cut-in-reply", "client-mute"],
    "disk": ["disk-full", "disk-limit"],
    "clock": ["clock-jump"],
}
# Seconds of quiet between two faults of a target, and how long one lasts.
QUIET = {"hearthd": (1.5, 6), "storage": (1, 5), "clients": (2, 8), "disk": (4, 12),
         "clock": (4, 15)}
LASTS = {"kill": (0.0, 1.0), "power": (0.05, 0.3), "stop": (4.5, 8), "restart": (0.0, 0.1),
         "storage-kill": (0.2, 5), "storage-freeze": (0.5, 6), "storage-slow": (1, 4),
         "storage-cut": (0.5, 3), "storage-mute": (0.5, 4), "client-cut": (0, 0),
         "client-cut-in-reply": (0.3, 1.5), "client-mute": (0.2, 1), "disk-full": (0.5, 4),
         "disk-limit": (0.5, 3), "clock-jump": (1, 4)}
OF_A_NODE = {"hearthd", "clients", "disk", "clock"}  # each hearthd has its own
EMBEDDED = {"storage-kill", "storage-slow", "storage-cut", "storage-mute"}  # need a connection
ROOT = {"power", "disk-full"}  # needs a file system of its own


@dataclass(frozen=True)
class Fault:
    at: float
    kind: str
    target: str
    seconds: float
    values: dict = field(default_factory=dict)
    node: int = 0

    def __str__(self):
        values = "".join(f" {name}={value}" for name, value in self.values.items())
        node = f" of node {self.node}" if self.target in OF_A_NODE else ""
        return f"{self.at:7.2f} s  {self.kind}{node} for {self.seconds:.2f} s{values}"


def _values(draw, kind):
    """What else a kind has to know."""
    if kind in ("kill", "power", "restart"):  # how hearthd is configured from then on
        return configuration(draw)
    if kind == "storage-slow":
        return {"delay": round(draw.uniform(0.05, 1.2), 2)}
    if kind in ("storage-cut", "client-cut-in-reply"):
        return {"bytes": draw.choice([1, 17, 100, 400, 1500])}
    if kind == "clock-jump":
        return {"offset": draw.choice([-1, 1]) * draw.choice([2, 45, 600, 90000])}
    return {}


def configuration(draw):
    return {"durability": draw.choice(["journal", "journal", "durable"]),
            "lease": draw.choice(["3s", "5m"]),
            "flush_interval": draw.choice(["50ms", "1s"])}


def available(embedded, root, clock=True):
    """The kinds that can be done here, by target."""
    without = (EMBEDDED if embedded else set()) | (set() if root else ROOT) | \
        (set() if clock else {"clock-jump"})
    kinds = {target: [k for k in kinds if k not in without] for target, kinds in TARGETS.items()}
    return {target: kinds for target, kinds in kinds.items() if kinds}


def draw_schedule(seed, seconds, kinds, brisk=1.0, nodes=1):
    """The first configuration, and faults in order of time. `brisk` shortens the quiet."""
    first = configuration(random.Random(f"{seed} configuration"))
    faults = []
    for target in sorted(kinds):
        for node in range(nodes if target in OF_A_NODE else 1):
            draw = random.Random(f"{seed} {target} {node}")
            faults += _draw_target(draw, seconds, target, kinds[target], brisk, node)
    return first, sorted(faults, key=lambda fault: (fault.at, fault.target, fault.node))


def _draw_target(draw, seconds, target, kinds, brisk, node):
    """Each kind comes before any comes again, so that a short run is not one-sided."""
    bag = []
    at = draw.uniform(*QUIET[target]) / brisk
    while at < seconds:
        bag = bag or draw.sample(kinds, len(kinds))
        kind = bag.pop()
        lasts = round(draw.uniform(*LASTS[kind]), 2)
        yield Fault(round(at, 2), kind, target, lasts, _values(draw, kind), node)
        at += lasts + draw.uniform(*QUIET[target]) / brisk
