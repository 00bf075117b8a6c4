"""Bad surroundings: a clear error, the right exit code, nothing lost."""

import fcntl
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

from case import ETH0, ETH1, FOUR, GUIDE, QUICK, Case, file, main
from vpc import NIC, VPC, A

NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
IN_A_MOUNT_NAMESPACE = ["unshare", "--mount", "sh", "-ec"]


class Faults(Case):
    def unchanged(self, expect, *words, prefix=(), **options):
        before = self.host.dump()
        result = self.rtsetup(*words, expect=expect, prefix=prefix, **options)
        self.assertSameDump(before)
        self.assertTrue(result.err.strip(), "no word about it")
        return result

    # Privilege

    def test_without_privilege_apply_and_teardown_are_refused(self):
        self.write(GUIDE)
        self.unchanged(77, "apply", prefix=NOBODY)
        self.apply()
        self.unchanged(77, "teardown", prefix=NOBODY)

    def test_plan_status_and_validate_need_no_privilege(self):
        path = self.write(GUIDE)
        for words in (["plan"], ["status"], ["validate", path]):
            self.rtsetup(*words, prefix=NOBODY)

    def test_a_file_that_others_can_write_is_refused_by_apply_only(self):
        path = Path(self.write(GUIDE))
        path.chmod(0o666)
        self.assertIn("chmod go-w", self.unchanged(77, "apply").err)
        self.assertIn("warning", self.rtsetup("plan").text)

    def test_a_file_of_another_owner_is_refused(self):
        path = self.write(GUIDE)
        os.chown(path, 12345, 12345)
        self.unchanged(77, "apply")

    def test_a_fifo_is_not_a_file(self):
        path = f"{self.vpc.folder}/rtsetup.plist"
        os.mkfifo(path, 0o600)
        self.unchanged(77, "apply", timeout=10)

    def test_no_main_file(self):
        self.unchanged(66, "apply")

    # /proc/sys and the state folder

    def test_a_read_only_proc_sys(self):
        self.write(FOUR)
        before = self.host.dump()
        script = 'mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; exec "$@"'
        result = self.rtsetup("apply", prefix=[*IN_A_MOUNT_NAMESPACE, script, "sh"], expect=1)
        self.assertSameDump(before)
        self.assertIn("Read-only file system", result.err)

    def test_a_full_state_folder(self):
        self.write(FOUR)
        folder = f"{self.vpc.folder}/run"
        os.mkdir(folder)
        script = (f"mount -t tmpfs -o size=4k none {folder}; "
                  f"head -c 4096 /dev/zero >{folder}/ballast || true; exec \"$@\"")
        self.unchanged(74, "apply", prefix=[*IN_A_MOUNT_NAMESPACE, script, "sh"])

    def test_a_state_folder_that_is_a_file(self):
        self.write(FOUR)
        Path(self.vpc.folder, "run").write_text("")
        self.unchanged(74, "apply")

    def test_a_corrupt_state_folder(self):
        self.apply(FOUR)
        for content in (b"", b"\0\xff garbage", b'{"version":1,'):
            damaged = 0
            for path in Path(self.vpc.folder, "run").rglob("*"):
                if path.is_file() and "lock" not in path.name:
                    path.write_bytes(content)
                    damaged += 1
            self.assertGreater(damaged, 0)
            with self.subTest(content=content):
                result = self.unchanged(74, "apply")
                self.assertIn(self.vpc.folder, result.err)

    # Two callers, and signals

    def locks(self):
        found = [path for path in Path(self.vpc.folder, "run").rglob("*") if "lock" in path.name]
        self.assertTrue(found, "no lock file in the state folder")
        return found

    def test_a_second_caller_waits_and_then_gives_up(self):
        self.apply(GUIDE)
        held = [open(path, "rb") for path in self.locks()]
        for lock in held:
            self.addCleanup(lock.close)
            fcntl.flock(lock, fcntl.LOCK_EX)
        for patience in (0, 1):
            begin = time.monotonic()
            self.unchanged(75, "apply", "--lock-timeout", str(patience))
            self.assertGreaterEqual(time.monotonic() - begin, patience)
        waiting = self.start("apply", "--lock-timeout", "10")
        time.sleep(0.3)
        self.assertIsNone(waiting.poll())
        for lock in held:
            fcntl.flock(lock, fcntl.LOCK_UN)
        self.assertEqual(waiting.wait(timeout=10), 0, waiting.stderr.read())

    def test_a_lock_file_left_behind_stops_nobody(self):
        self.apply(GUIDE)
        for path in self.locks():
            self.assertTrue(stat.S_ISREG(path.stat().st_mode))
        self.assertNothingToDo()

    def test_two_callers_at_once_end_in_one_state(self):
        self.apply(FOUR)
        wanted = self.host.dump()
        self.teardown()
        both = [self.start("apply") for _ in range(2)]
        self.assertEqual([child.wait(timeout=30) for child in both], [0, 0])
        self.assertSameDump(wanted)


