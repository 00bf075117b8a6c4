"""A running `rtsetup watch`, its service manager, and how to wait for what it does."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

from case import Case


class Manager:
    """The other end of $NOTIFY_SOCKET."""

    def __init__(self, path, space=None):
        make = space.socket if space else socket.socket
        self._socket = make(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self.path = "@" + path[1:] if path.startswith("\0") else path
        self.said = []

    def wait(self, line, timeout=10.0):
        """The message that holds this line, or begins a line with it where it ends in `=`."""
        end = time.monotonic() + timeout
        while (rest := end - time.monotonic()) > 0:
            self._socket.settimeout(rest)
            with contextlib.suppress(TimeoutError):
                lines = self._socket.recv(4096).decode().split("\n")
                self.said.append(lines)
                if any(l == line or line.endswith("=") and l.startswith(line) for l in lines):
                    return lines
        raise AssertionError(f"no {line} within {timeout} s, but {self.said}")

    def hear(self):
        """What has been said and not been read yet."""
        self._socket.setblocking(False)
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self._socket.recv(4096).decode().split("\n"))
        return found

    def close(self):
        self._socket.close()


class Watching(Case):
    """Starts `watch` on the host of a VPC and waits for what it does."""

    _numbers = iter(range(1 << 30))

    def watch(self, *words, text=None, manager=None, expect_ready=True, environment=()):
        """Returns the process; `ready` has been told unless that is not expected."""
        if text is not None:
            self.write(text)
        number = next(self._numbers)
        self.log_path = Path(self.vpc.folder) / f"watch-{number}.log"
        if manager is None:
            manager = Manager(f"{self.vpc.folder}/notify-{number}")
            self.addCleanup(manager.close)
        self.manager = manager
        variables = {k: v for k, v in os.environ.items()
                     if k not in ("JOURNAL_STREAM", "INVOCATION_ID")}
        variables |= {"NOTIFY_SOCKET": manager.path} | dict(environment)
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = self.host.start(
                *self.command("watch", *words), stdout=log, stderr=log, env=variables)
        if expect_ready:
            try:
                manager.wait("READY=1")
            except AssertionError as error:
                self.fail(f"{error}\n{self.said}")
        return self.process

    @property
    def said(self):
        return self.log_path.read_text(encoding="utf-8")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), 0, self.said)

    def until(self, condition, what, timeout=5.0):
        """Waits for it, and returns the seconds that took."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > timeout:
                self.fail(f"no {what} within {timeout} s\n{self.said}")
            time.sleep(0.005)
        return time.monotonic() - start

    def untilLogged(self, words, timeout=5.0):
        return self.until(lambda: words in self.said, f"'{words}' in the log", timeout)

    def untilWhole(self, timeout=5.0):
        """Nothing is left to do."""
        def is_whole():
            return self.rtsetup("plan", "--detailed-exitcode", expect=None).code == 0
        return self.until(is_whole, "whole host", timeout)

    def hold(self):
        """Why `watch` leaves something as it is, as `status` tells it."""
        return self.rtsetup("status", "--format", "json", expect=None).json["hold"]

    def rule(self, source, family="-4"):
        """The table that a source's rule leads to, or None."""
        for rule in self.host.show(f"{family} rule show"):
            if rule.get("src") == source and rule["priority"] == 20001:
                return rule["table"]
        return None

    def routes(self, table, family="-4"):
        return {r["dst"] for r in self.host.show(f"{family} route show table {table}")}

    def ticks(self):
        """User and system time of the process, in hundredths of a second."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def rss(self):
        """Resident memory in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0])

    def switches(self):
        """How often the process has slept or was put to sleep."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return [line for line in status.splitlines() if "ctxt_switches" in line]
