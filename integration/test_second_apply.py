"""A second apply writes nothing, and teardown gives everything back."""

import time

from case import ETH0, ETH1, ETH2, FOUR, GUIDE, Case, file, main


class SecondApply(Case):
    def test_a_second_apply_changes_nothing(self):
        for name, text in (("guide", GUIDE), ("four", FOUR)):
            with self.subTest(name):
                self.apply(text)
                self.assertNothingToDo()

    def test_ip_monitor_all_shows_nothing_during_a_second_apply(self):
        self.apply(FOUR)
        log = open(f"{self.vpc.folder}/monitor", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        self.host.start("ip", "monitor", "all", stdout=log, stderr=log)

        def marker(number, timeout=5.0):
            """Until `ip monitor` has shown an event of our own, it may have missed others."""
            end = time.monotonic() + timeout
            while time.monotonic() < end:
                self.host.ip(f"route add unreachable 192.0.2.{number} table 4242",
                             f"route del unreachable 192.0.2.{number} table 4242")
                time.sleep(0.1)
                log.seek(0)
                if f"192.0.2.{number}" in (seen := log.read()):
                    return seen
            return self.fail("ip monitor shows nothing at all")

        marker(1)
        result = self.rtsetup("apply")
        seen = marker(2)
        others = [line for line in seen.splitlines()
                  if "192.0.2." not in line and "[NEIGH]" not in line and line.strip()]
        self.assertEqual(others, [])
        self.assertIn("Nothing to do.", result.out)

    def test_plan_and_status_write_nothing_and_agree_with_apply(self):
        self.write(FOUR)
        before = self.host.dump()
        pending = self.plan(expect=0)
        self.rtsetup("plan", "--detailed-exitcode", expect=2)
        self.rtsetup("status", "--detailed-exitcode", expect=2)
        self.rtsetup("apply", "--dry-run")
        self.assertSameDump(before)
        applied = self.apply(None, "--format", "json")
        self.assertEqual([c["text"] for c in applied.json["changes"]],
                         [c["text"] for c in pending.json["changes"]])
        self.rtsetup("plan", "--detailed-exitcode", expect=0)
        self.rtsetup("status", "--detailed-exitcode", expect=0)

    def test_a_lost_state_folder_changes_nothing(self):
        """What is ours carries its mark: a second apply does not need the journal."""
        self.apply(FOUR)
        self.host.run("rm", "-rf", f"{self.vpc.folder}/run")
        self.assertNothingToDo()

    def test_a_second_apply_of_every_setting_changes_nothing(self):
        self.apply(file(
            ETH0, ETH1 + ' MTU = 1400; ReversePathFilter = loose; IPv6 = disabled; '
            'Sysctl = { "ipv4.accept_local" = 1; };', ETH2 + " ARP = strict; FailClosed = NO;",
            more='Sysctl = { "net.ipv4.ip_local_port_range" = "20000 60999"; }; '
            'Rules = ( { Priority = 19000; FirewallMark = 7; Table = main; } );'))
        self.assertNothingToDo()


class Teardown(Case):
    def test_teardown_leaves_what_was_there_before(self):
        for name, text in (("guide", GUIDE), ("four", FOUR)):
            with self.subTest(name):
                before = self.host.dump()
                self.apply(text)
                self.teardown()
                self.assertSameDump(before)

    def test_a_second_teardown_has_nothing_to_do(self):
        self.apply(GUIDE)
        self.teardown()
        self.assertIn("Nothing to do.", self.teardown().out)

    def test_teardown_needs_no_file(self):
        before = self.host.dump()
        self.apply(GUIDE)
        self.host.run("rm", f"{self.vpc.folder}/rtsetup.plist")
        self.teardown()
        self.assertSameDump(before)

    def test_teardown_says_what_it_would_do(self):
        self.apply(GUIDE)
        before = self.host.dump()
        out = self.rtsetup("teardown", "--dry-run").out
        self.assertIn("- rule    20001: from 10.0.0.20 lookup 1001", out)
        self.assertSameDump(before)

    def test_settings_go_back_to_their_first_values(self):
        before = self.host.dump()
        setting = (' MTU = 1400; ReversePathFilter = strict; ARP = strict; '
                   'Sysctl = { "ipv4.accept_local" = 1; };')
        top = 'Sysctl = { "net.ipv4.conf.all.log_martians" = 1; };'
        self.apply(file(ETH0, ETH1 + setting, ETH2, more=top))
        self.assertEqual(self.host.links()["eth1"]["mtu"], 1400)
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.rp_filter"), "1")
        self.apply(file(ETH0, ETH1 + setting.replace("1400", "1300"), ETH2, more=top))
        self.assertEqual(self.host.links()["eth1"]["mtu"], 1300)
        self.teardown()
        self.assertSameDump(before)

    def test_a_setting_that_leaves_the_file_goes_back(self):
        self.apply(file(ETH0, ETH1 + " MTU = 1400; ReversePathFilter = off;", ETH2))
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.rp_filter"), "0")
        self.apply(file(ETH0, ETH1, ETH2))
        self.assertEqual(self.host.links()["eth1"]["mtu"], 1500)
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.rp_filter"), "2")

    def test_a_setting_that_somebody_has_changed_since_is_left_and_reported(self):
        self.apply(file(ETH0, ETH1 + " MTU = 1400;", ETH2))
        self.host.ip("link set eth1 mtu 1450")
        result = self.teardown(expect=None)
        self.assertIn(result.code, (0, 3), result.text)
        self.assertEqual(self.host.links()["eth1"]["mtu"], 1450)
        self.assertIn("1450", result.text)

    def test_managed_no_gives_up_the_routing_and_keeps_the_addresses(self):
        self.apply(file(ETH0, ETH1 + " MTU = 1400;", ETH2))
        self.apply(file(ETH0, "Name = eth1; Managed = NO;", ETH2))
        self.assertEqual([r for r in self.host.show("-4 rule show") if r.get("src") == "10.0.0.20"],
                         [])
        self.assertNotIn('"table": "1001"', "".join(self.host.routes()))
        self.assertEqual(self.host.show("-4 route show table main default dev eth1"), [])
        link = self.host.links()["eth1"]
        self.assertEqual((link["group"], link["mtu"], link["up"]), ("default", 1400, True))
        self.assertEqual(self.host.marks()["eth1", "10.0.0.20"], 0)
        self.assertNothingToDo()
        self.teardown()
        self.assertIn("10.0.0.20", self.host.run("ip", "addr", "show", "dev", "eth1").stdout)

    def test_an_interface_that_leaves_the_file_is_given_back(self):
        before = self.host.dump()
        self.apply(GUIDE)
        self.apply(file(ETH0, ETH2.replace("};", "") + " RouteMetric = 1002;"))
        after = self.host.dump()
        self.assertEqual(after["links"]["eth1"], before["links"]["eth1"])
        self.assertEqual([a for a in after["addresses"] if a[0] == "eth1"],
                         [a for a in before["addresses"] if a[0] == "eth1"])
        self.teardown()
        self.assertSameDump(before)


if __name__ == "__main__":
    main()
