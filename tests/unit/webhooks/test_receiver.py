"""The receiver in docs/webhooks.md takes what we send, and prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.events import ScreenTimeReported
from screenalytics.local.servers.ports import choose_free_port
from services.webhooks.sending.sender import Sender
from services.webhooks.settings import WebhookSettings
from services.webhooks.subscriptions.messages import message_of, secret_text
from services.webhooks.subscriptions.subscription import EVENT_NAMES
from tests.support.examples import EXAMPLES
from tests.support.rig import until

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
SECRET, ANOTHER = secret_text(bytes(32)), secret_text(bytes(range(32)))
SETTINGS = WebhookSettings(allowed_networks=("127.0.0.0/8",), allow_http=True)


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return str(found)


async def test_the_receiver_prints_what_the_page_says(tmp_path: Path) -> None:
    report = next(event for event in EXAMPLES if isinstance(event, ScreenTimeReported))
    message = message_of(report, report.event_id, datetime.now(UTC))
    port = choose_free_port()
    environment = os.environ | {"WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    process = subprocess.Popen(  # noqa: ASYNC220 - reads a line and is ended
        [sys.executable, "-c", block("python")],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        async with Sender.connected(SETTINGS) as sender:
            url = f"http://127.0.0.1:{port}/hook"

            async def is_refused() -> bool:
                return (await sender.send(url, message, [ANOTHER])).status == 401

            await until("the receiver refuses another secret", is_refused)
            assert (await sender.send(url, message, [ANOTHER, SECRET])).status == 204
        assert process.stdout is not None
        assert process.stdout.readline() == block("text")
    finally:
        process.kill()
        process.communicate()


def test_every_event_and_setting_that_the_page_names_is_there() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in EVENT_NAMES if f"`{name}`" not in text] == []
    named = re.findall(r"SCREENALYTICS_WEBHOOKS__([A-Z0-9_]+)", text)
    assert len(named) == text.count("SCREENALYTICS_")
    assert {name.lower() for name in named} <= set(WebhookSettings.model_fields)


@pytest.mark.parametrize(
    ("words", "rule"), [("16 tries", "max_tries"), ("5 seconds", "backoff_first_s"), ("6 hours", "backoff_max_s")]
)
def test_the_numbers_of_the_page_are_the_settings(words: str, rule: str) -> None:
    value = getattr(WebhookSettings(), rule)
    assert words in PAGE.read_text("utf-8")
    assert int(words.split(maxsplit=1)[0]) == (value / 3600 if "hours" in words else value)
