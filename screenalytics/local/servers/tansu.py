"""Tansu as the embedded Kafka broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from screenalytics.local.servers.child import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import kafka_knows_itself
from screenalytics.local.servers.programs import tansu_program
from screenalytics.local.servers.seaweedfs import REGION, SeaweedFS

BUCKET = "tansu"


class Tansu(ChildProcess):
    """A Kafka broker on `bootstrap_servers`: in memory, or with its log in the bucket `tansu` of a SeaweedFS.

    In memory everything is gone when it ends, and clients that live on go wrong in a bad way: producers keep getting
    acknowledgements for records that nobody will read. Whoever restarts it must restart every client (`is_volatile`).
    """

    port_names = ("kafka",)
    # With clients connected SIGTERM takes it 5 s. SIGKILL loses nothing that was acknowledged (measured with the log
    # in S3: 5 kills, 2799 records, none lost), so it is given no time.
    stop_grace_seconds = 1.0

    def __init__(
        self,
        *,
        directory: Path,
        log_path: Path,
        storage: SeaweedFS | None = None,
        advertised_port: int | None = None,
        fixed_ports: Mapping[str, int] | None = None,
        preferred_ports: Mapping[str, int] | None = None,
    ) -> None:
        """`storage` must be running, with the bucket `tansu`, before this is started.

        `advertised_port` is where clients are sent, by default the port it listens on; another one lets everything go
        through a proxy.
        """
        super().__init__(
            name="Tansu",
            directory=directory,
            log_path=log_path,
            fixed_ports=fixed_ports,
            preferred_ports=preferred_ports,
        )
        self._storage = storage
        self._advertised_port = advertised_port

    @property
    def is_volatile(self) -> bool:
        return self._storage is None

    @property
    def bootstrap_servers(self) -> str:
        return f"{LOOPBACK}:{self._advertised_port or self.ports['kafka']}"

    def command(self) -> Sequence[str]:
        return [
            tansu_program(),
            "broker",
            f"--listener-url=tcp://{LOOPBACK}:{self.ports['kafka']}",
            f"--advertised-listener-url=tcp://{self.bootstrap_servers}",
            f"--storage-engine={'memory' if self._storage is None else 's3'}://{BUCKET}/",
        ]

    def environment(self) -> Mapping[str, str]:
        if self._storage is None:
            return {"RUST_LOG": "warn"}
        return {
            "RUST_LOG": "warn",
            "AWS_ACCESS_KEY_ID": self._storage.access_key,
            "AWS_SECRET_ACCESS_KEY": self._storage.secret_key,
            "AWS_ENDPOINT": self._storage.endpoint_url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": REGION,
        }

    async def probe(self) -> bool:
        """It answers from its log: it listens before it has looked whether the S3 server has that ready."""
        return await kafka_knows_itself(self.ports["kafka"])
