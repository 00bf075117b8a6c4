"""Each file of examples/ is valid, does what it says on a host, and gives everything back."""

import subprocess
import sys

from case import ROOT, Case, main
from vpc import A, B, Capture

EXAMPLES = ROOT / "examples"

# The addresses that each example's host has in the end, besides those the VPC starts with.
SOURCES = {
    "ecs": ["10.0.0.19", "10.0.0.20", "10.0.0.21"],
    "cvm": ["10.0.0.19", "10.0.0.51", "10.0.0.52", "10.0.1.20", "10.0.1.21"],
    "dual-stack": ["10.0.0.19", A.host6(19), "10.0.1.20", "10.0.1.21", B.host6(20), B.host6(21)],
    "dhcp-primary": ["10.0.0.19", "10.0.0.41", "10.0.0.42", "10.0.0.20"],
    "gateway-off-subnet": ["10.0.0.19", "10.104.13.59"],
    "queues": ["10.0.0.19", "10.0.0.20", "10.0.1.20"],
    "xml": ["10.0.0.19", "10.0.0.20", "10.0.0.21"],
}


class Examples(Case):
    def deliver(self):
        self.vpc.grant("eth0", "10.0.0.41", "10.0.0.42", "10.0.0.51", "10.0.0.52")
        self.vpc.grant("eth1", "10.104.13.59")
        self.vpc.cloud.ip("addr add 10.15.1.1/32 dev br-a", "route add 10.104.0.0/18 dev br-a")
        super().deliver()

    def test_every_example_is_tested(self):
        self.assertEqual(sorted(SOURCES), sorted(path.stem for path in EXAMPLES.glob("*.plist")))

    def test_every_example_is_valid_without_a_warning(self):
        for name in SOURCES:
            with self.subTest(name):
                result = self.rtsetup("validate", str(EXAMPLES / f"{name}.plist"))
                self.assertNotIn("warning", result.text)

    def test_every_example_is_applied_holds_the_law_and_is_given_back(self):
        for name, sources in SOURCES.items():
            with self.subTest(name):
                before = self.host.dump()
                self.apply((EXAMPLES / f"{name}.plist").read_text(encoding="utf-8"))
                with Capture(self.vpc) as capture:
                    self.assertLaw(capture, sources)
                    self.assertEqual(capture.violations(), [])
                self.assertNothingToDo()
                self.teardown()
                self.assertSameDump(before)

    def test_the_xml_example_is_what_its_program_writes(self):
        written = subprocess.run(
            [sys.executable, str(EXAMPLES / "write-xml.py")], capture_output=True, check=True)
        self.assertEqual(written.stdout, (EXAMPLES / "xml.plist").read_bytes())


if __name__ == "__main__":
    main()
