"""Every native library that a wheel brings along is known with its licence, and the services work without the GPL ones."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from tests.deploy.checks import ROOT
from tests.support.videos import write_video

TABLE: dict[str, dict[str, str]] = tomllib.loads((ROOT / "deploy" / "native_libraries.toml").read_text("utf-8"))
NATIVE = re.compile(r"\.(so|dylib|dll)(\.\d|$)")
EXTENSION_MODULE = re.compile(r"\.(cpython-\d+[\w-]*|abi3)\.so$")
SEPARATE_PROGRAMS = {"secantusdb"}
"""Embedded servers: they run as processes of their own, in no image."""


def package(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def library(file_name: str) -> str:
    """`x264` of `libx264-d6533a8d.so.165`: without prefix, the hashes that builders add, and versions."""
    return re.sub(r"(-r0)?(-[0-9a-f]{8})*(\.\d[\d.]*)?\.(so|dylib|dll)\b.*$", "", file_name).removeprefix("lib")


def bundled() -> dict[str, set[str]]:
    """Package -> native libraries in its wheel that are no extension modules."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for distribution in importlib.metadata.distributions():
        for file in distribution.files or []:
            if NATIVE.search(file.name) and not EXTENSION_MODULE.search(file.name):
                found[package(distribution.name)].add(library(file.name))
    return dict(found)


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("libx264-d6533a8d.so.165", "x264"),
        ("libscipy_openblas64_-32a4b2a6.so", "scipy_openblas64_"),
        ("libopenblasp-r0-59ffcd50.3.15.so", "openblasp"),
        ("libgfortran-040039e1-0352e75f.so.5.0.0", "gfortran"),
        ("libopencore-amrnb-d72c52e2.so.0.0.5", "opencore-amrnb"),
        ("libxcb-shm-0be6dfbf.so.0.0.0", "xcb-shm"),
        ("libpng16-529cb57a.so.16.58.0", "png16"),
        ("libarrow_python.so.2600.1.0", "arrow_python"),
        ("libcrypto-5409cd36.so.1.1.1k", "crypto"),
        ("_wiredtiger.so", "_wiredtiger"),
    ],
)
def test_libraries_are_named_without_hash_and_version(file_name: str, name: str) -> None:
    assert library(file_name) == name


def test_every_bundled_library_is_in_the_table_with_its_licence() -> None:
    unknown = {name: sorted(there - TABLE.get(name, {}).keys()) for name, there in bundled().items()}
    assert {name: libraries for name, libraries in unknown.items() if libraries} == {}, (
        "read the licence of each in its sources and add it to deploy/native_libraries.toml"
    )


def test_the_table_lists_nothing_that_is_gone() -> None:
    installed = bundled()
    gone = {name: sorted(listed.keys() - installed[name]) for name, listed in TABLE.items() if name in installed}
    assert {name: libraries for name, libraries in gone.items() if libraries} == {}


def test_what_is_gpl_is_said_and_taken_out_of_the_image() -> None:
    gpl = {
        (name, native)
        for name, listed in TABLE.items()
        for native, licence in listed.items()
        if name not in SEPARATE_PROGRAMS and re.search(r"\bGPL", licence) and not re.search(r" OR | WITH ", licence)
    }
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    assert all(f"lib{native}" in page and name in page.lower() for name, native in gpl)
    assert {native for _, native in gpl} == {"x264", "x265"}, "deploy/docker/without_gpl.py replaces these"
    assert "without_gpl.py" in (ROOT / "Dockerfile").read_text("utf-8")


WORKS = """
import io, sys
import av
for name in sys.argv[1:]:
    try:
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            stream = container.add_stream(name, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            stream.encode(av.VideoFrame(64, 64, "yuv420p"))
        print(name, "opens")
    except av.error.FFmpegError:
        print(name, "cannot be opened")
from services.ingest.video.clips import cut_clip
from services.ingest.video.probing import probe
facts = probe("video.mp4")
clip = cut_clip("video.mp4", stream_index=0, origin_s=facts.origin_s, start_s=0.0, end_s=1.0)
print(facts.codec, clip[:4].hex())
from PIL import Image
import pillow_heif
pillow_heif.register_heif_opener()
print(abs(Image.open("picture.heic").convert("RGB").getpixel((8, 8))[0] - 160) < 12)
"""


@pytest.mark.skipif(shutil.which("cc") is None or shutil.which("nm") is None, reason="no compiler")
@pytest.mark.skipif(sys.platform != "linux", reason="the wheels of other systems are built in other ways")
def test_videos_and_pictures_are_read_and_clips_made_without_the_gpl_encoders(tmp_path: Path) -> None:
    site = Path(importlib.metadata.distribution("av").locate_file(""))
    for name in ("av", "av.libs", "pillow_heif", "pillow_heif.libs"):
        shutil.copytree(site / name, tmp_path / "site" / name)
    for module in site.glob("_pillow_heif*"):
        shutil.copyfile(module, tmp_path / "site" / module.name)
    write_video(tmp_path / "video.mp4", seconds=2)
    pillow_heif.from_pillow(Image.new("RGB", (64, 64), (160, 80, 40))).save(tmp_path / "picture.heic")
    script = ROOT / "deploy" / "docker" / "without_gpl.py"
    replaced = subprocess.run([sys.executable, script, tmp_path / "site"], capture_output=True, text=True, check=True)
    assert [line.split("-")[0] for line in replaced.stdout.splitlines()] == [
        "replaced av.libs/libx264",
        "replaced av.libs/libx265",
        "replaced pillow_heif.libs/libx265",
    ]
    done = subprocess.run(
        [sys.executable, "-c", WORKS, "libx264", "libx265", "libvpx-vp9"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == [
        "libx264 cannot be opened",
        "libx265 cannot be opened",
        "libvpx-vp9 opens",
        "h264 1a45dfa3",
        "True",
    ]
