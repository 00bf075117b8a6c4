"""From the metadata to the kernel: discover, apply, and packets as the judge."""

import os
import subprocess
import time

from case import Case, main
from metadata import MACS, Metadata, alibaba, alibaba_nic, response, rtdiscover
from vpc import NIC, VPC, A, B, Capture

PRIMARY = NIC("eth0", A, ["10.0.0.19", A.host6(19)])


class Discovered(Case):
    """A host whose only words of its own are `Discovery`."""

    nics = [PRIMARY, NIC("eth1", A, ["10.0.0.20", "10.0.0.30"]), NIC("eth2", A, ["10.0.0.21"])]
    cloud = "alibaba"

    def make_vpc(self):
        return VPC([NIC(nic.name, nic.subnet, list(nic.addresses)) for nic in self.nics])

    def setUp(self):
        super().setUp()
        self.file = self.vpc.folder + "/found/discovered.plist"
        os.mkdir(os.path.dirname(self.file))
        self.write("{ Version = 1; Discovery = { File = \"%s\"; }; }" % self.file)
        self.services = []

    def tree(self, ipv6=True, **nic):
        """What the cloud says about the NICs as they are."""
        return alibaba(*(
            alibaba_nic(n.mac, *(a for a in n.addresses if ipv6 or ":" not in a), **nic)
            for n in self.vpc.nics.values()))

    def serve(self, paths, listings=None, cloud="alibaba", **options):
        service = Metadata(self.vpc.cloud, cloud, paths, listings, **options)
        self.addCleanup(service.close)
        return service

    def discover(self, *words, cloud="alibaba", expect=0):
        command = [rtdiscover(), "--provider", cloud, "--timeout", "5", "--output", self.file]
        done = self.host.run(*command, *words, check=False)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def with_usual_paths(self):
        """The words before a command that finds no main file, and the discovered one in /run."""
        os.remove(self.vpc.folder + "/rtsetup.plist")
        script = f"mount -t tmpfs none /run && mkdir /run/rtdiscover && mount --bind " \
                 f"{os.path.dirname(self.file)} /run/rtdiscover && exec \"$@\""
        return ("unshare", "--mount", "sh", "-c", script, "sh")

    def every_address(self):
        return [a for nic in self.vpc.nics.values() for a in nic.addresses]

    def assertConfigured(self, addresses=None):
        """Each address is there, leaves and is answered by its own NIC."""
        held = {address["local"] for link in self.host.show("addr show")
                for address in link["addr_info"]}
        addresses = self.every_address() if addresses is None else addresses
        self.assertLessEqual(set(addresses), held)
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, addresses)
            self.assertEqual(capture.violations(), [])
        self.assertNothingToDo()


class ThreeOnOneSubnet(Discovered):
    def test_each_address_answers_by_its_own_nic(self):
        self.serve(self.tree())
        self.discover()
        self.apply()
        self.assertConfigured()

    def test_the_primary_may_be_the_last_in_the_list(self):
        macs = [nic.mac for nic in self.vpc.nics.values()]
        self.serve(self.tree(), {MACS: "".join(f"{mac}/\r\n" for mac in reversed(macs))})
        self.discover("--primary", "manage")
        self.apply()
        self.assertConfigured()

    def test_a_mac_without_a_nic_and_a_nic_without_a_mac(self):
        nics = [alibaba_nic(nic.mac, *nic.addresses) for nic in self.vpc.nics.values()]
        self.serve(alibaba(*nics[:2], alibaba_nic("00:16:3e:99:99:99", "10.0.1.50")))
        self.discover()
        result = self.apply()
        self.assertIn("no interface 00:16:3e:99:99:99 on this host", result.err)
        self.assertConfigured([a for nic in self.nics[:2] for a in nic.addresses])
        self.assertFalse(self.host.links()["eth2"]["up"])


class OneNIC(Discovered):
    nics = [NIC("eth0", A, ["10.0.0.19", A.host6(19), "10.0.0.50", "10.0.0.51"])]

    def test_secondaries_beside_the_lease(self):
        self.serve(self.tree())
        self.discover()
        self.apply()
        self.assertConfigured()


class Subnets(Discovered):
    nics = [PRIMARY, NIC("eth1", A, ["10.0.0.20", A.host6(20)]),
            NIC("eth3", B, [f"10.0.1.{n}" for n in range(20, 31)] + [B.host6(20), B.host6(21)])]

    def test_dual_stack_with_secondaries_on_two_subnets(self):
        self.serve(self.tree())
        self.discover()
        self.apply()
        self.assertConfigured()
        result = self.rtsetup("status")
        self.assertIn(f"({self.file}:", result.out)
        objects = self.rtsetup("status", "--format", "json").json["interfaces"][1]["owned"]
        places = {entry["location"]["file"] for entry in objects if entry["location"]}
        self.assertEqual(places, {self.file})

    def test_no_main_file_at_all(self):
        """Install, reboot, done; in a mount namespace, as the usual paths are the machine's."""
        self.serve(self.tree())
        self.discover()
        prefix = self.with_usual_paths()
        self.apply(prefix=prefix)
        self.assertNotIn("wrong", self.rtsetup("status", prefix=prefix).text)
        held = {a["local"] for link in self.host.show("addr show") for a in link["addr_info"]}
        self.assertLessEqual(set(self.every_address()), held)
        self.rtsetup("apply", expect=66)


