from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.screenalytics.local.servers.scripted_server import LISTEN, MakeServer, ScriptedServer


@pytest.fixture
def make_server(tmp_path: Path) -> MakeServer:
    """Makes a ScriptedServer in the test's folder."""

    def make(name: str = "server", *, script: str = LISTEN, port: int | None = None) -> ScriptedServer:
        server = ScriptedServer(
            name=name,
            directory=tmp_path / name,
            log_path=tmp_path / f"{name}.log",
            fixed_ports={"tcp": port} if port is not None else None,
        )
        server.script = script
        return server

    return make
