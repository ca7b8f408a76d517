"""The console's files are served with their own rules, and nothing else of the server is touched."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from chassis.settings import S3Settings
from screenalytics.console_files import ConsoleFiles, content_security_policy, folder, read, store_origin

POLICY = content_security_policy("http://127.0.0.1:8333")


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>page")
    (tmp_path / "assets" / "index-abc.js").write_text("let a = 1;" * 500)
    (tmp_path / "sources.sha256").write_text("0")
    api = PlainTextResponse("the API")
    transport = httpx.ASGITransport(app=ConsoleFiles(api, read(tmp_path), POLICY))
    return httpx.AsyncClient(transport=transport, base_url="http://console")


async def test_the_page_is_asked_for_each_time_and_may_load_only_what_is_ours(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.text.endswith("page")
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    again = await client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_is_named_by_its_content_is_kept_for_ever_and_sent_zipped(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == "let a = 1;" * 500
    assert int(answer.headers["content-length"]) == len(gzip.compress(answer.content, 9, mtime=0))
    plain = await client.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("path", ["/episodes", "/assets/other.js", "/assets/../index.html/x", "/sources.sha256"])
async def test_every_other_path_is_the_apis(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).text == "the API"


async def test_nothing_can_be_sent_to_the_page(client: httpx.AsyncClient) -> None:
    assert (await client.post("/")).text == "the API"


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"endpoint_url": "http://store:8333"}, "http://store:8333"),
        ({"endpoint_url": "http://store:8333", "public_endpoint_url": "https://s3.example/x"}, "https://s3.example"),
        ({"endpoint_url": None, "bucket": "b", "region": "eu-west-1"}, "https://b.s3.eu-west-1.amazonaws.com"),
    ],
)
def test_videos_come_from_where_presigned_addresses_lead(settings: dict[str, str], origin: str) -> None:
    assert store_origin(S3Settings.model_validate(settings)) == origin
    assert f"media-src 'self' {origin}" in content_security_policy(origin)


def test_a_source_tree_has_the_files() -> None:
    found = folder()
    assert found is not None
    assert {"/", "/icon.svg"} <= read(found).keys()