class IPv6Only(Discovered):
    nics = [PRIMARY, NIC("eth3", B, [B.host6(20), B.host6(21)])]

    def test_an_eni_with_ipv6_alone(self):
        self.serve(self.tree())
        self.discover()
        self.apply()
        self.assertConfigured()


class OffSubnetGateway(Discovered):
    nics = [NIC("eth0", A, ["10.0.0.19"]), NIC("eth1", A, ["10.0.0.20", "10.0.0.30"])]
    ipv6 = False

    def test_a_gateway_that_no_subnet_holds(self):
        paths = {"mac": self.vpc.nics["eth0"].mac.upper(), "instance-id": "ins-1"}
        for nic in self.vpc.nics.values():
            folder = f"{MACS}{nic.mac.upper()}/"
            paths[folder + "primary-local-ipv4"] = nic.addresses[0]
            for address in nic.addresses:
                paths |= {f"{folder}local-ipv4s/{address}/gateway": "10.0.0.253",
                          f"{folder}local-ipv4s/{address}/subnet-mask": "255.255.255.224"}
        self.serve(paths, cloud="tencent")
        self.discover(cloud="tencent")
        with open(self.file, encoding="utf-8") as file:
            self.assertIn("GatewayOnLink = YES;", file.read())
        self.apply()
        self.assertConfigured()


class Safety(Discovered):
    """Nothing that was configured goes away because of an error."""

    def configured(self):
        self.serve(self.tree())
        self.discover()
        self.apply()
        return self.host.dump()

    def test_a_discovered_file_that_is_gone_takes_nothing_away(self):
        before = self.configured()
        os.remove(self.file)
        result = self.apply(expect=69)
        self.assertIn("is gone", result.err)
        self.assertIn("rtsetup.plist:1:", result.err)
        self.assertSameDump(before)
        self.apply("{ Version = 1; Interfaces = ( { Name = eth0; Primary = YES; "
                   "Addressing = external; } ); }")
        self.assertNotIn("10.0.0.20", str(self.host.addresses()))

    def test_before_the_first_discovery_the_main_file_alone_counts(self):
        self.write("{ Version = 1; Interfaces = ( { Name = eth0; Primary = YES; Addressing = "
                   "external; } ); Discovery = { File = \"%s\"; }; }" % self.file)
        result = self.apply()
        self.assertIn("there is no " + self.file, result.err)
        self.apply()
        self.write("{ Version = 1; Interfaces = ( { MACAddress = \"%s\"; Primary = YES; Addressing"
                   " = external; } ); Discovery = { File = \"%s\"; }; }" % (
                       self.vpc.nics["eth0"].mac, self.file))
        self.configured()
        self.assertConfigured()

    def test_a_damaged_or_greedy_discovered_file_is_65_and_changes_nothing(self):
        before = self.configured()
        with open(self.file, encoding="utf-8") as file:
            good = file.read()
        for bad in (good[:len(good) // 2], "", good.replace("Version = 1;",
                    "Version = 1; Sysctl = { \"net.ipv4.ip_forward\" = 1; };"),
                    good.replace("Table = 1001;", "Table = 1001; MTU = 1400;")):
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(bad)
            result = self.apply(expect=65)
            self.assertIn(self.file + ":", result.err)
            self.assertSameDump(before)

    def test_its_owner_is_root_or_rtdiscover_and_it_is_no_link(self):
        self.configured()
        users = self.vpc.folder + "/passwd"
        with open("/etc/passwd", encoding="utf-8") as file, \
                open(users, "w", encoding="utf-8") as copy:
            copy.write(file.read() + "rtdiscover:x:987:987::/:/usr/sbin/nologin\n")
        prefix = ("unshare", "--mount", "sh", "-c",
                  f"mount --bind {users} /etc/passwd && exec \"$@\"", "sh")
        os.chown(self.file, 987, 987)
        self.apply(prefix=prefix)
        self.assertIn("nor rtdiscover", self.apply(expect=77).err)
        os.chown(self.file, 988, 988)
        self.apply(prefix=prefix, expect=77)
        os.chown(self.file, 0, 0)
        os.rename(self.file, self.file + ".real")
        os.symlink(self.file + ".real", self.file)
        self.assertIn("is a symbolic link", self.apply(expect=77).err)

    def test_an_entry_by_name_for_a_discovered_nic_is_told_its_mac(self):
        self.serve(self.tree())
        self.discover()
        result = self.apply("{ Version = 1; Interfaces = ( { Name = eth1; MTU = 1400; } ); "
                            "Discovery = { File = \"%s\"; }; }" % self.file, expect=69)
        self.assertIn(f"give that one MACAddress = \"{self.vpc.nics['eth1'].mac}\"", result.err)

    def test_what_vanishes_from_a_complete_discovery_is_removed(self):
        service = self.serve(self.tree())
        self.discover()
        self.apply()
        nic = self.vpc.nics["eth1"]
        service.paths[f"{MACS}{nic.mac}/private-ipv4s"] = '["10.0.0.20"]'
        self.discover()
        self.apply()
        self.assertNotIn("10.0.0.30", str(self.host.addresses()))
        self.assertConfigured(["10.0.0.19", "10.0.0.20", "10.0.0.21"])


