"""What somebody can do who has taken over a worker: its user in MongoDB and its keys to the bucket."""

from __future__ import annotations

import pytest

from contracts.events import Stage
from tests.deploy.rights import master_of, with_just_their_rights
from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.hostile.wire import tally

WORKERS: tuple[Stage, ...] = ("detector", "embedder")
UNAUTHORIZED = 13
COMMANDS = (
    {"find": "api_keys"},
    {"insert": "api_keys"},
    {"find": "facebanks"},
    {"find": "facebank_pictures"},
    {"find": "people"},
    {"delete": "audit"},
    {"dropDatabase": "api_keys"},
)
FOLDERS = ("raw/facebank/", "artifacts/manifests/")


async def _plant(target: Target) -> None:
    """Something to find in the folders of others."""
    async with target.bucket() as storage:
        for folder in FOLDERS:
            await storage.put(f"{folder}my-show/a.json", b"{}")


async def _as_a_worker(target: Target) -> str:
    answers: list[str] = []
    async with with_just_their_rights(target.stack.environment(), master_of(target.stack), WORKERS) as limited:
        for worker in WORKERS:
            codes = await limited.codes_of(worker, *COMMANDS)
            answers += ["refused" if code == UNAUTHORIZED else f"MongoDB said {code}" for code in codes]
            for folder in FOLDERS:
                try:
                    await limited.assert_objects_are_closed_to(worker, folder)
                    answers.append("refused")
                except (Exception, pytest.fail.Exception) as error:
                    answers.append(f"{worker} {folder}: {type(error).__name__}")
    return tally(answers)


ATTACKS = (
    Attack(
        family="rights",
        name="a taken-over worker: keys, people, pictures, reports",
        prepare=_plant,
        run=_as_a_worker,
        expected="refused",
        within_s=120.0,
    ),
)
