"""What goes into the package beside the binary says what the binary says."""

import itertools
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from case import BINARY, ROOT, main
from metadata import rtdiscover

PROGRAMS = [BINARY, rtdiscover()]


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


class Package(unittest.TestCase):
    def test_its_version_is_the_programs(self):
        first = (ROOT / "debian/changelog").read_text(encoding="utf-8").splitlines()[0]
        version = re.fullmatch(r"rtsetup \((\S+)\) .*", first)[1]
        for program in PROGRAMS:
            name = Path(program).name
            self.assertEqual(run(program, "--version").stdout, f"{name} {version}\n")

    def test_the_manual_pages_are_the_programs_own_words(self):
        done = run(sys.executable, ROOT / "scripts/manual", "--check", *PROGRAMS)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_manual_pages_have_no_warnings(self):
        if not shutil.which("man"):
            self.skipTest("no man here")
        for page in sorted((ROOT / "man").glob("*.[58]")):
            with self.subTest(page.name):
                done = run("man", "--warnings", "--encoding=UTF-8", "--local-file", page)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_completions_are_read_by_their_shells(self):
        for program, shell in itertools.product(PROGRAMS, ("bash", "zsh", "fish")):
            with self.subTest(program, shell=shell):
                script = run(program, "--generate-completion-script", shell).stdout
                self.assertIn(Path(program).name, script)
                if shutil.which(shell):
                    done = run(shell, "-n", "/dev/stdin", input=script)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_systemd_understands_the_units_and_finds_nothing_open_in_rtdiscovers(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for unit in sorted((ROOT / "packaging").glob("*.[sp][ea][rt]*")):
                # The programs are not where they will be.
                text = unit.read_text(encoding="utf-8").replace("/usr/sbin/", "/bin/true ")
                units.append(Path(folder, unit.name))
                units[-1].write_text(text, encoding="utf-8")
            self.assertEqual(len(units), 4)
            done = run("systemd-analyze", "verify", "--man=no", *units)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            done = run("systemd-analyze", "security", "--offline=yes", "--threshold=15",
                       Path(folder, "rtdiscover.service"))
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_install_puts_the_same_into_a_prefix(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(ROOT / "scripts/install", "--destdir", folder, "/opt/rtsetup")
            self.assertEqual(done.returncode, 0, done.stderr)
            names = {str(path.relative_to(folder)) for path in Path(folder).rglob("*")}
            for name in ("opt/rtsetup/sbin/rtsetup", "opt/rtsetup/share/man/man8/rtsetup.8",
                         "opt/rtsetup/sbin/rtdiscover", "opt/rtsetup/share/man/man8/rtdiscover.8",
                         "opt/rtsetup/lib/sysusers.d/rtdiscover.conf",
                         "opt/rtsetup/lib/systemd/system/rtsetup-watch.path", "etc/rtsetup",
                         "etc/iproute2/rt_protos.d/rtsetup.conf"):
                self.assertIn(name, names)
            for unit, command in (("rtsetup", "rtsetup apply\n"), ("rtdiscover", "rtdiscover ")):
                path = Path(folder, f"opt/rtsetup/lib/systemd/system/{unit}.service")
                self.assertIn(f"ExecStart=/opt/rtsetup/sbin/{command}",
                              path.read_text(encoding="utf-8"))
            discover = run(Path(folder, "opt/rtsetup/sbin/rtsetup"), "discover", "--version")
            self.assertEqual((discover.returncode, discover.stdout[:11]), (0, "rtdiscover "))


if __name__ == "__main__":
    main()