class BesideOthers(Discovered):
    """`--primary keep` beside what DHCPv6 and router announcements have made."""

    nics = [PRIMARY]

    def test_ipv6_that_the_lease_holds_with_another_length(self):
        self.host.ip(f"-6 addr del {A.host6(19)}/64 dev eth0",
                     f"-6 addr add {A.host6(19)}/128 dev eth0 nodad")
        self.serve(self.tree())
        self.discover()
        self.apply()
        self.assertNothingToDo()

    def test_ipv6_that_a_router_gave_a_default_route(self):
        self.serve(self.tree(gateway6=A.host6("fe")))
        self.discover()
        self.apply()
        self.assertNothingToDo()


class Watching(Discovered):
    """Nobody runs `apply`: rtdiscover and rtsetup watch the metadata, the file and the kernel."""

    def until(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def holds(self, address):
        return any(a["local"] == address for link in self.host.show("addr show")
                   for a in link["addr_info"])

    def test_an_address_comes_and_goes_with_the_metadata_and_throttling_changes_nothing(self):
        service = self.serve(self.tree())
        self.start("watch")
        self.host.start(rtdiscover(), "--provider", "alibaba", "--watch", "1", "--timeout", "1",
                        "--output", self.file, stderr=subprocess.DEVNULL)
        self.until(lambda: self.holds("10.0.0.30"), 5, "the first discovery")
        self.vpc.grant("eth1", "10.0.0.31")
        key = f"{MACS}{self.vpc.nics['eth1'].mac}/private-ipv4s"
        service.paths[key] = '["10.0.0.20","10.0.0.30","10.0.0.31"]'
        self.until(lambda: self.holds("10.0.0.31"), 2, "added within the poll and a second")
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.20", "10.0.0.30", "10.0.0.31"])
        service.fault = lambda _: response(429, "", "Retry-After: 1")
        service.paths[key] = '["10.0.0.20"]'
        time.sleep(3)
        self.assertTrue(self.holds("10.0.0.30") and self.holds("10.0.0.31"))
        service.fault = None
        # A throttled run may wait for its own end before the next begins.
        self.until(lambda: not self.holds("10.0.0.31"), 4, "removed once it is read")
        self.assertTrue(self.holds("10.0.0.20"))
        service.paths[key] = '["10.0.0.20","10.0.0.30"]'
        self.until(lambda: self.holds("10.0.0.30"), 2, "added within the poll and a second")
        service.paths[key] = '["10.0.0.20"]'
        self.until(lambda: not self.holds("10.0.0.30"), 2, "removed within the poll and a second")

    def test_at_boot_without_a_main_file_watch_alone_configures_what_was_discovered(self):
        """As rtsetup-watch.path starts it: nobody has run `apply`."""
        service = self.serve(self.tree())
        self.discover()
        self.host.start(*self.with_usual_paths(), *self.command("watch"),
                        stderr=subprocess.DEVNULL)
        self.until(lambda: self.holds("10.0.0.30"), 5, "the first look")
        key = f"{MACS}{self.vpc.nics['eth1'].mac}/private-ipv4s"
        service.paths[key] = '["10.0.0.20"]'
        self.discover()
        self.until(lambda: not self.holds("10.0.0.30"), 2, "what is discovered no longer")

    def test_a_discovered_file_that_goes_away_takes_nothing_and_repairs_go_on(self):
        self.serve(self.tree())
        self.discover()
        self.start("watch")
        self.until(lambda: self.holds("10.0.0.30"), 5, "the first look")
        os.remove(self.file)
        time.sleep(1)
        self.assertTrue(self.holds("10.0.0.30"))
        self.host.ip("addr del 10.0.0.30/24 dev eth1")
        self.until(lambda: self.holds("10.0.0.30"), 2, "repaired without the file")


class Speed(Discovered):
    nics = [PRIMARY, NIC("eth1", A, ["10.0.0.20"] + [f"10.0.0.{n}" for n in range(30, 40)])]

    def test_from_the_metadata_to_the_kernel_in_less_than_four_tenths_of_a_second(self):
        paths = self.tree()
        self.serve(paths, latency=0.02)
        times = []
        # The machine may be busy: what it can do counts.
        while len(times) < 3 or min(times) >= 0.4 and len(times) < 12:
            begin = time.monotonic()
            self.discover()
            self.rtsetup("apply")
            times.append(time.monotonic() - begin)
            self.teardown()
            os.remove(self.file)
        print(f"{min(times):.3f} s", end=" ")
        self.assertLess(min(times), 0.4)
        self.discover()
        self.apply()
        self.assertConfigured()


if __name__ == "__main__":
    main()
