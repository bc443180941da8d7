"""The figures: each function runs one experiment and returns rows of the table. A row: what, Greenlane's value, the bare program's (or None), unit,
the aim in words, and whether it is met (None = no aim)."""
import os
import signal
import socket
import time

from rig import BACKGROUND, CHIP, PORTAL_CHIP, Failure, wait

MS = 1e6


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def row(what, ours, bare, unit, aim="", met=None, note=""):
    return {"what": what, "greenlane": ours, "bare": bare, "unit": unit, "ratio": ours / bare if bare else None, "aim": aim, "met": met, "note": note}


def filters(who, lane):
    return "greenlane/v1/bench/lane/%s/decision" % lane if who == "greenlane" else "bare/v1/bench/lane/%s/reading/code" % lane


# ---- look-up ------------------------------------------------------------------------------------------------------------------------------
def look_up(rig, size):
    return rig.tool("bench-lookup", os.path.join(rig.state, "cache"), str(rig.movements), str(size["lookups"]))


def exact_match(rig, size):
    out = look_up(rig, size)
    ours, point, rows_ = out["greenlane"], out["point"], out["rows"]
    ratio = ours["p50_us"] / point["p50_us"]
    return [row("exact match, p50: one prepared look-up beside it", ours["p50_us"], point["p50_us"], "µs", "within 2 times", ratio <= 2),
            row("exact match, p99: one prepared look-up beside it", ours["p99_us"], point["p99_us"], "µs"),
            row("exact match, p50: the same rows beside it", ours["p50_us"], rows_["p50_us"], "µs"),
            row("exact match, p99: the same rows beside it", ours["p99_us"], rows_["p99_us"], "µs")]


# ---- from evidence to light ---------------------------------------------------------------------------------------------------------------
def block(rig, who, lane, passages, rate, **options):
    background = BACKGROUND if rate else 0
    got = rig.load("passages", who, lane=lane, passages=passages, warm=3, rate=rate, background=background, **options)
    if len(got["light_ns"]) < passages * 0.9:
        raise Failure("%s: %d of %d passages were not released in time" % (who, got["lost"], passages))
    return got


def evidence_rows(name, got, aims):
    rows = []
    for key, what in (("light_ns", "light"), ("mqtt_ns", "MQTT")):
        ours, bare = got["greenlane"][key], got["bare"][key]
        a, b = percentile(ours, 50) / MS, percentile(bare, 50) / MS
        c, d = percentile(ours, 99) / MS, percentile(bare, 99) / MS
        rows.append(row("%s to %s, p50" % (name, what), a, b, "ms", *(("within 2 times", a / b <= 2) if aims else ("", None))))
        rows.append(row("%s to %s, p99" % (name, what), c, d, "ms", *(("within 15 ms", c <= 15) if aims else ("", None))))
    rows[0]["note"] = "%d passages; lost: greenlane %d, bare %d" % (len(got["greenlane"]["light_ns"]), got["greenlane"]["lost"], got["bare"]["lost"])
    return rows


def evidence(rig, size):
    """At the device socket; the two programs take turns, block by block, both up all the time."""
    got = {w: {"light_ns": [], "mqtt_ns": [], "lost": 0, "passages": 0, "readings": 0, "held": 0} for w in ("greenlane", "bare")}
    rig.bare()
    for b in range(size["blocks"]):
        for who in ("greenlane", "bare") if b % 2 == 0 else ("bare", "greenlane"):
            out = block(rig, who, "m", size["passages"], 200, broker=rig.broker_port, filter=filters(who, "m"))
            for k in got[who]:
                got[who][k] += out[k]
    rig.stop("bare")
    rig.counted = got["greenlane"]["passages"]
    return evidence_rows("last evidence at 200 readings/s", got, True)


