"""Whom to trust is read where somebody shows a certificate."""

from __future__ import annotations

import ssl

import pytest

from chassis.s3.storage import Storage
from chassis.settings import S3Settings


@pytest.mark.parametrize(("endpoint", "times"), [("http://127.0.0.1:1", 0), ("https://127.0.0.1:1", 1)])
async def test_certificates_are_read_for_https_alone(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, times: int
) -> None:
    read: list[object] = []
    before = ssl.SSLContext.load_verify_locations

    def noted(context: ssl.SSLContext, *places: object) -> None:
        read.append(places)
        before(context, *places)  # type: ignore[arg-type]

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    async with Storage.connect(S3Settings(endpoint_url=endpoint, access_key="a", secret_key="b")) as storage:
        assert not await storage.reachable()
    assert len(read) == times
