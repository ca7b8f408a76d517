"""SecantusDB as the embedded server of the MongoDB protocol.

It is a GPL program: it runs as a process of its own, through its console script, and is never imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from screenalytics.local.servers.child import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import mongo_answers, port_accepts
from screenalytics.local.servers.programs import secantusdb_program

_CONFIGURATION = "secantusd.toml"


class SecantusDB(ChildProcess):
    """A single-node MongoDB-protocol server on `uri`; its data is in the directory and survives a restart."""

    port_names = ("mongo",)
    # SIGTERM takes it 2 s, now and then much longer. SIGKILL loses no journalled write that was acknowledged (measured:
    # 4 kills, 13223 writes, none lost), and ours are all journalled, so it need not be waited for.
    stop_grace_seconds = 4.0

    def __init__(
        self,
        *,
        directory: Path,
        log_path: Path,
        fixed_ports: Mapping[str, int] | None = None,
        preferred_ports: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(
            name="SecantusDB",
            directory=directory,
            log_path=log_path,
            fixed_ports=fixed_ports,
            preferred_ports=preferred_ports,
        )

    @property
    def uri(self) -> str:
        return f"mongodb://{LOOPBACK}:{self.ports['mongo']}/?directConnection=true"

    def command(self) -> Sequence[str]:
        # An explicit, empty configuration keeps it from picking up one from the system.
        (self.directory / _CONFIGURATION).touch()
        return [
            secantusdb_program(),
            f"--config={self.directory / _CONFIGURATION}",
            f"--host={LOOPBACK}",
            f"--port={self.ports['mongo']}",
            f"--storage-path={self.directory / 'data'}",
            "--log-level=WARNING",
        ]

    async def probe(self) -> bool:
        return await port_accepts(self.ports["mongo"]) and await mongo_answers(self.uri)
