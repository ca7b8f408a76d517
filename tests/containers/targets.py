"""Our own images, as the Dockerfile makes them."""

from __future__ import annotations

from pathlib import Path

from tests.containers.engine import run

TARGETS = {"service": "screenalytics:local", "triton": "screenalytics-triton:local"}
"""Target of the Dockerfile -> the name that compose and the local overlay use."""


def build_targets(checkout: Path, log: Path) -> None:
    """Both targets, with nothing but the checkout and package registries."""
    for target, name in TARGETS.items():
        command = ["docker", "build", "--target", target, "--tag", name, str(checkout)]
        run(*command, environment={"DOCKER_BUILDKIT": "0"}, within_s=3600, into=log)