def evidence_on_the_wire(rig, size):
    """The same with the real code reader's process: text on TCP, codec, plugin, socket. The bare program reads the TCP socket itself."""
    got = {}
    rig.device("w.qr")
    got["greenlane"] = block(rig, "greenlane", "w", size["wire"], 200, broker=rig.broker_port, filter=filters("greenlane", "w"), line=rig.wire_port)
    rig.counted += got["greenlane"]["passages"]
    rig.stop("w.qr")
    rig.bare(line=rig.wire_port)
    got["bare"] = block(rig, "bare", "w", size["wire"], 200, broker=rig.broker_port, filter=filters("bare", "w"), line=rig.wire_port)
    rig.stop("bare")
    return evidence_rows("scan on the wire (TCP) at 200 readings/s", got, True)


def without_broker(rig, size):
    """The light does not need the broker: the same once more, while there is none."""
    with_it = block(rig, "greenlane", "m", size["short"], 0)
    rig.stop("broker")
    wait("the loss of the broker to be noticed", lambda: rig.logged("greenlaned", "broker lost"))
    without = block(rig, "greenlane", "m", size["short"], 0)
    rig.counted += with_it["passages"] + without["passages"]
    rig.broker()
    a, b = percentile(without["light_ns"], 50) / MS, percentile(with_it["light_ns"], 50) / MS
    return [row("broker gone: last evidence to light, p50 (beside it: with the broker)", a, b, "ms", "the lane goes on", True)]


# ---- from the portal's alarm to the red light ------------------------------------------------------------------------------------------------
def alarm_block(rig, who, alarms):
    """The portal's and the lines' real processes, or the bare program in their place: each is started for its block, for the portal serves one."""
    if who == "greenlane":
        rig.device("p.gpio")
        rig.device("p.rpm")
    else:
        rig.bare(line=rig.wire_port, chip=PORTAL_CHIP)
    try:
        got = rig.load("alarms", who, lane="p", passages=alarms, warm=3, rate=200, background=BACKGROUND, portal=rig.wire_port, chip=PORTAL_CHIP)
    finally:
        rig.stop("p.gpio", "p.rpm", "bare")
    if len(got["light_ns"]) < alarms * 0.9:
        raise Failure("%s: %d of %d alarms were not shown in time, or were shown before they were raised" % (who, got["lost"], alarms))
    return got


def alarms(rig, size):
    """The two take turns, round by round. Each figure is the median of its rounds' own, so that one stall of the disk does not make it."""
    rounds = {"greenlane": [], "bare": []}
    for n in range(size["rounds"]):
        for who in ("greenlane", "bare") if n % 2 == 0 else ("bare", "greenlane"):
            rounds[who].append(alarm_block(rig, who, size["alarms"]))
    (a, b), (c, d) = ([percentile([percentile(got["light_ns"], p) for got in rounds[who]], 50) / MS for who in ("greenlane", "bare")] for p in (50, 99))
    slowest = max(ns for got in rounds["greenlane"] for ns in got["light_ns"]) / MS
    lost = tuple(sum(got[k] for got in rounds[who]) for k in ("lost", "held") for who in ("greenlane", "bare"))
    name = "portal's alarm line (TCP) at 200 readings/s to the chip's line"
    return [row(name + ", p50", a, b, "ms", "within 2 times", a / b <= 2,
                "%d rounds of %d alarms; lost: greenlane %d, bare %d; of the load held back: %d, %d" % (size["rounds"], size["alarms"], *lost)),
            row(name + ", p99", c, d, "ms", "within 15 ms", c <= 15, "slowest of all: %.1f ms" % slowest)]


# ---- decoding -----------------------------------------------------------------------------------------------------------------------------
def decoding(rig, size):
    """One process, one core, no gateway: what a codec itself can take."""
    out = rig.tool("bench-decode", str(size["decodes"]))
    rows = []
    for kind, what in (("llrp-1", "tags decoded (LLRP), one in a message"), ("llrp-50", "tags decoded (LLRP), fifty in a message"),
                       ("tsa", "portal lines decoded (TSA), a day of 700 vehicles")):
        got = out[kind]
        rows.append(row(what, got["codec"] / 1e6, got["bare"] / 1e6, "million/s", note="median of %d rounds; each byte looked at once: %.0f million/s" %
                        (size["decodes"], got["once"] / 1e6)))
    for kind, what in (("llrp-1", "tag"), ("tsa", "portal line")):
        got = out[kind]
        rows.append(row("memory allocations while decoding, per %s" % what, got["allocations"] / got["items"], None, "", "none",
                        got["allocations"] == 0, "%d in %d" % (got["allocations"], got["items"])))
    return rows


