"""Channels and packet steering on veth: real queue files, real ethtool netlink, real refusals."""

import ctypes
import os
import re
import socket
import struct
import time
import unittest

from case import ETH0, Case, file, main
from namespace import Monitor

with open("/sys/devices/system/cpu/online", encoding="ascii") as online:
    CPUS = sum(int(last or first) - int(first) + 1
               for first, last in re.findall(r"(\d+)(?:-(\d+))?", online.read()))
# What `max` makes of four queues on this machine.
USEFUL = min(4, CPUS)
ALL = format((1 << CPUS) - 1, "x")


def q0(queues, rest='Addresses = ( "10.9.0.20/24", "2001:db8:9::20/64" ); '
                    'Gateway = ( "10.9.0.253", "2001:db8:9::ff" );'):
    return "Name = q0; %s\n          Queues = { %s };" % (rest, queues)


class Queues(Case):
    """The host has a further NIC, q0, of four queues, of which one is in use."""

    def deliver(self):
        super().deliver()
        self.add("q0", 4)
        self.ethtool("-L", "q0", "rx", "1", "tx", "1")
        self.host.settle()

    def add(self, name, queues):
        self.host.ip(
            f"link add {name} numrxqueues {queues} numtxqueues {queues} type veth "
            f"peer name {name}p numrxqueues {queues} numtxqueues {queues} "
            f"netns {self.vpc.cloud.name}")
        self.vpc.cloud.ip(f"link set {name}p up")

    def ethtool(self, *words):
        return self.host.run("ethtool", *words).stdout

    # The judges

    def inside(self, *command, **options):
        """With the /sys of the namespace."""
        return self.host.run("ip", "netns", "exec", self.host.name, *command, **options)

    def channels(self, name="q0"):
        now = self.ethtool("-l", name).split("Current hardware settings:")[1]
        return {key: int(value) for key, value in re.findall(r"(\w+):\s+(\d+)", now)}

    def masks(self, name="q0"):
        """{'rx-0/rps_cpus': 'f', …}, without those that say nothing."""
        out = self.inside(
            "sh", "-c", f"cd /sys/class/net/{name}/queues && "
            "grep -H . */rps_cpus */xps_cpus */rps_flow_cnt", check=False).stdout
        values = dict(line.split(":", 1) for line in out.splitlines())
        return {path: value for path, value in values.items() if value.strip("0,")}

    def set_mask(self, path, value, name="q0"):
        self.inside("sh", "-c", f"echo {value} > /sys/class/net/{name}/queues/{path}")

    def carrier_changes(self, name="q0"):
        return int(self.inside("cat", f"/sys/class/net/{name}/carrier_changes").stdout)

    def state(self):
        return self.host.dump(), self.channels(), self.masks()

    def assertSameState(self, before):
        dump, channels, masks = before
        self.assertSameDump(dump)
        self.assertEqual((self.channels(), self.masks()), (channels, masks))

    def conflict(self, text, *words, place=None):
        """Exit 69 at plan and at apply, each word said, and nothing changed."""
        before = self.state()
        self.write(text)
        for command in ("plan", "apply"):
            result = self.rtsetup(command, expect=69)
            for word in words:
                self.assertIn(word, result.err)
            if place:
                self.assertRegex(result.err, r"rtsetup\.plist:\d+:\d+: error:")
                self.assertIn(place, result.err)
        self.assertSameState(before)


