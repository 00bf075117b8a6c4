"""Failover on one host: rebind, its refusals, and what becomes of the bindings."""

import json
import os
import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

from case import ETH0, Case, file, main
import test_crash
from vpc import PEERS, Capture

FLOATING = "10.0.0.30"
FLOATING6 = "2001:db8:0:1::30"


def floating(address, more=""):
    return f'{{ Address = "{address}"; Floating = YES; {more} }}'


def eth(number, *addresses, more=""):
    """An ENI of subnet A with one address of its own a family, and these beside them."""
    host = 19 + number
    listed = ", ".join([f'"10.0.0.{host}/24"', f'"2001:db8:0:1::{host}/64"', *addresses])
    return (f"Name = eth{number}; Addresses = ( {listed} ); "
            f'Gateway = ( "10.0.0.253", "2001:db8:0:1::ff" ); Table = {1000 + number}; {more}')


TWO = file(ETH0, eth(1, floating(FLOATING + "/24"), floating(FLOATING6 + "/64")), eth(2))


class Rebinding(Case):
    def setUp(self):
        super().setUp()
        for name in ("eth1", "eth2"):
            self.vpc.grant(name, FLOATING, FLOATING6)

    def holders(self, address):
        """The links that have it, from the kernel."""
        return [link["ifname"] for link in self.host.show("addr show")
                for entry in link.get("addr_info", []) if entry.get("local") == address]

    def rebind(self, *words, expect=0, **options):
        return self.rtsetup("rebind", *words, expect=expect, **options)

    def dump(self):
        """With the rules of one priority in no order: they exclude each other."""
        dump = self.host.dump()
        return dump | {kind: sorted(dump[kind]) for kind in ("rules4", "rules6")}

    def assertHeldBy(self, name, *addresses):
        for address in addresses or (FLOATING, FLOATING6):
            self.assertEqual(self.holders(address), [name] if name else [], address)


class Moves(Rebinding):
    def test_an_address_moves_with_its_rules_and_comes_home(self):
        self.apply(TWO)
        home = self.dump()
        result = self.rebind(FLOATING, FLOATING6, "--to", "eth2")
        self.assertIn("10.0.0.30 is bound to eth2.", result.out)
        self.assertHeldBy("eth2")
        with Capture(self.vpc) as capture:
            for address in (FLOATING, FLOATING6):
                peer = PEERS["a"][":" in address]
                self.assertProbe(address, peer, capture, port="port2")
        self.assertNothingToDo()
        self.rebind(FLOATING, FLOATING6, "--to", "eth1")
        self.assertHeldBy("eth1")
        self.assertSameDump(home, "back home", after=self.dump())
        self.assertNothingToDo()
        self.teardown()


if __name__ == "__main__":
    main()