# ---- how much -----------------------------------------------------------------------------------------------------------------------------
def sustained(rig, size):
    rows = []
    for mix, what in (("codes", "one more reading of a decided vehicle"), ("passages", "whole passages of six readings")):
        rate, cpu = {"greenlane": [], "bare": []}, {"greenlane": [], "bare": []}
        rig.bare()
        for n in range(size["repeats"]):
            for who in ("greenlane", "bare") if n % 2 == 0 else ("bare", "greenlane"):
                programs = [rig.programs[p] for p in (("greenlaned", "link") if who == "greenlane" else ("bare",))]
                topic = ("greenlane" if who == "greenlane" else "bare") + "/v1/bench/lane/+/reading/#"
                before = sum(p.cpu_ns() for p in programs)
                out = rig.load("sustain", who, broker=rig.broker_port, filter=topic, background=BACKGROUND, mix=mix, count=size["readings"])
                rate[who].append(out["readings"] / out["seconds"])
                cpu[who].append((sum(p.cpu_ns() for p in programs) - before) / 1e3 / (out["readings"] + 6 * BACKGROUND))
        rig.stop("bare")
        a, b = percentile(rate["greenlane"], 50), percentile(rate["bare"], 50)
        rows.append(row("sustained, %s" % what, a, b, "1/s", "at least 0.6", a / b >= 0.6))
        rows.append(row("processor time per reading, %s" % what, percentile(cpu["greenlane"], 50), percentile(cpu["bare"], 50), "µs"))
    return rows


