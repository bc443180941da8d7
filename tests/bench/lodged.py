"""The figures of what is lodged before arrival: snapshots, changes, large caches. Rows as in figures.py."""
import json
import os
import shutil
import sqlite3
import time

from figures import MS, block, look_up, percentile, row
from rig import BACKGROUND, Failure, Rig, wait

COLLECTIONS = ("movements", "declarations")
PROCESSES = ("greenlaned", "loader")
SNAPSHOT_S = 1200


class Post:
    """A post with a cache of its own, greenlaned and loader; a program in the link's place that brings snapshots, or broker and link."""

    def __init__(self, movements, name="work-lodged"):
        self.rig = Rig(movements, name, own=True)
        self.seq = movements

    def __enter__(self):
        self.rig.greenlaned()
        wait("the gateway's sockets", lambda: self.rig.logged("greenlaned", "is up"))
        self.rig.loader()
        return self

    def __exit__(self, *_):
        self.rig.stop_all()
        shutil.rmtree(self.rig.state)

    def begin_snapshot(self):
        """Has the producer begin one of everything; the function that is returned gives what it told when it had taken over, or None."""
        producer = self.rig.programs.get("producer") or self.rig.producer()
        self.seq += 1
        told = len(producer.lines)
        producer.say("load %d %d" % (self.seq, self.rig.movements))

        def result():
            if producer.p.poll() is not None:
                raise Failure("the snapshot failed: see %s" % producer.log_path)
            return json.loads(producer.lines[told][1]) if len(producer.lines) > told else None
        return result

    def snapshot(self):
        return wait("a snapshot to take over", self.begin_snapshot(), SNAPSHOT_S)


