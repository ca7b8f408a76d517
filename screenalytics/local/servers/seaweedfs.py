"""SeaweedFS as the embedded S3 server (`weed mini`: master, volume, filer and S3 gateway in one process)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from screenalytics.local.servers.child import ChildProcess
from screenalytics.local.servers.ports import LOOPBACK
from screenalytics.local.servers.probes import http_answers_ok, http_keeps
from screenalytics.local.servers.programs import seaweedfs_program

REGION = "us-east-1"

# Measured: without a limit the Go heap grows to 860 MB under 8 MB objects. Under what an episode writes and reads it
# takes 210 to 260 MiB with 500 MiB and 140 with 350, for the same processor time; with 300 it takes two thirds more.
_MEMORY_LIMIT = "350MiB"
# Measured by turns on two cores: with one thread for all its Go code it takes a quarter less without work (0.56 % of a
# core, 0.76 with two) and 15 % less of the processor for what it stores and reads, which takes as long.
_THREADS = "1"
_PROOF = "/readiness"
"""A file beside the buckets, so that no client of S3 sees it."""


class SeaweedFS(ChildProcess):
    """S3 on `endpoint_url`, with `buckets` made at the first start.

    A put into an unknown bucket fails with NoSuchBucket, as on AWS. Keys are new for every start of the stack; nobody
    without them can read or write through S3.
    """

    port_names = (
        "s3",
        "s3_grpc",
        "master",
        "master_grpc",
        "volume",
        "volume_grpc",
        "filer",
        "filer_grpc",
        "admin",
        "admin_grpc",
    )

    def __init__(
        self,
        *,
        directory: Path,
        log_path: Path,
        buckets: Sequence[str],
        fixed_ports: Mapping[str, int] | None = None,
        preferred_ports: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(
            name="SeaweedFS",
            directory=directory,
            log_path=log_path,
            fixed_ports=fixed_ports,
            preferred_ports=preferred_ports,
        )
        self.buckets = tuple(buckets)
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)

    @property
    def endpoint_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['s3']}"

    def command(self) -> Sequence[str]:
        port_flags = [f"-{name.replace('_', '.port.')}={port}" for name, port in self.ports.items() if "_" in name]
        port_flags += [f"-{name}.port={port}" for name, port in self.ports.items() if "_" not in name]
        return [
            seaweedfs_program(),
            "-logtostderr=true",  # by default files in the directory for temporary ones, which nobody removes
            "mini",
            f"-dir={self.directory}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            *port_flags,
            f"-bucket={','.join(self.buckets)}",
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-filer.localSocket={self._socket('filer')}",
            f"-s3.localSocket={self._socket('s3')}",
            "-master.telemetry=false",
            "-admin.ui=false",
            "-webdav=false",
        ]

    def environment(self) -> Mapping[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "GOMEMLIMIT": _MEMORY_LIMIT,
            "GOMAXPROCS": _THREADS,
        }

    def leftovers(self) -> Sequence[str]:
        """The gRPC sockets, whose place cannot be chosen, and the two that would not fit into a deep directory."""
        grpc_sockets = [
            f"/tmp/seaweedfs-{name.removesuffix('_grpc')}-grpc-{port}.sock"
            for name, port in self.ports.items()
            if name.endswith("_grpc")
        ]
        own_sockets = [self._socket(name) for name in ("filer", "s3") if name in self.ports]
        return [*grpc_sockets, *own_sockets]

    async def probe(self) -> bool:
        """Healthy, every bucket is there, and what was stored can be read.

        The gateway says that it is healthy a moment before the buckets are made, and lists what it kept a moment before
        its volumes have reported: until then every object is an internal error.
        """
        if not await http_answers_ok(self.ports["s3"], "/healthz"):
            return False
        for bucket in self.buckets:
            if not await http_answers_ok(self.ports["filer"], f"/buckets/{bucket}/?limit=1"):
                return False
        return await http_keeps(self.ports["filer"], _PROOF, b"kept")

    def _socket(self, name: str) -> str:
        """Not in the data directory: a socket's path is limited to 107 bytes, a directory's is not."""
        return f"/tmp/seaweedfs-{name}-{self.ports[name]}.sock"
