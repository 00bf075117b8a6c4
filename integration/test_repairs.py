"""What others have done to a configured host, and what an edit must not trip over."""

from case import ETH0, ETH1, Case, file, main


def nic(name, *addresses, gateway="10.0.0.253", more=""):
    quoted = ", ".join(f'"{address}"' for address in addresses)
    return f"Name = {name}; Addresses = ( {quoted} ); Gateway = {gateway}; {more}"


class Repairs(Case):
    ipv6 = False

    def test_connected_routes_that_somebody_flushed_are_put_back(self):
        self.apply(file(ETH0, nic("eth1", "10.0.0.20/24", "10.0.0.30/24")))
        before = self.host.dump()
        self.host.ip("route flush table main dev eth1")
        told = self.apply().err
        self.assertEqual(told.count("lost the connected route 10.0.0.0/24 of eth1"), 1, told)
        self.assertSameDump(before)
        self.assertNothingToDo()

    def test_an_ipv6_address_moves_between_nics_of_one_subnet(self):
        gateway = '( "10.0.0.253", "2001:db8:0:1::ff" )'
        one, two = "2001:db8:0:1::20/64", "2001:db8:0:1::21/64"
        self.apply(file(ETH0, nic("eth1", "10.0.0.20/24", one, gateway=gateway),
                        nic("eth2", "10.0.0.21/24", two, gateway=gateway)))
        self.apply(file(ETH0, nic("eth1", "10.0.0.20/24", two, gateway=gateway),
                        nic("eth2", "10.0.0.21/24", one, gateway=gateway)))
        self.assertNothingToDo()
        self.assertNotIn("dadfailed", str(self.host.show("-6 addr show")))

    def test_an_address_that_another_nic_holds_is_a_conflict(self):
        self.host.ip("link set dev eth2 up")
        self.host.ip("addr add 10.0.0.20/24 dev eth2")
        text = file(ETH0, ETH1, "Name = eth2; Addressing = external;")
        self.assertIn("ip address del 10.0.0.20/24 dev eth2", self.apply(text, expect=69).err)

    def test_secondaries_survive_although_the_file_turns_promotion_off(self):
        off = 'Sysctl = { "ipv4.promote_secondaries" = 0; };'
        self.apply(file(ETH0, nic("eth1", "10.0.0.20/24", "10.0.0.30/24", more=off)))
        self.apply(file(ETH0, nic("eth1", "10.0.0.30/24", more=off)))
        self.assertNothingToDo()
        self.assertIn("10.0.0.30", str(self.host.show("-4 addr show dev eth1")))

    def test_foreign_rules_that_come_first_for_every_source_are_a_warning(self):
        self.host.ip("rule add priority 100 table main suppress_prefixlength 0")
        self.host.ip("rule add priority 500 goto 32766")
        err = self.apply(file(ETH0, ETH1)).err
        self.assertIn("100:", err)
        self.assertIn("500:", err)


if __name__ == "__main__":
    main()