class Steering(Queues):
    def test_channels_and_masks_are_set_once_and_given_back(self):
        before = self.state()
        self.apply(file(ETH0, q0("Channels = max; RPS = all; XPS = auto;")))
        self.assertEqual(self.channels(), {"RX": USEFUL, "TX": USEFUL})
        masks = self.masks()
        for queue in range(USEFUL):
            self.assertEqual(masks[f"rx-{queue}/rps_cpus"].lstrip("0,"), ALL)
            if USEFUL > 1:
                self.assertIn(f"tx-{queue}/xps_cpus", masks)
        changes = self.carrier_changes()
        monitor = Monitor(self.host)
        self.addCleanup(monitor.close)
        result = self.rtsetup("apply")
        self.assertIn("Nothing to do.", result.out)
        self.assertEqual(monitor.events(), [])
        self.assertEqual(self.carrier_changes(), changes)
        self.assertEqual(self.masks(), masks)
        # The carrier that went and came back took nothing along that is missed later.
        time.sleep(2)
        self.rtsetup("plan", "--detailed-exitcode", expect=0)
        self.rtsetup("status", "--detailed-exitcode", expect=0)
        self.teardown()
        self.assertSameState(before)

    def test_auto_leaves_rps_off_where_each_cpu_has_a_queue(self):
        self.ethtool("-L", "q0", "rx", "4", "tx", "4")
        self.apply(file(ETH0, q0("RPS = auto;")))
        if CPUS <= 4:
            self.assertEqual(self.masks(), {})
        self.set_mask("rx-1/rps_cpus", "1")
        result = self.rtsetup("apply")
        self.assertIn("~ steering rx-1 rps_cpus 1 -> ", result.out)

    def test_the_shell_plan_does_the_same(self):
        text = file(ETH0, q0("Channels = max; RPS = all; XPS = auto;"))
        self.write(text)
        script = self.rtsetup("plan", "--format", "shell").out
        self.assertIn(f"ethtool -L q0 rx {USEFUL} tx {USEFUL}\n" if USEFUL > 1 else "set -eu", script)
        self.inside("sh", "-s", input=script)
        self.assertEqual(self.channels(), {"RX": USEFUL, "TX": USEFUL})
        plan = self.plan(text).json["changes"]
        self.assertEqual([c["text"] for c in plan if c["kind"] in ("channels", "steering")], [])

    def test_json_has_the_objects_and_their_places(self):
        plan = self.plan(file(ETH0, q0("Channels = 4; RPS = all;")))
        channels, = plan.changes("channels")
        self.assertEqual(channels["object"], {"rx": 4, "tx": 4})
        self.assertEqual(channels["previous"], {"rx": 1, "tx": 1})
        self.assertEqual(channels["text"], "rx 1 -> 4 tx 1 -> 4")
        self.assertIsNotNone(channels["location"]["line"])
        first, *others = plan.changes("steering")
        self.assertEqual((first["action"], [c["action"] for c in others]), ("change", ["add"] * 3))
        self.assertEqual(first["object"], {
            "queue": "rx-0", "file": "rps_cpus", "value": ALL, "cpus": list(range(CPUS))})

    def test_what_somebody_else_set_before_comes_back_and_what_he_set_since_stays(self):
        self.ethtool("-L", "q0", "rx", "2", "tx", "2")
        self.set_mask("rx-0/rps_cpus", "1")
        self.set_mask("tx-1/xps_cpus", "1")
        before = self.state()
        text = file(ETH0, q0("Channels = 4; RPS = all; XPS = off;"))
        self.apply(text)
        self.teardown()
        self.assertSameState(before)
        self.apply(text)
        if CPUS > 1:
            self.set_mask("rx-1/rps_cpus", "1")
            result = self.teardown()
            self.assertIn("warning: steering of q0: rx-1 rps_cpus 1 is not what rtsetup set",
                          result.err)
            self.assertEqual(self.masks(), {**before[2], "rx-1/rps_cpus": "1"})

    def test_a_renamed_interface_keeps_its_queues(self):
        mac = self.host.links()["q0"]["address"]
        text = file(ETH0, q0("Channels = max; RPS = all;").replace(
            "Name = q0", f'MACAddress = "{mac}"'))
        self.apply(text)
        masks = self.masks()
        self.host.ip("link property add dev q0 altname other")
        self.host.ip("link set q0 down", "link set q0 name q1", "link set q1 up")
        self.rtsetup("apply")
        self.assertEqual(self.masks("q1"), masks)
        self.rtsetup("plan", "--detailed-exitcode", expect=0)
        self.teardown()
        self.assertEqual(self.masks("q1"), {})
        self.assertEqual(self.channels("q1"), {"RX": 1, "TX": 1})

    def test_defaults_reach_every_interface_and_an_interface_says_otherwise(self):
        self.add("q2", 4)
        text = file(ETH0 + " Queues = { RPS = unchanged; };", "Name = q0;",
                    "Name = q2; Queues = { RPS = off; };",
                    more="Defaults = { Queues = { RPS = all; }; };")
        self.apply(text)
        self.assertEqual(self.masks(), {"rx-0/rps_cpus": ALL})
        self.assertEqual(self.masks("q2"), {})

    def test_the_guides_mask_is_clipped_to_this_machine(self):
        self.apply(file(ETH0, q0("RPS = alibaba;")))
        width = min(CPUS, 8 if CPUS >= 16 else 4)
        self.assertEqual(self.masks(), {"rx-0/rps_cpus": format((1 << width) - 1, "x")})

    def test_a_lost_state_folder_changes_nothing(self):
        self.apply(file(ETH0, q0("Channels = max; RPS = all; XPS = auto;")))
        self.host.run("rm", "-rf", f"{self.vpc.folder}/run")
        changes = self.carrier_changes()
        self.assertIn("Nothing to do.", self.rtsetup("apply").out)
        self.assertEqual(self.carrier_changes(), changes)