# ---- how fast a snapshot is loaded --------------------------------------------------------------------------------------------------------
def count_rows(path):
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
        tables = [t for (t,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%'")]
        return {t: db.execute("SELECT count(*) FROM " + t).fetchone()[0] for t in tables if t != "feed"}


def same_rows(post, bare):
    """What is compared must have done the same."""
    for c in COLLECTIONS:
        ours, theirs = count_rows(os.path.join(post.rig.state, "cache", c + ".db")), count_rows(os.path.join(bare, "rows-%s.db" % c))
        if ours != theirs:
            raise Failure("%s: the snapshot left %s rows, the bare program %s" % (c, ours, theirs))


def load_once(post):
    """Records per second, and the two processes' processor time per record."""
    before = [post.rig.programs[n].cpu_ns() for n in PROCESSES]
    got = post.snapshot()
    cpu = [(post.rig.programs[n].cpu_ns() - t) / 1e3 / got["records"] for n, t in zip(PROCESSES, before)]
    return got["records"] / ((got["switched_ns"] - got["begun_ns"]) / 1e9), cpu


def insert_once(post, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    got = post.rig.tool("bench-rows", folder, str(post.rig.movements), seconds=SNAPSHOT_S)
    return got["records"] / got["seconds"], got["cpu_us"]


def rate(size):
    """In turns, each from nothing."""
    ours, theirs = [], []
    with Post(size["movements"]) as post:
        bare = os.path.join(post.rig.work, "rows")
        for _ in range(size["snapshots"]):
            ours.append(load_once(post))
            theirs.append(insert_once(post, bare))
        post.rig.stop("producer", "loader", "greenlaned")
        same_rows(post, bare)
    a, b = (percentile([r for r, _ in turns], 50) for turns in (ours, theirs))
    spent = [percentile([cpu[i] for _, cpu in ours], 50) for i in range(len(PROCESSES))]
    bare_spent = percentile([cpu for _, cpu in theirs], 50)
    return [row("snapshot loaded, from its begin to the switch, records", a, b, "1/s", "at least 0.5", a / b >= 0.5,
                "median of %d" % len(ours)),
            row("processor time per record of a snapshot, greenlaned", spent[0], None, "µs"),
            row("processor time per record of a snapshot, greenlane-loader", spent[1], bare_spent, "µs")]


# ---- lanes while a snapshot is loaded -----------------------------------------------------------------------------------------------------
def lights(post, until, least):
    """Passages of the measured lane, block by block, until this is so: when each was lit, how long after the evidence."""
    got = []
    while True:
        done = until()
        if done and len(got) >= least:
            return got, done
        out = block(post.rig, "greenlane", "m", 20, 200)
        got += zip(out["lit_ns"], out["light_ns"])


def lanes(size):
    with Post(size["movements"]) as post:
        post.rig.producer()
        lights(post, lambda: True, 20)
        idle, _ = lights(post, lambda: True, size["idle"])
        result = post.begin_snapshot()
        got, told = lights(post, result, 1)
    loaded = [ns for lit, ns in got if told["begun_ns"] <= lit <= told["switched_ns"] + 1000 * MS]
    around = [ns for lit, ns in got if abs(lit - told["switched_ns"]) <= 1000 * MS]
    rows = []
    for p in (50, 99):
        a, b = percentile(loaded, p) / MS, percentile([ns for _, ns in idle], p) / MS
        rows.append(row("snapshot loading: last evidence at 200 readings/s to light, p%d (beside it: none)" % p, a, b, "ms",
                        *(("within 2 times", a / b <= 2) if p == 99 else ()),
                        note="%d passages, %d beside it; slowest: %.1f ms; within 1 s of the switch: %s" %
                        (len(loaded), len(idle), max(loaded) / MS, "%.1f ms" % (max(around) / MS) if around else "none")))
    return rows


# ---- a change ---------------------------------------------------------------------------------------------------------------------------
def changes(size):
    with Post(size["movements"]) as post:
        post.rig.broker()
        post.rig.link()
        wait("the gateway's connection to the broker", lambda: post.rig.logged("greenlaned", "broker connected"))
        got = post.rig.load("changes", "greenlane", lane="m", passages=size["changes"], warm=3, rate=200, background=BACKGROUND,
                            broker=post.rig.broker_port, seq=post.seq)
    took = got["took_ns"]
    if len(took) < size["changes"] * 0.9:
        raise Failure("%d of %d changes were not seen in time" % (got["lost"], size["changes"]))
    name = "change published (MQTT) at 200 readings/s to the end of green, p%d"
    a, b = percentile(took, 50) / MS, percentile(took, 99) / MS
    return [row(name % 50, a, None, "ms", note="%d changes, lost: %d" % (len(took), got["lost"])),
            row(name % 99, b, None, "ms", "within 50 ms", b <= 50, "slowest: %.1f ms" % (max(took) / MS))]


# ---- a large cache ------------------------------------------------------------------------------------------------------------------------
def in_memory(rig):
    """Reads the files once, so that the disk is not what is measured."""
    for c in COLLECTIONS:
        with open(os.path.join(rig.state, "cache", c + ".db"), "rb", buffering=0) as f:
            while f.read(1 << 20):
                pass


def large(rig, size):
    """In turns; each figure is the median of its turns' own."""
    many, got = Rig(size["many"], "work-many"), {rig: [], "many": []}
    in_memory(rig)
    in_memory(many)
    for _ in range(size["turns"] + 1):
        got[rig].append(look_up(rig, size)["greenlane"])
        got["many"].append(look_up(many, size)["greenlane"])
    rows = []
    for p in ("p50_us", "p99_us"):
        a, b = (percentile([g[p] for g in got[k][1:]], 50) for k in ("many", rig))  # the first turn was for nothing: it filled the memory
        rows.append(row("exact match among %d movements, %s (beside it: %d)" % (size["many"], p[:3], size["movements"]), a, b, "µs",
                        *(("within 1.3 times", a / b <= 1.3) if p == "p50_us" else ())))
    return rows


# ---- memory -----------------------------------------------------------------------------------------------------------------------------
def private(post):
    return {n: post.rig.programs[n].memory_kb()["private"] / 1024 for n in PROCESSES}


def memory_of(movements):
    """Idle after some traffic; then the most that was seen while a snapshot was loaded."""
    with Post(movements) as post:
        post.rig.producer()
        lights(post, lambda: True, 40)
        idle, most = private(post), {"greenlaned": 0, "loader": 0}
        result = post.begin_snapshot()
        while not result():
            most = {n: max(most[n], kb) for n, kb in private(post).items()}
            time.sleep(0.2)
        most = {n: max(most[n], kb) for n, kb in private(post).items()}
    return idle, most


def memory(size):
    (few_idle, few_most), (idle, most) = memory_of(size["few"]), memory_of(size["movements"])
    rows = []
    for n in PROCESSES:
        name = n if n == "greenlaned" else "greenlane-" + n
        sizes = "%d movements (beside it: %d)" % (size["movements"], size["few"])
        rows.append(row("private memory, %s, idle, %s" % (name, sizes), idle[n], few_idle[n], "MiB"))
        rows.append(row("private memory, %s, most during a snapshot of %s" % (name, sizes), most[n], few_most[n], "MiB"))
    return rows


def lodged(rig, size):
    return rate(size) + lanes(size) + changes(size) + memory(size) + large(rig, size)
