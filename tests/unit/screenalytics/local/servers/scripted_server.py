"""A small program that stands for a server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from screenalytics.local.servers import ChildProcess
from screenalytics.local.servers.probes import port_accepts

LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    connection, _ = listener.accept()
    connection.close()
"""

HANG = """
import ctypes, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("hanging", flush=True)
ctypes.PyDLL(None).pause()
"""
"""Waits for ever and lets no other thread of Python run, as a model process does that waits for its server's lock."""

LEAVE_HANGING = f"""
import subprocess
child = subprocess.Popen([sys.executable, "-c", {HANG!r}], stdout=subprocess.PIPE, process_group=0)
child.stdout.readline()
"""


class ScriptedServer(ChildProcess):
    """A Python script that gets its port as argument; ready when the port accepts connections."""

    port_names = ("tcp",)
    stop_grace_seconds = 5.0
    script = LISTEN

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", self.script, str(self.ports["tcp"])]

    async def probe(self) -> bool:
        return await port_accepts(self.ports["tcp"])


class WatchedServer(ScriptedServer):
    """One that leaves a hanging child, and files beside its directory."""

    watched = True
    children_grace_seconds = 0.0
    script = "import sys\n" + LEAVE_HANGING + LISTEN

    def leftovers(self) -> Sequence[str]:
        return [str(self.directory.parent / "memory-*")]


MakeServer = Callable[..., ScriptedServer]
"""What the fixture `make_server` gives."""
