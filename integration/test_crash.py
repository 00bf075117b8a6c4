"""SIGKILL after each single change: the next apply converges, and teardown leaves nothing."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from case import ETH0, ETH1, ETH2, FOUR, QUICK, Case, file, main


COMPILER = shutil.which("cc") or shutil.which("clang") or "cc"


class Killing(Case):
    """kill_after.c, preloaded, cuts a send after the Nth request and kills the binary."""

    STEP = 7 if QUICK else 1

    def setUp(self):
        super().setUp()
        self.hook = f"{self.vpc.folder}/kill_after.so"
        source = Path(__file__).with_name("kill_after.c")
        subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", self.hook, source, "-ldl"],
                       check=True)

    def killed(self, after, *words):
        environment = dict(os.environ, LD_PRELOAD=self.hook, KILL_AFTER=str(after))
        result = self.rtsetup(*words, expect=None, env=environment)
        self.assertIn(result.code, (0, -signal.SIGKILL), result.text)
        return result.code != 0

    def sweep(self, words, prepare, judge):
        """Kills a run after 1, 2, 3 … changes until one is not killed any more."""
        after = 1
        while True:
            prepare()
            if not self.killed(after, *words):
                break
            with self.subTest(after=after):
                judge()
            after += self.STEP
        self.assertGreater(after, 1, "the run was never killed")
        return after


class Crash(Killing):
    def test_apply_on_a_fresh_host(self):
        fresh = self.host.dump()
        self.apply(FOUR)
        wanted = self.host.dump()
        self.teardown()

        def judge():
            self.apply()
            self.assertSameDump(wanted)
            self.teardown()
            self.assertSameDump(fresh)

        self.sweep(["apply"], lambda: None, judge)

    def test_teardown_straight_after_a_killed_apply_leaves_nothing(self):
        fresh = self.host.dump()
        self.write(FOUR)

        def judge():
            self.teardown()
            self.assertSameDump(fresh)

        self.sweep(["apply"], lambda: None, judge)

    def test_an_edit_of_a_configured_host(self):
        old = file(ETH0, ETH1 + " MTU = 1400; ReversePathFilter = off;", ETH2)
        new = file(ETH0, ETH1.replace("10.0.0.20/24", "10.0.0.30/24"),
                   ETH2.replace("1002", "1005") + " MTU = 1400;")
        fresh = self.host.dump()
        self.apply(old)
        self.apply(new)
        wanted = self.host.dump()

        def prepare():
            self.apply(old)
            self.write(new)

        def judge():
            self.apply()
            self.assertSameDump(wanted)

        self.sweep(["apply"], prepare, judge)
        self.teardown()
        self.assertSameDump(fresh)

    def test_another_prefix_length(self):
        """In between, the address is held elsewhere: nothing of that is left either."""
        body = 'Name = eth1; Addresses = ( "10.0.0.20/%d", "2001:db8:0:1::20/%d" ); Table = 1001;'
        old, new = (file(ETH0, body % lengths) for lengths in ((24, 64), (25, 96)))
        fresh = self.host.dump()
        self.apply(old)
        self.apply(new)
        wanted = self.host.dump()

        def prepare():
            self.apply(old)
            self.write(new)

        def judge():
            self.apply()
            self.assertSameDump(wanted)

        self.sweep(["apply"], prepare, judge)
        self.teardown()
        self.assertSameDump(fresh)

    def test_teardown(self):
        fresh = self.host.dump()
        self.write(FOUR)

        def judge():
            self.teardown()
            self.assertSameDump(fresh)

        self.sweep(["teardown"], self.apply, judge)


if __name__ == "__main__":
    main()
