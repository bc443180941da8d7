"""Recorded wire samples: devices/PROTOCOL/samples/NAME.in through the real plugin, whole and byte by byte, against NAME.golden.
--write makes the goldens anew: read the difference before it is committed."""
import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def plugin_of(protocol):
    """The plugin that lists the protocol in its sources."""
    for source in glob.glob(os.path.join(ROOT, "plugins", "*", "*.c")):
        with open(source, encoding="utf-8") as f:
            if re.search(r"&gl_protocol_%s\b" % protocol, f.read()):
                return os.path.basename(os.path.dirname(source))
    raise SystemExit("devices/%s: no plugin under plugins/ lists &gl_protocol_%s" % (protocol, protocol))


def decode(build, protocol, sample, split):
    args = [os.path.join(build, "bin", "greenlane-decode"), plugin_of(protocol) + "/" + protocol, "--plugins", os.path.join(build, "lib", "greenlane"),
            "--split", str(split)]
    settings = sample[:-3] + ".settings"
    if os.path.exists(settings):
        args += ["--settings", settings]
    out = subprocess.run(args + [sample], capture_output=True, text=True)
    if out.returncode != 0:
        raise SystemExit("%s: %s" % (sample, out.stderr.strip()))
    return out.stdout


def main():
    a = argparse.ArgumentParser(description=__doc__)
    a.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    a.add_argument("--write", action="store_true")
    args = a.parse_args()
    n = bad = 0
    for sample in sorted(glob.glob(os.path.join(ROOT, "devices", "*", "samples", "*.in"))):
        protocol = os.path.basename(os.path.dirname(os.path.dirname(sample)))
        whole = decode(args.build, protocol, sample, 1 << 20)
        golden = sample[:-3] + ".golden"
        n += 1
        if args.write:
            with open(golden, "w", encoding="utf-8") as f:
                f.write(whole)
        want = open(golden, encoding="utf-8").read() if os.path.exists(golden) else None
        bytewise = decode(args.build, protocol, sample, 1)
        for how, got in (("whole", whole), ("byte by byte", bytewise)):
            if got != want:
                bad += 1
                print("%s, %s:\n  want %r\n  got  %r" % (os.path.relpath(sample, ROOT), how, want, got))
    print("%d samples, %d differ" % (n, bad))
    return 1 if bad or n == 0 else 0


sys.exit(main())