# ---- start, memory, disk ------------------------------------------------------------------------------------------------------------------
def forget_pages(rig):
    """As after power-on: no page of the databases is in memory."""
    for name in os.listdir(rig.state):
        path = os.path.join(rig.state, name)
        if os.path.isfile(path):
            with open(path, "rb") as f:
                os.fsync(f.fileno())
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def power_on(rig, size):
    ready, lanes = [], []
    for _ in range(size["starts"]):
        forget_pages(rig)
        path = os.path.join(rig.work, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(120)
            begun = time.monotonic_ns()
            rig.greenlaned(env=dict(os.environ, NOTIFY_SOCKET=path))
            rig.link()
            while b"READY=1" not in s.recv(4096):
                pass
            ready.append((time.monotonic_ns() - begun) / MS)
            out = rig.load("passages", "greenlane", lane="m", passages=1, warm=1)
            lanes.append((out["first_lit_ns"] - begun) / MS)
        os.unlink(path)
        rig.stop("link", "greenlaned")
    what = "%d movements, pages not in memory" % rig.movements
    return [row("start of greenlaned to ready, " + what, percentile(ready, 50), None, "ms"),
            row("start of greenlaned to the first vehicle released, " + what, percentile(lanes, 50), None, "ms")]


REAL = ("greenlaned", "link", "f.front", "w.qr", "f.gpio")


def same_traffic(rig):
    """What both the small and the large cache see before memory is looked at: about 300 vehicles, in random places of the cache."""
    rig.device("w.qr")
    block(rig, "greenlane", "m", 60, 200)
    plate = next_plate(rig)
    rig.programs["camera"].say("plate %s country=GB confidence=97 direction=forward type=truck" % plate)
    rig.counted += 60


def memory(rig):
    """Of each process, after the traffic that went before."""
    found = {}
    for name in REAL:
        if name in rig.programs:
            found[name] = rig.programs[name].memory_kb()
    return found


def memory_rows(small, big, few, many):
    titles = {"greenlaned": "greenlaned", "link": "greenlane-link", "f.front": "greenlane-device (camera)", "w.qr": "greenlane-device (code reader)",
              "f.gpio": "greenlane-device (gpio)"}
    rows = []
    for name in REAL:
        grown = (big[name]["private"] - small[name]["private"]) / 1024
        aim = ("grows by SQLite's page caches at most (40 MiB)", grown <= 40) if name == "greenlaned" else ("does not grow", grown < 1)
        rows.append(row("private memory, %s, %d movements (beside it: %d)" % (titles[name], many, few), big[name]["private"] / 1024,
                        small[name]["private"] / 1024, "MiB", *aim,
                        note="mapped file pages, which the kernel may drop: %.1f MiB and %.1f MiB" % (big[name]["mapped"] / 1024,
                                                                                                      small[name]["mapped"] / 1024)))
    return rows


def disk(rig, passages):
    """After a clean end, so that nothing waits in the write-ahead log."""
    size = os.path.getsize(os.path.join(rig.state, "journal.db")) / 1024 / 1024
    return [row("journal on disk per 1,000 passages of six readings", size / passages * 1000, None, "MiB", note="%d passages" % passages)]


# ---- to the safe light --------------------------------------------------------------------------------------------------------------------
def plate_of(n):
    return "BN%07d" % n


def next_plate(rig):
    n = rig.used * 7919 % rig.movements
    rig.used += 1
    return plate_of(n)


def real_lane(rig):
    rig.start("chip", os.path.join(rig.bin, "greenlane-sim-chip"), "--socket", "chip.sock", "--relay",
              "%d:1000:red=%d,green=%d" % (CHIP["heartbeat"], CHIP["red"], CHIP["green"]))
    wait("the chip", lambda: os.path.exists(os.path.join(rig.work, "chip.sock")))
    rig.start("camera", os.path.join(rig.bin, "greenlane-sim-isapi"), "--push", "http://127.0.0.1:%d/event" % rig.camera_port)
    rig.device("f.gpio")
    rig.device("f.front")
    for d in ("f.gpio", "f.front"):
        wait(d + " to be online", lambda d=d: rig.logged("greenlaned", "device %s is online" % d))


def lamp(rig, what, line, level, since):
    """When the chip last saw this, after `since`."""
    def found():
        return [t for t, text in list(rig.programs["chip"].lines) if t >= since and text.startswith("%s %d %d" % (what, CHIP[line], level))]
    return wait("%s %s %d" % (what, line, level), found, 15)[0]


def vehicle(rig):
    """One comes and is released. The first one at a post that has just started may be inspected, whatever it is: it goes through before."""
    for n in range(2):
        since = time.monotonic_ns()
        rig.programs["chip"].say("set %d 1" % CHIP["entry"])
        rig.programs["camera"].say("plate %s country=GB confidence=97 direction=forward type=truck" % next_plate(rig))
        if n == 1:
            lamp(rig, "OUT", "green", 1, since)
        time.sleep(0.5)
        rig.programs["chip"].say("set %d 0" % CHIP["entry"])
        for level in (1, 0) if n == 0 else ():
            rig.programs["chip"].say("set %d %d" % (CHIP["exit"], level))
            time.sleep(0.2)


def killed(rig, name):
    since = time.monotonic_ns()
    os.kill(rig.programs[name].p.pid, signal.SIGKILL)
    return since


def one_failure(rig, victim):
    """Everything is started for it, and stopped after it: each failure meets the same post, with an empty journal."""
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        path = os.path.join(rig.state, name)
        if os.path.exists(path):
            os.unlink(path)
    rig.gateway()
    real_lane(rig)
    try:
        vehicle(rig)
        since = killed(rig, victim)
        if victim == "f.front":
            return (lamp(rig, "OUT", "amber", 1, since) - since) / MS
        if victim == "f.gpio":
            return (lamp(rig, "LAMP", "green", 0, since) - since) / MS
        return (lamp(rig, "OUT", "green", 0, since) - since) / MS
    finally:
        rig.stop("f.front", "f.gpio", "camera", "chip", "link", "greenlaned")


def failures(rig, size):
    rows = []
    for victim, what in (("f.front", "camera's process killed while green shows, to the inspect light"), ("greenlaned", "greenlaned killed while green shows, to the end of green"),
                         ("f.gpio", "gpio process killed while green shows, to the relay's end of green (the relay waits 1 s)")):
        times = [one_failure(rig, victim) for _ in range(size["failures"])]
        rows.append(row(what + ", p50", percentile(times, 50), None, "ms", note="longest of %d: %.0f ms" % (len(times), max(times))))
    return rows
