"""The units: systemd takes every line of them, and their exposure stays small."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
UNITS = os.path.join(ROOT, "systemd")
SERVICES = {"greenlaned.service": "greenlaned.service", "greenlane-link.service": "greenlane-link.service",
            "greenlane-loader.service": "greenlane-loader.service",
            "greenlane-device@.service": "greenlane-device@in-1.front.service"}
THRESHOLD = 20  # in tenths
USERS = {"greenlaned.service": "greenlane", "greenlane-loader.service": "greenlane", "greenlane-link.service": "greenlane-link", "greenlane-device@.service": "greenlane-device"}


def settings(name):
    """Every assignment of a unit, in order: {key: [values]}."""
    found = {}
    with open(os.path.join(UNITS, name), encoding="utf-8") as f:
        for line in f:
            if "=" in line and not line.startswith("#"):
                key, value = line.rstrip("\n").split("=", 1)
                found.setdefault(key, []).append(value)
    return found


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"})


class Root:
    """A throwaway root: systemd's own units, ours, and programs that only need to be there."""

    def __init__(self, path):
        self.path = path
        shutil.copytree("/usr/lib/systemd/system", os.path.join(path, "usr/lib/systemd/system"), symlinks=True)
        os.makedirs(os.path.join(path, "usr/bin"))
        for unit in SERVICES:
            shutil.copy(os.path.join(UNITS, unit), os.path.join(path, "usr/lib/systemd/system"))
            program = settings(unit)["ExecStart"][0].split()[0]
            with open(os.path.join(path, program.lstrip("/")), "w", encoding="ascii") as f:
                f.write("#!/bin/true\n")
            os.chmod(f.name, 0o755)
        shutil.copy(os.path.join(UNITS, "greenlane.target"), os.path.join(path, "usr/lib/systemd/system"))

    def verify(self, unit):
        return run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", "--root=" + self.path, unit)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is missing: apt-get install systemd")
