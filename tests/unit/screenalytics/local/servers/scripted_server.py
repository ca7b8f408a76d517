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


class ScriptedServer(ChildProcess):
    """A Python script that gets its port as argument; ready when the port accepts connections."""

    port_names = ("tcp",)
    stop_grace_seconds = 5.0
    script = LISTEN

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", self.script, str(self.ports["tcp"])]

    async def probe(self) -> bool:
        return await port_accepts(self.ports["tcp"])


MakeServer = Callable[..., ScriptedServer]
"""What the fixture `make_server` gives."""
