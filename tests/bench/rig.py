"""What the benchmark runs on: a folder, a broker, a post of sixteen lanes, and the programs, each started and watched by hand."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))

from ports import free_port  # noqa: E402

BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build", "bench")
BACKGROUND = 13
PORTAL_CHIP = "portal.sock"
CHIP = {"entry": 0, "exit": 1, "red": 2, "amber": 3, "green": 4, "heartbeat": 5}

CONFIG = """post: {id: bench, timezone: UTC}
mqtt: {url: "mqtt://127.0.0.1:%(broker)d"}
paths: {state: %(state)s, run: run, plugins: %(plugins)s}
feed: {source: mqtt, collections: [movements, declarations], live: 12h, soft: 20h, hard: 23h, down: 24h}
clock: {require-sync: false}
device-silence: 30s
profiles:
  scan:
    mode: open
    classes: {truck: declared}
    require: [plate, code, declaration]
    decide_within: 20s
    release: {hold: 5m, ends: exit-loop}
    tailgate_within: 1s
  camera:
    mode: open
    classes: {truck: declared}
    require: [plate, declaration]
    decide_within: 20s
    release: {hold: 5m, ends: exit-loop}
    tailgate_within: 1s
  portal:
    mode: open
    classes: {truck: declared}
    require: [plate, declaration, radiation]
    decide_within: 20s
    release: {hold: 5m, ends: exit-loop}
    tailgate_within: 1s
lanes:
"""
LANE = """  %(id)s:
    profile: %(profile)s
    direction: in
    devices:
      entry-loop: {use: gpio, line: "sim:%(chip)s/%(entry)d", debounce: 0s}
      front: {use: anpr/isapi, at: "http-listen://127.0.0.1:%(front)d/event?from=127.0.0.1", role: vehicle, silence: 1h}
%(more)s      exit-loop: {use: gpio, line: "sim:%(chip)s/%(exit)d", debounce: 0s}
    outputs: {red: "sim:%(chip)s/%(red)d", amber: "sim:%(chip)s/%(amber)d", green: "sim:%(chip)s/%(green)d", heartbeat: "sim:%(chip)s/%(heartbeat)d"}
