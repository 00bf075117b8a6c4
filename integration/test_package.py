"""What goes into the package beside the binary says what the binary says."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from case import BINARY, ROOT, main


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=False, **options)


class Package(unittest.TestCase):
    def test_its_version_is_the_programs(self):
        first = (ROOT / "debian/changelog").read_text(encoding="utf-8").splitlines()[0]
        version = re.fullmatch(r"rtsetup \((\S+)\) .*", first)[1]
        self.assertEqual(run(BINARY, "--version").stdout, f"rtsetup {version}\n")

    def test_the_manual_page_is_the_programs_own_words(self):
        done = run(sys.executable, ROOT / "scripts/manual", "--check", BINARY)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_manual_pages_have_no_warnings(self):
        if not shutil.which("man"):
            self.skipTest("no man here")
        for page in sorted((ROOT / "man").glob("*.[58]")):
            with self.subTest(page.name):
                done = run("man", "--warnings", "--encoding=UTF-8", "--local-file", page)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_completions_are_read_by_their_shells(self):
        for shell in ("bash", "zsh", "fish"):
            with self.subTest(shell):
                script = run(BINARY, "--generate-completion-script", shell).stdout
                self.assertIn("rtsetup", script)
                if shutil.which(shell):
                    done = run(shell, "-n", "/dev/stdin", input=script)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_install_puts_the_same_into_a_prefix(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(ROOT / "scripts/install", "--destdir", folder, "/opt/rtsetup")
            self.assertEqual(done.returncode, 0, done.stderr)
            names = {str(path.relative_to(folder)) for path in Path(folder).rglob("*")}
            for name in ("opt/rtsetup/sbin/rtsetup", "opt/rtsetup/share/man/man8/rtsetup.8",
                         "opt/rtsetup/lib/systemd/system/rtsetup.service", "etc/rtsetup",
                         "etc/iproute2/rt_protos.d/rtsetup.conf"):
                self.assertIn(name, names)
            unit = Path(folder, "opt/rtsetup/lib/systemd/system/rtsetup.service").read_text(
                encoding="utf-8")
            self.assertIn("ExecStart=/opt/rtsetup/sbin/rtsetup apply\n", unit)


if __name__ == "__main__":
    main()