class Analyze(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory()
        cls.root = Root(cls.tmp.name)

    @classmethod
    def tearDownClass(cls):
        cls.tmp.cleanup()

    def test_verify(self):
        # The exit status is 0 even for keys that do not exist: any word is an error.
        for unit in list(SERVICES.values()) + ["greenlane.target"]:
            with self.subTest(unit):
                r = self.root.verify(unit)
                self.assertEqual((0, ""), (r.returncode, r.stdout))

    def test_verify_notices(self):
        path = os.path.join(self.tmp.name, "usr/lib/systemd/system/greenlane-wrong.service")
        for line in ("ProtectSytem=strict", "WatchdogSec=soon", "ExecStart=/usr/bin/greenlane-nowhere"):
            with self.subTest(line):
                with open(os.path.join(UNITS, "greenlaned.service"), encoding="utf-8") as f:
                    text = re.sub(r"(?m)^%s=.*$" % line.split("=")[0], "", f.read()).replace("[Service]", "[Service]\n" + line)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                self.assertNotEqual("", self.root.verify("greenlane-wrong.service").stdout)
        os.unlink(path)

    def test_security(self):
        for unit in SERVICES.values():
            with self.subTest(unit):
                r = run("systemd-analyze", "security", "--offline=true", "--root=" + self.tmp.name, "--threshold=%d" % THRESHOLD, "--no-pager", unit)
                self.assertEqual(0, r.returncode, r.stdout)


class Units(unittest.TestCase):
    def test_common_ground(self):
        for unit in SERVICES:
            with self.subTest(unit):
                s = settings(unit)
                self.assertEqual(["notify"], s["Type"])
                self.assertEqual(["always"], s["Restart"])
                self.assertEqual(["0"], s["StartLimitIntervalSec"])
                self.assertEqual([USERS[unit]], s["User"])
                for key in ("WatchdogSec", "RestartSec", "MemoryMax", "TasksMax"):
                    self.assertIn(key, s)
                self.assertEqual([""], s["CapabilityBoundingSet"])

    def test_who_has_authority_has_no_network(self):
        s = settings("greenlaned.service")
        self.assertEqual((["yes"], ["AF_UNIX"]), (s["PrivateNetwork"], s["RestrictAddressFamilies"]))

    def test_greenlaned_may_ask_whether_the_clock_is_synchronised(self):
        s = settings("greenlaned.service")
        self.assertNotIn("ProtectClock", s)
        self.assertIn("clock_adjtime", s["SystemCallFilter"][-1])

    def test_who_parses_does_not_see_the_journal(self):
        for unit in ("greenlane-link.service", "greenlane-device@.service"):
            self.assertEqual(["/var/lib/greenlane:ro"], settings(unit)["TemporaryFileSystem"])

    def test_devices_get_their_id_as_it_is_written(self):
        self.assertTrue(settings("greenlane-device@.service")["ExecStart"][0].endswith(" --device %i"))

    def test_programs_are_built(self):
        with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as f:
            built = set(re.findall(r"greenlane_program\(([a-z-]+)", f.read()))
        for unit in SERVICES:
            self.assertIn(os.path.basename(settings(unit)["ExecStart"][0].split()[0]), built)

    def test_users_are_made(self):
        with open(os.path.join(UNITS, "greenlane.sysusers.conf"), encoding="utf-8") as f:
            made = {line.split()[1] for line in f if line.startswith("u ")}
        self.assertEqual(set(USERS.values()), made)

    @unittest.skipUnless(shutil.which("systemd-sysusers") and shutil.which("systemd-tmpfiles"), "systemd-sysusers is missing: apt-get install systemd")
    def test_users_and_folders(self):
        with tempfile.TemporaryDirectory() as root:
            for folder in ("etc", "run", "usr/lib/sysusers.d", "usr/lib/tmpfiles.d"):
                os.makedirs(os.path.join(root, folder))
            shutil.copy(os.path.join(UNITS, "greenlane.sysusers.conf"), os.path.join(root, "usr/lib/sysusers.d/greenlane.conf"))
            shutil.copy(os.path.join(UNITS, "greenlane.tmpfiles.conf"), os.path.join(root, "usr/lib/tmpfiles.d/greenlane.conf"))
            r = run("systemd-sysusers", "--root=" + root)
            self.assertEqual(0, r.returncode, r.stdout)
            self.assertNotIn("greenlane.conf:", r.stdout)  # it passes over lines that it does not like
            with open(os.path.join(root, "etc/group"), encoding="utf-8") as f:
                members = {line.split(":")[0]: line.strip().split(":")[3] for line in f}
            self.assertEqual("greenlane-device,greenlane-link", ",".join(sorted(members["greenlane"].split(","))))
            r = run("systemd-tmpfiles", "--create", "--root=" + root)
            if os.getuid() == 0:
                self.assertEqual(0, r.returncode, r.stdout)
                self.assertEqual(0o2770, os.stat(os.path.join(root, "var/lib/greenlane/evidence")).st_mode & 0o7777)
                self.assertEqual(0o710, os.stat(os.path.join(root, "var/lib/greenlane")).st_mode & 0o7777)

    @unittest.skipUnless(shutil.which("udevadm"), "udevadm is missing: apt-get install udev")
    def test_example_rules(self):
        """With the comment signs taken away, each example is a rule: match and assignment operators in pairs."""
        with open(os.path.join(UNITS, "60-greenlane.rules"), encoding="utf-8") as f:
            rules = [line[1:].strip() for line in f if line.startswith("#SUBSYSTEM")]
        self.assertGreater(len(rules), 3)
        for rule in rules:
            for part in rule.split(", "):
                self.assertRegex(part, r'^[A-Z]+(\{[A-Za-z_]+\})?(==|=|\+=)"[^"]+"$')


if __name__ == "__main__":
    unittest.main()