"""


class Failure(Exception):
    pass


def wait(what, check, seconds=30.0):
    end = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise Failure("waited %g s in vain for %s" % (seconds, what))
        time.sleep(0.005)


class Program:
    """A child process. Its lines are kept with the time at which they came."""

    def __init__(self, name, args, cwd, env=None):
        self.name, self.lines = name, []
        self.log_path = os.path.join(cwd, name + ".log")
        self.log = open(self.log_path, "wb")
        self.p = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, cwd=cwd, env=env)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.p.stdout:
            self.lines.append((time.monotonic_ns(), line.decode("utf-8", "replace").strip()))

    def say(self, line):
        self.p.stdin.write((line + "\n").encode())
        self.p.stdin.flush()

    def stop(self, how=signal.SIGTERM):
        if self.p.poll() is None:
            self.p.send_signal(how)
            try:
                self.p.wait(15)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
        self.thread.join(5)
        for f in (self.p.stdin, self.p.stdout, self.log):
            try:
                f.close()
            except OSError:
                pass

    def cpu_ns(self):
        """Time on a processor, of all threads so far."""
        total = 0
        base = "/proc/%d/task" % self.p.pid
        for t in os.listdir(base):
            with open("%s/%s/schedstat" % (base, t), encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total

    def memory_kb(self):
        """Private: dirty pages, which only this process has and the kernel cannot drop. Mapped: clean ones, which it can."""
        found = {}
        with open("/proc/%d/smaps_rollup" % self.p.pid, encoding="ascii") as f:
            for line in f:
                words = line.split()
                if len(words) == 3 and words[2] == "kB":
                    found[words[0].rstrip(":")] = int(words[1])
        return {"private": found["Private_Dirty"], "mapped": found["Private_Clean"], "pss": found["Pss"]}


class Rig:
    def __init__(self, movements, name="work", portal=False, own=False):
        self.bin = os.path.join(BUILD, "bin")
        self.work = os.path.join(BUILD, name)
        self.movements = movements
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(os.path.join(self.work, "run"))
        self.state = os.path.join(BUILD, "state-%d" % movements)
        os.makedirs(self.state, exist_ok=True)
        self.programs = {}
        self.used = 0
        ports = [free_port() for _ in range(3 + 2 * (BACKGROUND + 2))]
        self.broker_port, self.wire_port, self.camera_port = ports[:3]
        self.portal = portal  # lane p, with a portal, in the place of lane w; both are of real devices, and the post is full
        self.fake_ports = ports[3:]
        self.fill()
        if own:
            self.state = self.own_state()
        self.write_config()

    # ---- files ----
    def fill(self):
        """The cache, made once and kept; journal and key are new in each run."""
        for f in os.listdir(self.state):
            if f != "cache":
                path = os.path.join(self.state, f)
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        cache = os.path.join(self.state, "cache")
        try:
            out = self.tool("bench-fill", cache, str(self.movements), seconds=3600)
        except Failure as e:  # kept from another build, with other tables
            print("  %s: made anew (%s)" % (cache, str(e)[:100]), flush=True)
            shutil.rmtree(cache, ignore_errors=True)
            out = self.tool("bench-fill", cache, str(self.movements), seconds=3600)
        if out["made"]:
            print("  a cache of %d movements was made in %.0f s; it is kept in %s" % (self.movements, out["seconds"], self.state), flush=True)

    def own_state(self):
        """A copy of the cache, for those who change it; on disk, so that nothing of the copying is still to be done."""
        state = os.path.join(self.work, "state")
        shutil.copytree(os.path.join(self.state, "cache"), os.path.join(state, "cache"))
        os.sync()
        return state

    def lane(self, lane, profile, chip, first, more, front):
        lines = {k: v + first for k, v in CHIP.items()}
        return LANE % dict(lines, id=lane, profile=profile, chip=chip, more=more, front=front)

    def scan_lane(self, lane, first, qr_port, front):
        return self.lane(lane, "scan", "no.sock", first, '      qr: {use: code/line, at: "127.0.0.1:%d"}\n' % qr_port, front)

    def write_config(self):
        ports = iter(self.fake_ports)
        text = CONFIG % {"broker": self.broker_port, "state": self.state, "plugins": os.path.join(BUILD, "lib", "greenlane")}
        text += self.scan_lane("m", 0, next(ports), next(ports))
        if self.portal:
            rpm = '      rpm: {use: radiation/tsa, at: "127.0.0.1:%d", after: 0s..8s}\n' % self.wire_port
            text += self.lane("p", "portal", PORTAL_CHIP, 0, rpm, next(ports))
        else:
            text += self.scan_lane("w", 10, self.wire_port, next(ports))
        text += self.lane("f", "camera", "chip.sock", 0, "", self.camera_port)
        for i in range(BACKGROUND):
            text += self.scan_lane("b-%02d" % (i + 1), 20 + 10 * i, next(ports), next(ports))
        with open(os.path.join(self.work, "post.yaml"), "w", encoding="utf-8") as f:
            f.write(text)
        with open(os.path.join(self.work, "mosquitto.conf"), "w", encoding="utf-8") as f:
            f.write("listener %d 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n" % self.broker_port)

    # ---- programs ----
    def tool(self, name, *args, seconds=600):
        """Runs one of our own programs to its end; what it prints is JSON."""
        done = subprocess.run([os.path.join(self.bin, name), *args], cwd=self.work, capture_output=True, text=True, timeout=seconds)
        if done.returncode != 0:
            raise Failure("%s: %s" % (name, done.stderr.strip() or done.returncode))
        return json.loads(done.stdout)

    def start(self, name, *args, env=None):
        self.programs[name] = Program(name, list(args), self.work, env)
        return self.programs[name]

    def stop(self, *names, how=signal.SIGTERM):
        for name in names:
            if name in self.programs:
                self.programs.pop(name).stop(how)

    def stop_all(self):
        order = [n for n in self.programs if n not in ("broker", "chip")]
        self.stop(*order, "chip", "broker")

    def broker(self):
        self.start("broker", shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", "mosquitto.conf")

        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.broker_port)) == 0
        wait("the broker", answers)

    def greenlaned(self, env=None):
        return self.start("greenlaned", os.path.join(self.bin, "greenlaned"), "--config", "post.yaml", env=env)

    def link(self):
        return self.start("link", os.path.join(self.bin, "greenlane-link"), "--config", "post.yaml")

    def gateway(self):
        self.greenlaned()
        wait("the gateway's sockets", lambda: self.logged("greenlaned", "is up"))
        self.link()
        wait("the gateway's connection to the broker", lambda: self.logged("greenlaned", "broker connected"))

    def loader(self):
        """It says nothing when greenlaned has taken it: it confines itself right before its hello."""
        p = self.start("loader", os.path.join(self.bin, "greenlane-loader"), "--config", "post.yaml").p

        def confined():
            with open("/proc/%d/status" % p.pid, encoding="ascii") as f:
                return "Seccomp:\t2" in f.read()
        wait("the loader", confined)
        time.sleep(0.3)

    def producer(self):
        """Stands in the place of the link."""
        return self.start("producer", os.path.join(self.bin, "bench-snapshot"), "run/link.sock", "run/control.sock")

    def device(self, device):
        return self.start(device, os.path.join(self.bin, "greenlane-device"), "--config", "post.yaml", "--device", device)

    def bare(self, line=None, chip=None):
        extra = (["--line", str(line)] if line else []) + (["--chip", chip] if chip else [])
        path = os.path.join(self.work, "bare.sock")
        if os.path.exists(path):
            os.unlink(path)
        self.start("bare", os.path.join(self.bin, "bench-bare"), "--socket", "bare.sock", "--cache", os.path.join(self.state, "cache", "movements.db"),
                   "--journal", "bare.db", "--broker", str(self.broker_port), *extra)
        wait("the bare program", lambda: os.path.exists(path))

    def logged(self, name, text):
        program = self.programs[name]
        if program.p.poll() is not None:
            raise Failure("%s ended: see %s" % (name, program.log_path))
        with open(program.log_path, encoding="utf-8", errors="replace") as f:
            return text in f.read()

    def load(self, mode, who, *args, **options):
        """bench-load against one of the two: who is "greenlane" or "bare"."""
        options = dict(options, socket="run/device.sock" if who == "greenlane" else "bare.sock", first=self.used, movements=self.movements)
        flat = [x for k, v in options.items() if v is not None for x in ("--" + k, str(v))]
        out = self.tool("bench-load", mode, *flat, *args)
        self.used = out["next"]
        return out
