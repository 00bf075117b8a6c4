"""Channels and steering on virtio NICs: masks, what they do to packets, and back again.

The judge reads /sys, softnet_stat and /proc/irq itself. Where chance decides how flows spread, the
margins are several standard deviations wide: the index of F flows on 4 CPUs has about sqrt(6)/F.
"""

import re
import sys
import time
import unittest

from case import QUICK, file, main
from guest import Guest, GuestNIC

FLOWS = 64


class GuestCase(unittest.TestCase):
    """One guest for all tests of a class; each ends with a teardown."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.guest = cls.enterClassContext(cls.make_guest())

    def setUp(self):
        self.addCleanup(self.rtsetup, "teardown")

    def rtsetup(self, *words, expect=0):
        result = self.guest.run("rtsetup", *words, check=False)
        self.assertEqual(result.code, expect, f"{' '.join(words)}\n{result.text}")
        return result

    def apply(self, *queues, expect=0):
        """The interfaces of the guest with these `Queues`."""
        text = file(*(
            f'Name = eth{index}; Addresses = ( "{self.guest.address(index)}/24" ); '
            f'Gateway = "{self.guest.gateway(index)}"; '
            f"Queues = {{ {body} }};" for index, body in enumerate(queues)))
        self.guest.write("/etc/rtsetup/rtsetup.plist", text)
        return self.rtsetup("apply", "--format", "json", expect=expect)

    def queues(self, index=0):
        """What the kernel's own files say of an interface's queues."""
        lines = self.guest.shell(
            f"cd /sys/class/net/eth{index}; grep . queues/*/rps_cpus queues/*/rps_flow_cnt "
            "queues/*/xps_cpus carrier_changes /dev/null; "
            f"device=$(readlink -f device); for line in $(grep -o '[0-9]*:.*'${{device##*/}}'-.*' "
            "/proc/interrupts | sed 's/:.* /=/'); do "
            "echo ${line#*=}:$(cat /proc/irq/${line%%=*}/smp_affinity_list); done",
            check=False).out
        return dict(line.split(":", 1) for line in lines.splitlines())

    def masks(self, name, index=0):
        """Of each queue in order, as numbers."""
        found = {}
        for path, value in self.queues(index).items():
            if match := re.fullmatch(rf"queues/[rt]x-(\d+)/{name}", path):
                found[int(match[1])] = int(value.replace(",", ""), 16)
        return [found[queue] for queue in sorted(found)]


@unittest.skipIf(QUICK, "guests are left out of a quick run")
class FourCPUs(GuestCase):
    """4 vCPUs, a NIC of 4 queues."""

    @classmethod
    def make_guest(cls):
        return Guest(cpus=4, nics=(GuestNIC(queues=4),))

    def steer(self, channels, rps):
        self.apply(f"Channels = {channels}; ShrinkChannels = YES; RPS = {rps}; XPS = auto; "
                   "IRQAffinity = auto;")

    def load(self, rounds=1, seconds=2):
        """What the CPUs do with other 64 flows each round; one index over them all."""
        total = None
        for _ in range(rounds):
            with self.guest.traffic(flows=FLOWS):
                time.sleep(0.2)
                before = self.guest.load()
                time.sleep(seconds)
                load = self.guest.load() - before
            total = total + load if total else load
        self.assertGreater(total.total, 1000 * rounds)
        return total

    def test_masks_are_those_of_the_table(self):
        table = {1: [0xF], 2: [0x3, 0xC], 4: [0, 0, 0, 0]}
        for channels in (1, 2, 4, 2):
            with self.subTest(channels=channels):
                self.steer(channels, "auto")
                self.assertEqual(self.masks("rps_cpus"), table[channels])
                if channels > 1:  # the kernel has no xps_cpus for one queue
                    self.assertEqual(self.masks("xps_cpus"),
                                     {2: [0x3, 0xC], 4: [1, 2, 4, 8]}[channels])
                first = [4 // channels * queue for queue in range(channels)]
                self.assertEqual([int(self.queues()[f"virtio0-input.{queue}"])
                                  for queue in range(channels)], first)

    def test_a_second_apply_writes_nothing(self):
        self.steer(2, "auto")
        before = self.queues()
        result = self.rtsetup("apply", "--format", "json").json
        self.assertEqual((result["result"], result["changes"]), ("unchanged", []))
        self.assertEqual(self.queues(), before)

    def test_teardown_gives_back_what_was(self):
        self.guest.shell("echo 5 >/sys/class/net/eth0/queues/rx-0/rps_cpus; "
                         "echo a >/sys/class/net/eth0/queues/tx-0/xps_cpus")
        before = self.queues()
        self.steer(2, "all")
        self.assertEqual(self.masks("rps_cpus"), [0xF, 0xF])
        self.rtsetup("teardown")
        after = self.queues()
        for queues in (before, after):
            queues.pop("carrier_changes")
        self.assertEqual(after, before)
        self.guest.shell("echo 0 >/sys/class/net/eth0/queues/rx-0/rps_cpus; "
                         "echo 1 >/sys/class/net/eth0/queues/tx-0/xps_cpus")

    def test_more_channels_than_the_device_has_are_refused_before_anything_is_done(self):
        before = self.queues()
        result = self.apply("Channels = 8;", expect=69)
        self.assertIn("eth0 has at most 4 channels, not 8", result.err)
        self.assertIn("rtsetup.plist:4:", result.err)
        self.assertEqual(self.queues(), before)

    def test_one_queue_is_spread_over_all_cpus(self):
        self.steer(1, "off")
        off = self.load()
        self.assertLess(off.jain, 0.26)
        self.steer(1, "auto")
        load = self.load(rounds=2)
        report(f"1 queue: J off {off.jain:.3f}, auto {load.jain:.3f}, "
               f"{FLOWS} flows can reach about {FLOWS / (FLOWS + 3):.3f}")
        self.assertGreaterEqual(load.jain, 0.85 * FLOWS / (FLOWS + 3))

    def test_a_group_for_each_queue_costs_less_than_a_mask_for_all(self):
        loads = {"auto": [], "all": []}
        for rps in ("auto", "all") * 3:  # in turns: the machine may have other work as well
            self.steer(2, rps)
            loads[rps].append(self.load(rounds=2))
        auto, everywhere = (first + second + third for first, second, third in loads.values())
        report(f"2 queues, auto to all: J {auto.jain:.3f} to {everywhere.jain:.3f}, IPIs a packet "
               f"{auto.ipis_per_packet:.3f} to {everywhere.ipis_per_packet:.3f}, ratio "
               f"{auto.ipis_per_packet / everywhere.ipis_per_packet:.2f}")
        self.assertGreater(everywhere.total_ipis, 500)
        self.assertLessEqual(auto.ipis_per_packet, 0.6 * everywhere.ipis_per_packet)
        self.assertGreaterEqual(auto.jain, everywhere.jain - 0.05)

    def test_a_queue_for_each_cpu_needs_no_steering(self):
        self.steer(4, "auto")
        load = self.load()
        report(f"4 queues: J {load.jain:.3f}, {load.total_ipis} IPIs")
        self.assertEqual(load.total_ipis, 0)

    def test_measure_agrees_with_the_judge(self):
        for channels, rps in ((1, "off"), (2, "auto"), (2, "all")):
            with self.subTest(channels=channels, rps=rps):
                self.steer(channels, rps)
                with self.guest.traffic(flows=FLOWS):
                    time.sleep(0.2)
                    before = self.guest.load()
                    found = self.rtsetup(
                        "queues", "measure", "eth0", "--seconds", "2", "--format", "json").json
                    judge = self.guest.load() - before
                report(f"measure of {channels} queues, {rps}: J {found['jain']:.3f}, IPIs a packet "
                       f"{found['ipisPerPacket']:.3f}; the judge: {judge.jain:.3f}, "
                       f"{judge.ipis_per_packet:.3f}")
                self.assertTrue(found["conclusive"])
                self.assertLessEqual(found["packets"], judge.total)
                self.assertAlmostEqual(found["jain"], judge.jain, delta=0.03)
                self.assertAlmostEqual(
                    found["ipisPerPacket"], judge.ipis_per_packet,
                    delta=max(0.005, 0.25 * judge.ipis_per_packet))
                for cpu in found["cpus"]:
                    self.assertAlmostEqual(
                        cpu["share"], judge.packets[cpu["cpu"]] / judge.total, delta=0.03)
                self.assertEqual(found["dropped"], 0)


@unittest.skipIf(QUICK, "guests are left out of a quick run")
class SixteenCPUs(GuestCase):
    """16 vCPUs on 2 nodes, of which 12 to 15 are isolated; a NIC on each node, and one on none."""

    LOCAL = [0x00FF, 0x0F00, 0x0FFF]

    @classmethod
    def make_guest(cls):
        return Guest(cpus=16, nodes=2, kernel_line="isolcpus=12-15",
                     nics=(GuestNIC(queues=4, node=0), GuestNIC(queues=4, node=1),
                           GuestNIC(queues=4)))

    def test_no_mask_holds_an_isolated_or_a_remote_cpu(self):
        masks = {
            "auto": [[0x3, 0xC, 0x30, 0xC0], [0x300, 0xC00], [0x7, 0x38, 0x1C0, 0xE00]],
            "all": [[0xFF] * 4, [0xF00] * 2, [0xFFF] * 4],
        }
        for rps, expected in masks.items():
            with self.subTest(rps=rps):
                body = f"RPS = {rps}; XPS = auto; IRQAffinity = auto;"
                result = self.apply(
                    body, f"Channels = 2; ShrinkChannels = YES; {body}", body).json
                self.assertEqual(result["warnings"], [])  # nothing was narrowed
                for index, local in enumerate(self.LOCAL):
                    self.assertEqual(self.masks("rps_cpus", index), expected[index])
                    self.assertEqual(self.masks("xps_cpus", index), masks["auto"][index])
                    for name, value in self.queues(index).items():
                        if "put." in name and int(name.split(".")[1]) < len(expected[index]):
                            self.assertTrue(1 << int(value) & local, f"{name} on CPU {value}")
        self.assertEqual(self.rtsetup("apply", "--format", "json").json["changes"], [])

    def test_show_says_what_is_and_why(self):
        self.apply(*["RPS = auto; XPS = auto; IRQAffinity = auto;"] * 3)
        found = self.rtsetup("queues", "show", "--format", "json").json
        self.assertEqual(found["host"]["isolated"], "12-15")
        self.assertEqual([each["node"] for each in found["interfaces"]], [0, 1, None])
        for each in found["interfaces"]:
            for queue in each["queues"]:
                for aspect in ("rps", "xps"):
                    self.assertEqual(queue[aspect]["now"], queue[aspect]["wanted"])
        eth0, eth1, _ = found["interfaces"]
        self.assertEqual([queue["cpus"] for queue in eth0["queues"]], ["0-1", "2-3", "4-5", "6-7"])
        self.assertIn("node 0", eth0["queues"][0]["rps"]["why"])
        # 4 CPUs are left of node 1: a queue for each.
        self.assertEqual([queue["rps"]["now"] for queue in eth1["queues"]], ["0"] * 4)
        text = self.rtsetup("queues").out
        self.assertIn("host  CPUs 0-15, 12-15 isolated, 2 nodes", text)


def report(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
