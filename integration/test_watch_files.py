"""`watch` where the kernel watches no more files for its user, as on a crowded Kubernetes node."""

from pathlib import Path

from case import file, main
from watching import Watching


class NoWatches(Watching):
    # The limit is that of a user namespace, so the host's is left alone; that has no say in a
    # network namespace made outside, so it gets one of its own.
    LIMIT = "/proc/sys/user/max_inotify_watches"

    def command(self, *words):
        command = super().command(*words)
        if words[0] != "watch":
            return command
        script = (f"echo 0 > {self.LIMIT}; ip link add eth7 type veth peer name eth7peer; "
                  'exec "$@"')
        return ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script, "sh",
                *command]

    def inside(self, *command):
        return self.host.run("nsenter", "--target", str(self.process.pid), "--user", "--net",
                             "--preserve-credentials", *command).stdout

    def record(self):
        """What it tells `status`."""
        return "".join(path.read_text(encoding="utf-8")
                       for path in Path(self.vpc.folder).glob("run/*/watch.plist"))

    def test_it_says_so_keeps_the_host_and_follows_the_files_once_it_can(self):
        self.watch(text=file('Name = eth7; MTU = 1400;'))
        self.untilLogged("cannot watch files: No space left on device")
        self.assertIn("fs.inotify.max_user_watches", self.said)
        self.assertIn("mtu 1400", self.inside("ip", "link", "show", "eth7"))
        self.until(lambda: "Changed files go unnoticed" in self.record(), "hold")
        # The kernel is kept as it should be all the same, and what stands is said once.
        # Looks that this brings about put the next attempt no further off.
        for mtu in range(1450, 1454):
            self.inside("ip", "link", "set", "eth7", "mtu", str(mtu))
            self.until(lambda: "mtu 1400" in self.inside("ip", "link", "show", "eth7"), "repair")
        self.write(file('Name = eth7; MTU = 1390;'))
        self.inside("sh", "-c", f"echo 1000 > {self.LIMIT}")
        self.untilLogged("the files are followed again", timeout=10)
        self.until(lambda: "mtu 1390" in self.inside("ip", "link", "show", "eth7"), "change")
        self.write(file('Name = eth7; MTU = 1380;'))
        self.until(lambda: "mtu 1380" in self.inside("ip", "link", "show", "eth7"), "change")
        self.until(lambda: "go unnoticed" not in self.record(), "end of it")
        self.assertEqual(self.said.count("cannot watch files"), 1, self.said)
        self.stop()


if __name__ == "__main__":
    main()
