"""A host as clouds deliver it: a real DHCP server and a real client own the primary."""

import shutil
import socket
import struct
import subprocess
import threading
import time
import unittest
from pathlib import Path

from case import Case, file, main
from namespace import Monitor
from vpc import INET4, PEERS, Capture

# The contract's example.
EXAMPLE = file(
    "Name = eth0; Primary = YES; Addressing = external;",
    'MACAddress = "00:16:3e:12:e7:01";\n'
    '          Addresses = ( "10.0.0.20/24", "10.0.0.30/24", "2001:db8:0:1::20/64" );\n'
    '          Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" ); Table = 1001; RouteMetric = 1001;\n'
    '          Routes = ( { Destination = "10.8.0.0/16"; Gateway = "10.0.0.254"; } );\n'
    "          MTU = 1500; ReversePathFilter = loose;\n"
    "          Queues = { Channels = max; RPS = auto; XPS = auto; };",
    more='Sysctl = { "net.ipv4.conf.all.rp_filter" = 0; };')
SERVICE, METADATA, ROUTER = "100.64.0.10", "169.254.169.254", "10.0.0.254"


@unittest.skipUnless(shutil.which("dnsmasq") and shutil.which("dhclient"),
                     "needs dnsmasq and dhclient: scripts/setup test")
class DHCP(Case):
    ipv6 = False

    def deliver(self):
        cloud, peer = self.vpc.cloud, self.vpc.peers["a"]
        # A service behind another router of the subnet: only option 121 leads there.
        peer.ip(f"addr add {ROUTER}/24 dev eth0", f"addr add {SERVICE}/32 dev lo")
        self.vpc.serve(peer, SERVICE)
        cloud.ip(f"addr add {METADATA}/32 dev br-a")
        folder = Path(self.vpc.folder)
        cloud.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping",
            "--interface=br-a", "--bind-interfaces", "--user=root", "--leasefile-ro",
            f"--pid-file={folder}/dnsmasq.pid", "--log-facility=-",
            "--dhcp-range=10.0.0.19,10.0.0.19,255.255.255.0,120",
            f"--dhcp-host={self.vpc.nics['eth0'].mac},10.0.0.19",
            "--dhcp-option=3,10.0.0.253",
            f"--dhcp-option=121,0.0.0.0/0,10.0.0.253,100.64.0.0/10,{ROUTER},"
            f"{METADATA}/32,10.0.0.253",
            "--dhcp-option-force=58,4",  # renews every four seconds
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (folder / "dhclient.conf").write_text(
            "option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\n"
            "request subnet-mask, broadcast-address, routers, rfc3442-classless-static-routes;\n"
            "initial-interval 1;\nbackoff-cutoff 2;\n")
        self.log = folder / "dhclient.log"
        self.host.start(
            "dhclient", "-4", "-d", "-cf", f"{folder}/dhclient.conf", "-lf", f"{folder}/leases",
            "-pf", f"{folder}/dhclient.pid",
            "-sf", str(Path(__file__).with_name("dhclient-script")),
            "-e", f"DHCLIENT_LOG={self.log}", "eth0",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait(lambda: self.log.exists() and "BOUND" in self.log.read_text(), "lease")
        # Renewals are answered to the address, though it may be away: no ARP finds it then.
        cloud.ip(f"neigh replace 10.0.0.19 lladdr {self.vpc.nics['eth0'].mac} "
                 "dev br-a nud permanent")

    def wait(self, condition, what, timeout=15.0):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                self.fail(f"no {what} within {timeout} s")
            time.sleep(0.05)

    def renewals(self):
        return self.log.read_text().split().count("RENEW")

    def renewed(self):
        """Waits until the lease has been renewed once more."""
        seen = self.renewals()
        self.wait(lambda: self.renewals() > seen, "renewal")
        time.sleep(0.2)

    def assertServicesReached(self):
        with Capture(self.vpc) as capture:
            for source in ("10.0.0.19", None):
                with self.subTest(source=source):
                    probe = self.vpc.probe(source, SERVICE)
                    self.assertEqual(probe.answered_by, SERVICE)
                    router = self.vpc.peers["a"].links()["eth0"]["address"]
                    self.assertEqual((capture.ports(probe), capture.gateways(probe)),
                                     ({"port0"}, {router}))
                    self.assertTrue(self.ping(METADATA, source))
                    self.assertTrue(self.vpc.probe(source, INET4).answered)
            self.assertEqual(capture.violations(), [])

    def ping(self, destination, source):
        words = ["-I", source] if source else []
        return self.host.run(
            "ping", "-c1", "-W2", *words, destination, check=False).returncode == 0

    def test_no_path_is_taken_away(self):
        self.assertServicesReached()
        self.apply(EXAMPLE)
        self.assertServicesReached()
        self.assertLawOfExample()
        self.teardown()
        self.assertServicesReached()

    def assertLawOfExample(self):
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.20", "10.0.0.30", "2001:db8:0:1::20"])
            self.assertEqual(capture.violations(), [])

    def test_the_primarys_table_has_the_leases_routes(self):
        self.apply(EXAMPLE)
        routes = {(r["dst"], r.get("gateway")) for r in self.host.show("-4 route show table 1000")}
        self.assertEqual(routes, {
            ("default", "10.0.0.253"), ("10.0.0.0/24", None), ("100.64.0.0/10", ROUTER),
            (METADATA, "10.0.0.253")})
        default = self.host.show("-4 route show table main default dev eth0")
        self.assertEqual([(r["protocol"], r.get("metric", 0)) for r in default], [("dhcp", 0)])

    def test_a_tcp_session_over_the_primary_lives_through_everything(self):
        session = Session(self.vpc)
        self.addCleanup(session.close)
        for step in (lambda: self.apply(EXAMPLE), self.apply, self.teardown,
                     lambda: self.apply(EXAMPLE), self.renewed, self.teardown):
            step()
            session.check(self)

    def test_a_renewed_lease_changes_nothing(self):
        self.apply(EXAMPLE)
        before = self.host.dump()
        self.renewed()
        self.assertSameDump(before)
        monitor = Monitor(self.host)
        self.addCleanup(monitor.close)
        seen = self.renewals()
        result = self.rtsetup("apply", "--format", "json")
        self.assertEqual(result.json["changes"], [])
        if self.renewals() == seen:
            self.assertEqual(monitor.events(), [])
        self.assertServicesReached()

    def test_teardown_gives_the_delivered_host_back(self):
        before = self.host.dump()
        self.apply(EXAMPLE)
        self.teardown()
        self.assertSameDump(before)

    def test_secondaries_stand_beside_the_lease_which_stays_the_primary(self):
        self.vpc.grant("eth0", "10.0.0.41", "10.0.0.42")
        self.apply(file('Name = eth0; Primary = YES; Addressing = external; '
                        'Addresses = ( "10.0.0.41/24", "10.0.0.42/24" );'))
        lines = [a["local"] for link in self.host.show("-4 addr show dev eth0")
                 for a in link["addr_info"] if not a.get("secondary")]
        self.assertEqual(lines, ["10.0.0.19"])
        with Capture(self.vpc) as capture:
            self.assertLaw(capture, ["10.0.0.19", "10.0.0.41", "10.0.0.42"])
        self.renewed()
        self.assertNothingAdded()

    def assertNothingAdded(self):
        result = self.rtsetup("apply", "--format", "json")
        self.assertEqual(result.json["changes"], [])


class Leaseless(Case):
    def deliver(self):
        self.host.ip("link set eth0 up")

    def test_without_a_lease_the_secondaries_wait_with_a_warning(self):
        result = self.plan(file(
            'Name = eth0; Primary = YES; Addressing = external; Addresses = ( "10.0.0.41/24" );'))
        self.assertEqual(result.changes("address"), [])
        self.assertIn("10.0.0.41", result.warnings())
        self.apply()
        self.host.ip("addr add 10.0.0.19/24 dev eth0", "route add default via 10.0.0.253")
        self.apply()
        found = [a["local"] for link in self.host.show("-4 addr show dev eth0")
                 for a in link["addr_info"]]
        self.assertEqual(found, ["10.0.0.19", "10.0.0.41"])
        self.assertTrue(self.vpc.probe("10.0.0.19", PEERS["a"][0]).answered)


class Session:
    """An SSH-like TCP session from the internet to the primary; it talks all the time."""

    def __init__(self, vpc):
        server = vpc.host.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.bind(("10.0.0.19", 22))
        server.listen(1)
        self._client = vpc.inet.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._client.settimeout(5)
        self._client.connect(("10.0.0.19", 22))
        self._peer, _ = server.accept()
        server.close()
        self._peer.settimeout(5)
        self._rounds, self._stopped, self._error = 0, False, None
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self):
        try:
            while not self._stopped:
                for speaker, listener in ((self._client, self._peer), (self._peer, self._client)):
                    speaker.sendall(struct.pack("!I", self._rounds))
                    if struct.unpack("!I", listener.recv(4))[0] != self._rounds:
                        raise ConnectionError("out of step")
                self._rounds += 1
                time.sleep(0.005)
        except OSError as error:
            self._error = error

    def retransmits(self):
        info = self._peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        return struct.unpack_from("=I", info, 100)[0]  # tcpi_total_retrans

    def check(self, case):
        """It goes on talking, and never lost a segment."""
        before = self._rounds
        time.sleep(0.2)
        case.assertIsNone(self._error)
        case.assertGreater(self._rounds, before)
        case.assertEqual(self.retransmits(), 0)

    def close(self):
        self._stopped = True
        self._thread.join()
        self._client.close()
        self._peer.close()


if __name__ == "__main__":
    main()
