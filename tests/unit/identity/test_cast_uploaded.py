"""The pictures of a cast are looked at several at a time; what became of them is told in the order they were sent in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chassis.errors import DependencyUnavailable
from chassis.kafka.bus import Origin
from contracts.blobs import PictureRef
from contracts.events import CastPictures, CastUploaded, FacebankUpdated, PictureVerdict
from services.identity.facebank.cast import Answer
from services.identity.handlers import PICTURES_READ_AT_ONCE, FacebankHandlers
from services.identity.settings import IdentitySettings

ORIGIN = Origin(event_id="e", time=datetime.now(UTC), topic=CastUploaded.TOPIC)
NAMES = [f"{number}.jpg" for number in range(11)]
CAST = CastUploaded(
    show="my-show",
    request_id="r",
    cast=(
        CastPictures(
            cast_id="ada",
            name="Ada",
            pictures=tuple(PictureRef(uri=f"s3://b/{one}", sha256="0" * 64, bytes=3, filename=one) for one in NAMES),
        ),
    ),
)


@dataclass
class Looking:
    """An examiner for whom the first pictures take longest, in a show of which nothing is known."""

    now: int = 0
    most: int = 0
    failing: str = ""
    saved: list[PictureVerdict] = field(default_factory=list)

    def check_size(self, _size: int) -> None:
        """Every picture is small."""

    async def examine(
        self, _show: str, cast_id: str, filename: str, _data: bytes, *, ref: PictureRef
    ) -> tuple[PictureVerdict, None]:
        self.now += 1
        self.most = max(self.most, self.now)
        if filename == self.failing:
            self.now -= 1
            raise DependencyUnavailable("triton", "connection refused")
        await asyncio.sleep(0.02 / (1 + NAMES.index(filename)))
        self.now -= 1
        verdict = PictureVerdict(
            cast_id=cast_id, filename=ref.filename, accepted=False, code="no_face", message="None."
        )
        return verdict, None

    async def describe(self, _uri: str) -> tuple[int, None]:
        return 3, None

    async def get(self, _ref: object) -> bytes:
        return b"..."

    async def show(self, _show: str) -> None:
        """None is known."""

    async def answered(self, _show: str, _request_id: str) -> None:
        """It was not asked before."""

    async def save(self, _show: str, *, verdicts: list[PictureVerdict], **_more: object) -> Answer:
        self.saved = verdicts
        return Answer(revision=1, verdicts=tuple(verdicts))


def handlers(looking: Looking) -> FacebankHandlers:
    resources = SimpleNamespace(storage=looking, settings=IdentitySettings())
    return FacebankHandlers(cast(Any, resources), cast(Any, looking), cast(Any, looking))


async def test_several_pictures_are_looked_at_at_a_time_and_told_of_in_order() -> None:
    looking = Looking()
    (answer,) = await handlers(looking).cast_uploaded(CAST, ORIGIN)
    assert isinstance(answer, FacebankUpdated)
    assert [verdict.filename for verdict in answer.verdicts] == NAMES
    assert looking.most == PICTURES_READ_AT_ONCE


async def test_when_one_picture_cannot_be_looked_at_now_nothing_goes_on_behind_the_message_that_waits() -> None:
    looking = Looking(failing=NAMES[1])
    with pytest.raises(DependencyUnavailable):
        await handlers(looking).cast_uploaded(CAST, ORIGIN)
    assert (looking.now, looking.saved) == (0, [])
