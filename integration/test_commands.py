"""Commands, exit codes, texts and JSON, as the contract gives them."""

import json
import os
import subprocess

from case import BINARY, ETH0, ETH1, FOUR, GUIDE, Case, file, main

BROKEN = """{
    Version = 1;
    Interfaces = (
        { Name = eth0; Adresses = ( "10.0.0.19/24" ); },
        { Name = eth1; Addresses = ( "10.0.0.300/24" ); Table = 254; }
    );
}
"""


class Commands(Case):
    def run_binary(self, *words, **options):
        return subprocess.run([BINARY, *words], capture_output=True, text=True, check=False,
                              timeout=20, **options)

    # Without a kernel

    def test_version_and_help(self):
        for word in ("--version", "--help"):
            done = self.run_binary(word)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.strip())

    def test_usage_errors_are_64(self):
        for words in (["frobnicate"], ["apply", "--frobnicate"], ["plan", "--format", "yaml"],
                      ["apply", "--lock-timeout", "soon"]):
            with self.subTest(words):
                self.assertEqual(self.run_binary(*words).returncode, 64)

    def test_every_problem_of_a_file_is_told_at_once_with_its_place(self):
        path = self.write(BROKEN)
        result = self.rtsetup("validate", path, expect=65)
        for place in (f"{path}:4:", f"{path}:5:"):
            self.assertIn(place, result.err)
        self.assertIn("unknown key 'Adresses'; did you mean 'Addresses'?", result.err)
        self.assertIn("^", result.err)
        self.assertGreaterEqual(result.err.count("error: "), 3)

    def test_errors_of_a_file_in_json(self):
        self.write(BROKEN)
        result = self.rtsetup("plan", "--format", "json", expect=65)
        error = result.json["error"]
        self.assertEqual((result.json["version"], error["exit"]), (1, 65))
        for diagnostic in error["diagnostics"]:
            self.assertLessEqual({"severity", "location", "keyPath", "message"}, set(diagnostic))
        self.assertIn("Adresses", result.err)

    def test_validate_reads_standard_input(self):
        self.assertEqual(self.run_binary("validate", "-", input=GUIDE).returncode, 0)
        self.assertEqual(self.run_binary("validate", "-", input=BROKEN).returncode, 65)

    def test_a_binary_plist_is_refused_with_the_command_that_converts_it(self):
        path = self.vpc.folder + "/binary.plist"
        with open(path, "wb") as handle:
            handle.write(b"bplist00\xd0\x08" + b"\0" * 32)
        result = self.rtsetup("validate", path, expect=65)
        self.assertIn("plutil -convert xml1", result.err)

    # plan

    def test_the_text_of_a_plan(self):
        out = self.plan_text(GUIDE)
        for line in ("  + address 10.0.0.20/24", "  + rule    20001: from 10.0.0.20 lookup 1001",
                     "  + route   default via 10.0.0.253 table 1001"):
            self.assertIn(line, [text.rstrip() for text in out.splitlines()])
        self.assertIn("eth1  00:16:3e:12:e7:01", out)
        lines = [line for line in out.splitlines() if line and not line.startswith(" ")]
        self.assertRegex(lines[-1], r"^Plan: \d+ to add, \d+ to change, \d+ to remove\.$")
        self.assertIn("host", lines[0])

    def plan_text(self, text):
        self.write(text)
        return self.rtsetup("plan").out

    def test_nothing_to_do(self):
        self.apply(GUIDE)
        self.assertIn("Nothing to do.", self.rtsetup("plan").out)
        self.assertEqual(self.plan().json["summary"], {"add": 0, "change": 0, "remove": 0})

    def test_the_json_of_a_plan(self):
        result = self.plan(GUIDE)
        self.assertEqual(result.json["version"], 1)
        counted = {"add": 0, "change": 0, "remove": 0}
        for change in result.changes():
            self.assertLessEqual({"action", "kind", "interface", "text"}, set(change))
            counted[change["action"]] += 1
        self.assertEqual(result.json["summary"], counted)
        rule = next(c for c in result.changes("rule") if "from 10.0.0.20 lookup" in c["text"])
        self.assertEqual((rule["object"]["src"], rule["object"]["table"],
                          rule["object"]["priority"]), ("10.0.0.20", "1001", 20001))
        address = next(c for c in result.changes("address") if c["interface"] == "eth1")
        self.assertEqual((address["object"]["local"], address["object"]["prefixlen"]),
                         ("10.0.0.20", 24))
        self.assertTrue(address["location"]["file"].endswith("rtsetup.plist"))
        self.assertGreater(address["location"]["line"], 0)

    def test_objects_have_the_forms_of_iproute2(self):
        objects = {c["text"]: c["object"] for c in self.plan(FOUR).changes("rule")}
        self.apply()
        shown = [{k: v for k, v in rule.items() if k != "not"}
                 for family in ("-4", "-6") for rule in self.host.show(f"{family} rule show")]
        for text, wanted in objects.items():
            with self.subTest(text):
                self.assertTrue(any(set(wanted.items()) <= set(rule.items()) or
                                    set(rule.items()) <= set(wanted.items()) for rule in shown),
                                f"{wanted} is not among {shown}")

    def test_the_shell_script_of_a_plan_does_the_same(self):
        """Addresses apart, which iproute2 6.1 cannot mark."""
        self.write(FOUR)
        script = self.rtsetup("plan", "--format", "shell").out
        self.host.run("sh", "-eu", "-c", script)
        self.host.settle()
        done = self.host.dump()
        plan = self.plan()
        self.assertEqual([c["text"] for c in plan.changes() if c["kind"] != "address"], [])
        self.host.run("ip", "rule", "show")
        self.apply()
        applied = self.host.dump()
        for kind in ("routes4", "routes6", "rules4", "rules6", "links", "sysctls"):
            self.assertEqual(done[kind], applied[kind])

    def test_a_shell_script_has_all_that_a_copied_route_says(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1")
        way = "via 10.0.0.253 dev eth1 mtu lock 1400 advmss 1300 initcwnd 20 congctl lock cubic"
        self.host.ip(f"route add 10.9.0.0/16 {way}")
        self.write(file(ETH0, 'Name = eth1; Addressing = external; Gateway = "10.0.0.253";'))
        script = self.rtsetup("plan", "--format", "shell").out
        self.assertIn("mtu lock 1400", self.rtsetup("plan").out)
        self.host.run("sh", "-eu", "-c", script)
        self.assertIn("mtu lock 1400 advmss 1300 initcwnd 20 congctl lock cubic",
                      self.host.run("ip", "route", "show", "table", "1001").stdout)
        self.assertEqual([c["text"] for c in self.plan().changes() if c["kind"] == "route"], [])

    def test_a_shell_script_tells_of_a_route_that_it_cannot_write(self):
        self.host.ip("link set eth1 up", "addr add 10.0.0.20/24 dev eth1")
        way = "encap ip id 7 dst 10.0.0.9 via 10.0.0.253 dev eth1"
        self.host.ip(f"route add 10.9.0.0/16 {way}")
        self.write(file(ETH0, 'Name = eth1; Addressing = external; Gateway = "10.0.0.253";'))
        (line,) = [line for line in self.rtsetup("plan", "--format", "shell").out.splitlines()
                   if "10.9.0.0/16" in line]
        self.assertTrue(line.startswith("# ip route add 10.9.0.0/16"), line)
        self.assertIn("its encapsulation cannot be written here", line)

    def test_a_shell_script_with_hostile_names_is_quoted(self):
        self.host.ip("link set eth1 name eth$(id)")
        self.write(file(ETH0, ETH1.replace("Name = eth1;", 'Name = "eth$(id)";')))
        script = self.rtsetup("plan", "--format", "shell").out
        self.host.run("sh", "-eu", "-c", script)
        self.assertEqual([c for c in self.plan().changes() if c["kind"] != "address"], [])

    def test_a_shell_script_sets_the_sysctls_of_a_name_with_an_equals_sign(self):
        self.host.ip("link set eth1 name a=b")
        self.write(file(ETH0, ETH1.replace("Name = eth1;", 'Name = "a=b"; ARP = strict;')))
        script = self.rtsetup("plan", "--format", "shell").out
        self.host.run("sh", "-eu", "-c", script)
        self.assertEqual([c for c in self.plan().changes() if c["kind"] != "address"], [])

    # apply and status

    def test_a_rule_for_packets_without_a_mark(self):
        rule = "Rules = ( { Priority = 62; Family = ipv4; FirewallMark = 0; Table = 9; } );"
        self.write(file(ETH0, more=rule))
        script = self.rtsetup("plan", "--format", "shell").out
        self.apply()
        (made,) = [r for r in self.host.show("-4 rule show") if r["priority"] == 62]
        self.assertEqual(made["fwmark"], "0")
        self.assertNothingToDo()
        self.teardown()
        self.host.run("sh", "-eu", "-c", script)
        self.assertEqual(self.plan().changes("rule"), [])

    def test_numbers_of_sysctls_are_compared_as_numbers(self):
        values = ('"net.ipv4.conf.eth1.log_martians" = 0x1; "net.ipv4.conf.eth1.arp_ignore" = "02";'
                  ' "net.ipv4.ip_local_port_range" = "0x8000   60999";')
        self.apply(file(ETH0, ETH1, more="Sysctl = { %s };" % values))
        self.assertEqual(self.host.sysctl("net.ipv4.conf.eth1.log_martians"), "1")
        self.assertNothingToDo()

    def test_an_ipv6_mtu_is_set_behind_what_resets_it(self):
        entry = ('Name = eth1; Addresses = ( "2001:db8:0:1::20/64" ); Gateway = "fe80::1"; %s'
                 ' Sysctl = { "ipv6.mtu" = 1400; };')
        for more, mtu in (("", 1500), ("MTU = 1450;", 1450), ("MTU = 1480;", 1480), ("", 1500)):
            self.apply(file(ETH0, entry % more))
            self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.mtu"), "1400")
            (link,) = self.host.show("link show dev eth1")
            self.assertEqual(link["mtu"], mtu)
            self.assertNothingToDo()
        self.host.ip("link set eth1 down")
        self.apply()
        self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.mtu"), "1400")
        self.assertNothingToDo()
        self.teardown()
        self.assertEqual(self.host.sysctl("net.ipv6.conf.eth1.mtu"), "1500")

    def test_a_setting_that_somebody_changed_is_named_with_its_interface(self):
        self.apply(file(ETH0, ETH1 + " MTU = 1400;"))
        self.host.ip("link set eth1 mtu 1450", "link set eth1 group 9")
        result = self.teardown()
        for text in ("eth1: mtu 1450 is not", "eth1: group 9 is not"):
            self.assertIn(text, result.err)

    def test_the_json_of_an_apply(self):
        result = self.apply(GUIDE, "--format", "json")
        self.assertEqual(result.json["result"], "applied")
        self.assertLessEqual({"read", "observe", "plan", "perform", "verify"},
                             set(result.json["durationMicroseconds"]))
        self.assertEqual(self.rtsetup("apply", "--format", "json").json["result"], "unchanged")

    def test_the_json_of_a_status(self):
        self.apply(GUIDE)
        status = self.rtsetup("status", "--format", "json").json
        self.assertEqual(status["version"], 1)
        found = {i["name"]: i for i in status["interfaces"]}
        self.assertEqual(found["eth1"]["table"], 1001)
        self.assertEqual(found["eth1"]["mac"], "00:16:3e:12:e7:01")
        self.assertTrue(found["eth1"]["present"] and found["eth1"]["converged"])
        self.assertTrue(found["eth1"]["owned"])
        self.host.ip("route del default table 1001")
        status = self.rtsetup("status", "--format", "json", "--detailed-exitcode", expect=2).json
        found = {i["name"]: i for i in status["interfaces"]}
        self.assertFalse(found["eth1"]["converged"])
        self.assertIn("default via 10.0.0.253", json.dumps(found["eth1"]["differences"]))
        self.assertTrue(found["eth2"]["converged"])

    def test_verbose_shows_the_stages(self):
        result = self.apply(GUIDE, "--verbose")
        for stage in ("read", "observe", "plan", "perform", "verify"):
            self.assertIn(stage, result.text)

    def test_quiet_says_nothing(self):
        result = self.apply(GUIDE, "--quiet")
        self.assertEqual(result.text, "")

    def test_colour_only_when_asked_or_on_a_terminal(self):
        self.write(GUIDE)
        self.assertNotIn("\x1b", self.rtsetup("plan").text)
        self.assertIn("\x1b", self.rtsetup("plan", "--color", "always").out)
        environment = dict(os.environ, NO_COLOR="1")
        self.assertNotIn("\x1b", self.rtsetup("plan", env=environment).out)

    def test_an_empty_list_of_interfaces_is_an_error(self):
        """Else a generator's mistake would take everything down."""
        self.write("{ Version = 1; Interfaces = ( ); }")
        self.rtsetup("apply", expect=65)


if __name__ == "__main__":
    main()
