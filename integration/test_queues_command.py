"""`rtsetup queues` on veth with four queues: show and measure, as anybody may, and apply."""

import os
import socket
import tempfile
import threading
import unittest
from pathlib import Path

from case import BINARY, Result, file, main
from namespace import Namespace, differences

QUEUES = 4
CPUS = os.cpu_count()
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all")


class Queues(unittest.TestCase):
    def setUp(self):
        self.space = Namespace(f"rtsetup-{os.getpid()}-queues")
        self.addCleanup(self.space.close)
        self.space.sysctl("net.ipv6.conf.default.disable_ipv6", 1)  # it speaks by itself
        counts = f"numrxqueues {QUEUES} numtxqueues {QUEUES}"
        self.space.ip(f"link add eth0 {counts} type veth peer name port0 {counts}",
                      "link set eth0 up", "link set port0 up", "link add br0 type bridge")

        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)

    def run_queues(self, *words, **options):
        return self.rtsetup("queues", *words, **options)

    def rtsetup(self, *words, expect=0, prefix=()):
        """In the namespace, with its own /sys."""
        done = self.space.run(
            "ip", "netns", "exec", self.space.name, *prefix, BINARY, *words,
            "--config", f"{self.folder}/file", "--state-dir", f"{self.folder}/run",
            "--lib-dir", f"{self.folder}/lib", check=False)
        result = Result(done.returncode, done.stdout, done.stderr)
        self.assertEqual(result.code, expect, result.text)
        return result

    def write(self, *interfaces):
        (self.folder / "file").write_text(file(*interfaces), encoding="utf-8")
        (self.folder / "file").chmod(0o644)

    def masks(self):
        (found,) = self.run_queues("show", "eth0", "--format", "json").json["interfaces"]
        return [queue["rps"]["now"] for queue in found["queues"]]

    def shell(self, script):
        self.space.run("ip", "netns", "exec", self.space.name, "sh", "-ec", script)

    def test_show_lists_what_has_queues_and_what_auto_would_do(self):
        text = self.run_queues().out
        self.assertIn("\neth0  ", text)
        self.assertIn(f"rx {QUEUES} of {QUEUES}, tx {QUEUES} of {QUEUES}\n", text)
        self.assertIn("There is no file; RPS, XPS and IRQAffinity = auto would make them so.", text)
        self.assertNotIn("br0", text)
        self.assertEqual(len([line for line in text.splitlines() if line.startswith("  3  ")]), 2)

    def test_show_tells_masks_as_they_are(self):
        self.shell("cd /sys/class/net/eth0/queues; echo 1 >rx-2/rps_cpus; "
                   "echo 32 >rx-1/rps_flow_cnt; echo 1 >tx-3/xps_cpus")
        (found,) = self.run_queues("show", "eth0", "--format", "json").json["interfaces"]
        queues = found["queues"]
        self.assertEqual([queue["rps"]["now"] for queue in queues], ["0", "0", "1", "0"])
        self.assertEqual([queue["flows"]["now"] for queue in queues], [0, 32, 0, 0])
        self.assertEqual(queues[3]["xps"]["now"], "1")
        self.assertFalse(found["asked"])
        self.assertEqual(found["channels"]["rx"], {"current": QUEUES, "maximum": QUEUES})

    def test_show_of_a_named_interface_takes_any(self):
        found = self.run_queues("show", "br0", "lo", "--format", "json").json["interfaces"]
        self.assertEqual([each["name"] for each in found], ["br0", "lo"])
        self.assertIsNone(found[0]["channels"])

    def test_an_interface_that_is_not_here_is_named(self):
        for words in (("show", "eth9"), ("measure", "eth9", "--seconds", "0.1")):
            result = self.run_queues(*words, expect=69)
            self.assertIn("no interface eth9 on this host", result.err)

    def test_nobody_needs_privilege(self):
        self.assertIn("\neth0  ", self.run_queues("show", prefix=NOBODY).out)
        self.run_queues("measure", "--seconds", "0.1", prefix=NOBODY)

    def test_a_sys_of_another_namespace_is_not_taken_for_this_ones(self):
        command = [BINARY, "queues", "show", "eth0", "--config", f"{self.folder}/file"]
        self.assertIn("rps_cpus", self.space.run(*command).stdout)  # by a mount of its own
        text = self.space.run(*NOBODY, *command).stdout
        self.assertIn("/sys belongs to another", text)
        self.assertNotIn("rps_cpus", text)

    def test_measure_without_packets_is_inconclusive(self):
        found = self.run_queues("measure", "eth0", "--seconds", "0.2", "--format", "json").json
        self.assertEqual(found["interface"], "eth0")
        self.assertEqual(found["received"], 0)
        self.assertGreater(found["seconds"], 0.19)

    def test_measure_finds_the_interface_that_receives(self):
        self.space.ip("addr add 10.1.0.1/24 dev port0",
                      "neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev port0 nud permanent")
        stop = threading.Event()

        def send():
            with self.space.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                while not stop.wait(0.002):
                    for _ in range(20):
                        out.sendto(b"12345678", ("10.1.0.9", 9))

        sender = threading.Thread(target=send)
        sender.start()
        try:
            result = self.run_queues("measure", "--seconds", "1", "--format", "json").json
        finally:
            stop.set()
            sender.join()
        self.assertEqual(result["interface"], "eth0")
        self.assertTrue(result["conclusive"])
        self.assertGreater(result["received"], 1000)
        # Not read in one instant: on a busy machine one may be a moment ahead of the other.
        self.assertGreater(result["packets"], 0.9 * result["received"])
        self.assertEqual(len(result["cpus"]), CPUS)
        self.assertAlmostEqual(sum(cpu["share"] for cpu in result["cpus"]), 1, delta=0.001)

    def test_apply_sets_queues_and_nothing_else(self):
        self.write('Name = eth0; Addresses = ( "10.1.0.2/24" ); MTU = 1400; FailClosed = NO; '
                   'Queues = { RPS = "0"; };')
        before = self.space.dump()
        dry = self.run_queues("apply", "--dry-run").out
        self.assertIn("Plan: 0 to add, 4 to change, 0 to remove.", dry)
        self.assertEqual(self.masks(), ["0"] * QUEUES)

        result = self.run_queues("apply", "--format", "json").json
        self.assertEqual(result["result"], "applied")
        self.assertEqual({change["kind"] for change in result["changes"]}, {"steering"})
        self.assertEqual(self.masks(), ["1"] * QUEUES)
        self.assertEqual(differences(before, self.space.dump()), [])
        self.assertEqual(self.run_queues("apply").out, "Nothing to do.\n")
        self.assertIn("+ address 10.1.0.2/24", self.rtsetup("plan").out)

    def test_apply_gives_back_queues_and_nothing_else(self):
        body = 'Name = eth0; Addresses = ( "10.1.0.2/24" ); MTU = 1400; FailClosed = NO;'
        empty = self.space.dump()
        self.write(f'{body} Queues = {{ RPS = "0"; }};')
        self.rtsetup("apply")
        configured = self.space.dump()
        self.write("Name = eth0;")
        self.run_queues("apply")
        self.assertEqual(self.masks(), ["0"] * QUEUES)
        self.assertEqual(differences(configured, self.space.dump()), [])
        self.write(body)
        self.assertEqual(self.rtsetup("apply").out, "Nothing to do.\n")
        self.rtsetup("teardown")
        self.assertEqual(differences(empty, self.space.dump()), [])

    def test_apply_needs_a_file_and_privilege(self):
        self.run_queues("apply", expect=66)
        self.write('Name = eth0; Queues = { RPS = "0"; };')
        self.run_queues("apply", expect=77, prefix=NOBODY)

    def test_the_guides_mask_is_compared_with_auto(self):
        self.write("Name = eth0; Queues = { RPS = alibaba; };")
        self.rtsetup("apply")
        text = self.run_queues().out
        self.assertIn("note: the guide's mask ", text)
        self.assertIn("RPS = auto would ", text)

    def test_a_replaced_interface_has_the_queues_of_what_it_replaces(self):
        gone = "02:00:00:00:00:99"
        self.write(f'MACAddress = "{gone}"; Addresses = ( "10.1.0.2/24" ); '
                   'Queues = { RPS = "0"; };')
        (link,) = self.space.show("link show eth0")
        self.rtsetup("rebind", "--replace", gone, "--with", link["address"], "--force")
        self.assertEqual(self.masks(), ["1"] * QUEUES)
        (found,) = self.run_queues("show", "--format", "json").json["interfaces"]
        self.assertEqual((found["name"], found["asked"]), ("eth0", True))

    def test_mistakes_are_usage_errors(self):
        for words in (("measure", "--seconds", "0"), ("measure", "--flows", "0"), ("measur",)):
            with self.subTest(words=words):
                self.run_queues(*words, expect=69 if words == ("measur",) else 64)


if __name__ == "__main__":
    main()