class Refusals(Queues):
    def test_a_refused_change_of_channels_undoes_routes_and_rules_too(self):
        """XDP on the peer: it cannot have fewer receive queues than q0 sends through."""
        attach_xdp(self.vpc.cloud, "q0p")
        self.vpc.cloud.run("ethtool", "-L", "q0p", "rx", "1", "tx", "1")
        before = self.state()
        result = self.apply(file(ETH0, q0("Channels = 4; RPS = all;")), expect=1)
        self.assertIn("error: cannot change channels rx 1 -> 4 tx 1 -> 4: Invalid argument",
                      result.err)
        self.assertIn("the kernel is as it was", result.err)
        self.assertRegex(result.err, r"wanted by .*rtsetup\.plist:\d+:\d+")
        self.assertSameState(before)

    def test_what_can_be_known_is_said_at_plan(self):
        place = "Queues = {"
        beyond = str(max(CPUS, os.cpu_count() or 1) + 4000)
        self.conflict(file(ETH0, q0(f'RPS = "0,{beyond}";')), f"CPU {beyond}", place=place)
        self.conflict(file(ETH0, q0(f'CPUs = "{beyond}";')), f"CPU {beyond}", place=place)
        self.conflict(file(ETH0, q0("Channels = 5;")), "at most 4 channels", place=place)
        self.conflict(file(ETH0, q0("RFS = 4096;")), "initial network namespace", place=place)
        self.ethtool("-L", "q0", "rx", "4", "tx", "4")
        self.conflict(file(ETH0, q0("Channels = 2;")), "ShrinkChannels = YES", place=place)

    def test_devices_that_have_no_channels_or_one_queue(self):
        self.host.ip("link add br9 type bridge", "tuntap add dev tap9 mode tap multi_queue",
                     "link add one numrxqueues 1 numtxqueues 1 type veth peer name onep "
                     "numrxqueues 1 numtxqueues 1")
        for name, queues, words in (
                ("br9", "Channels = max;", "br9 has no channels"),
                ("one", "Channels = 2;", "one has at most 1 channel"),
                ("one", 'XPS = "0";', "one has one transmit queue"),
                ("tap9", "Channels = 2; ShrinkChannels = YES;", "tap9")):
            with self.subTest(name, queues=queues):
                self.conflict(file(ETH0, f"Name = {name}; Queues = {{ {queues} }};"), words,
                              place="Queues = {")
        # And what such devices can do is done.
        self.apply(file(ETH0, "Name = br9; Queues = { RPS = all; };",
                        "Name = one; Queues = { Channels = max; RPS = all; XPS = auto; };"))
        self.assertEqual(self.masks("br9"), {"rx-0/rps_cpus": ALL})
        self.assertEqual(self.masks("one"), {"rx-0/rps_cpus": ALL})
        self.teardown()
        self.assertEqual(self.masks("br9"), {})

    def test_a_read_only_sys_is_said_at_plan(self):
        self.write(file(ETH0, q0("RPS = all;")))
        script = "mount -o remount,ro,bind /sys && exec \"$@\""
        prefix = ("ip", "netns", "exec", self.host.name, "sh", "-c", script, "sh")
        result = self.rtsetup("apply", prefix=prefix, expect=69)
        self.assertIn("mounted read-only", result.err)
        self.assertIn("Queues = {", result.err)
        self.assertEqual(self.masks(), {})

    def test_another_namespaces_sys_is_never_written(self):
        """Without the right to mount its own, it says so."""
        text = file(ETH0, q0("RPS = all;"))
        self.write(text)
        prefix = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
        result = self.rtsetup("apply", prefix=prefix, expect=69)
        self.assertIn("is not the q0 of this network namespace", result.err)
        self.apply(text)
        self.assertEqual(self.masks(), {"rx-0/rps_cpus": ALL})
        # What cannot be given back now is not forgotten.
        self.rtsetup("teardown", prefix=prefix)
        self.assertEqual(self.masks(), {"rx-0/rps_cpus": ALL})
        self.teardown()
        self.assertEqual(self.masks(), {})

    def test_a_run_killed_at_any_point_converges_and_leaves_nothing(self):
        before = self.state()
        text = file(ETH0, q0("Channels = max; RPS = all; XPS = auto;"))
        self.write(text)
        for delay in (0.004, 0.008, 0.012, 0.016, 0.02):
            child = self.start("apply")
            time.sleep(delay)
            child.kill()
            child.wait()
            self.rtsetup("apply")
            self.assertEqual(self.channels(), {"RX": USEFUL, "TX": USEFUL})
            self.rtsetup("plan", "--detailed-exitcode", expect=0)
            self.teardown()
            self.assertSameState(before)


def attach_xdp(namespace, name):
    """An XDP program that lets everything pass, in the driver."""
    program = struct.pack("=BBhi", 0xB7, 0, 0, 2) + struct.pack("=BBhi", 0x95, 0, 0, 0)
    text, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"GPL")
    attributes = struct.pack(  # BPF_PROG_LOAD, BPF_PROG_TYPE_XDP
        "=IIQQ112x", 6, 2, ctypes.addressof(text), ctypes.addressof(licence))
    libc = ctypes.CDLL(None, use_errno=True)
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    fd = libc.syscall(number, 5, ctypes.create_string_buffer(attributes), len(attributes))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    try:
        index = {link["ifname"]: link["ifindex"] for link in namespace.show("link show")}[name]
        # RTM_SETLINK, IFLA_XDP { IFLA_XDP_FD, IFLA_XDP_FLAGS = XDP_FLAGS_DRV_MODE }
        body = struct.pack("=BxHiII", 0, 0, index, 0, 0)
        body += struct.pack("=HHHHiHHI", 20, 43 | 0x8000, 8, 1, fd, 8, 3, 4)
        with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
            link.send(struct.pack("=IHHII", 16 + len(body), 19, 5, 1, 0) + body)
            error = struct.unpack_from("=i", link.recv(4096), 16)[0]
        if error:
            raise OSError(-error, f"XDP on {name}")
    finally:
        os.close(fd)


if __name__ == "__main__":
    main()