class Signals(Case):
    ADDRESSES = 120

    def make_vpc(self):
        """One NIC with many addresses, so that an apply takes a while."""
        return VPC([NIC("eth0", A, ["10.0.0.19", A.host6(19)])])

    def add_nic(self):
        self.host.ip("link add eth7 type veth peer name eth7peer",
                     "link set eth7peer up")
        self.host.sysctl("net.ipv6.conf.eth7peer.disable_ipv6", 1)

    def test_sigterm_in_the_middle_is_all_or_nothing(self):
        addresses = ", ".join(f'"10.64.0.{n}/24"' for n in range(1, self.ADDRESSES))
        # `address` takes a rule for each: many changes to be interrupted in.
        self.add_nic()
        text = file(ETH0, f'Name = eth7; Addresses = ( {addresses} ); Gateway = "10.64.0.253"; '
                    "RuleSource = address; Table = 1007;")
        before = self.host.dump()
        self.write(text)
        begin = time.monotonic()
        first = self.start("apply")
        out, err = first.communicate(timeout=20)
        # Of the run alone: what it takes to settle is many times as long.
        duration = time.monotonic() - begin
        self.assertEqual(first.returncode, 0, out + err)
        self.host.settle()
        wanted = self.host.dump()
        self.teardown()
        seen = set()
        rounds = 8 if QUICK else 30
        # Between these the handler stands and the run goes on; how long that takes changes with
        # what else the machine does.
        early, late = 0.0, duration
        for step in range(60):
            if step >= rounds and 1 in seen:
                break
            with self.subTest(step=step):
                child = self.start("apply")
                delay = early + (late - early) * (step * 0.618 % 1)
                time.sleep(delay)
                child.send_signal(signal.SIGTERM)
                out, err = child.communicate(timeout=20)
                seen.add(child.returncode)
                # Before its handler stands, the signal ends it as any process, nothing done.
                self.assertIn(child.returncode, (0, 1, -signal.SIGTERM), out + err)
                self.assertSameDump(wanted if child.returncode == 0 else before)
                if child.returncode == 0:
                    late = (late + delay) / 2
                    self.teardown()
                elif child.returncode == -signal.SIGTERM:
                    early = (early + delay) / 2
        self.assertIn(1, seen, "no round was interrupted and undone")

    def test_a_closed_pipe_leaves_nothing_half_done(self):
        self.add_nic()
        self.write(file(ETH0, ETH1.replace("eth1", "eth7")))
        reader, writer = os.pipe()
        os.close(reader)
        with self.host.entered():
            child = subprocess.Popen(self.command("apply"), stdout=writer, stderr=writer)
        os.close(writer)
        child.wait(timeout=10)
        self.assertNothingToDo()


class Vanishing(Case):
    def test_an_interface_that_comes_and_goes_crashes_nothing(self):
        self.write(file(ETH0, 'Name = gone0; Addresses = ( "10.50.0.5/24" ); '
                              'Gateway = "10.50.0.1"; Table = 1005;'))
        stop = f"{self.vpc.folder}/stop"
        self.host.start(
            "sh", "-c", f"while [ ! -e {stop} ]; do ip link add gone0 type veth peer name enog0; "
            "ip link del gone0; done", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        codes = set()
        for _ in range(10 if QUICK else 40):
            result = self.rtsetup("apply", expect=None)
            codes.add(result.code)
            self.assertIn(result.code, (0, 1, 69, 71), result.text)
        Path(stop).write_text("")
        time.sleep(0.2)
        self.host.run("ip", "link", "del", "gone0", check=False)
        self.apply()
        self.assertNothingToDo()

    def test_a_host_without_ipv6_addresses_is_served_in_ipv4(self):
        self.host.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        self.apply(GUIDE)
        self.assertNothingToDo()


if __name__ == "__main__":
    main()
