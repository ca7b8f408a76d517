"""Downloads the files of a result."""

from __future__ import annotations

import asyncio
from pathlib import Path

from chassis.s3.storage import Storage
from contracts.events import ScreenTimeReported

HEADLINE_FILES = ("screen_time.json", "screen_time.csv", "screen_time.parquet", "report.html")
"""Files that lie at the top of the output folder; everything is in `manifests/`, the report excepted."""


async def download(storage: Storage, report: ScreenTimeReported, folder: Path) -> list[Path]:
    """Write every file of the result into `folder`; returns their paths."""

    async def fetch(name: str) -> list[Path]:
        data = await storage.get(report.manifests[name])
        targets = [folder / name] if name in HEADLINE_FILES else []
        if name != "report.html":
            targets.append(folder / "manifests" / name)
        for target in targets:
            partial = target.with_name(f".{target.name}.part")
            partial.write_bytes(data)
            partial.replace(target)
        return targets

    written = await asyncio.gather(*(fetch(name) for name in sorted(report.manifests)))
    return sorted(path for paths in written for path in paths)
