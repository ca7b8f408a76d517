"""The console alone answers for its files, and for nothing that is the API's."""

from __future__ import annotations

import httpx
import pytest

from chassis.errors import BadInput
from chassis.settings import ChassisSettings
from screenalytics import console_files, console_server


async def test_it_serves_the_page_and_no_part_of_the_api() -> None:
    settings = ChassisSettings.model_validate({"s3": {"public_endpoint_url": "https://media.example"}})
    transport = httpx.ASGITransport(app=console_server.build(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        page = await client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert "connect-src 'self' https://media.example" in page.headers["content-security-policy"]
        assert (await client.get("/episodes")).status_code == 404
        assert (await client.get("/openapi.json")).status_code == 404


def test_without_its_files_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_files, "folder", lambda: None)
    with pytest.raises(BadInput, match="not installed"):
        console_server.build(ChassisSettings())
