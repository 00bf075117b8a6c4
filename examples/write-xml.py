#!/usr/bin/env python3
"""Writes xml.plist: what a program (an Ansible filter, a cloud agent) does instead of templating.

    python3 examples/write-xml.py > /etc/rtsetup/rtsetup.plist
"""

import plistlib
import sys

GATEWAY = "10.0.0.253"
SECONDARIES = {"eth1": ["10.0.0.20"], "eth2": ["10.0.0.21"]}

interfaces = [{"Name": "eth0", "Primary": True, "Addressing": "external"}]
for number, (name, addresses) in enumerate(SECONDARIES.items(), start=1):
    interfaces.append({
        "Name": name,
        "Addresses": [f"{address}/24" for address in addresses],
        "Gateway": GATEWAY,
        "Table": 1000 + number,
        "RouteMetric": 1000 + number,
        "ReversePathFilter": "loose",
    })

plistlib.dump({"Version": 1, "Interfaces": interfaces}, sys.stdout.buffer, sort_keys=False)
