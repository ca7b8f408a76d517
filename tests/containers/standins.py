"""Images under the names that the Dockerfile and compose use, made here because no image registry is needed that way.

Each runs the same software as the official image where packages bring it (Apache Kafka, SeaweedFS, Triton, mongosh), and the
embedded server in MongoDB's place. What they cannot prove is the official images' own entry points.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.containers.engine import BUILD_S, CannotProve, run, version_of
from tests.support import apache_kafka
from tests.support.containers import ROOT, image_of

HERE = Path(__file__).parent / "dockerfiles"
MONGOSH = "mongosh@2.5.8"
OLDEST_NODE = (20, 19)
DEBIAN, EMBEDDED = "standin-debian:bookworm", "standin-embedded:bookworm"
LABEL = "screenalytics.standin"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class StandIn:
    """An image, its Dockerfile beside this file, and what its build needs from this machine besides the checkout."""

    image: str
    dockerfile: str
    gather: Callable[[Path], None] = lambda _: None
    copies: tuple[str, ...] = ()


def triton_base() -> str:
    """The base that the Dockerfile names for Triton."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return next(line.split("=", 1)[1] for line in lines if line.startswith("ARG TRITON_IMAGE="))


def _jars(context: Path) -> None:
    if (reason := apache_kafka.available()) is not None:
        raise CannotProve(reason)
    shutil.copytree(apache_kafka.jar_directory(), context / "jars")
    tools = f"org.apache.kafka:kafka-tools:{image_of('kafka').rpartition(':')[2]}"
    fetch = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "dependency:copy", f"-Dartifact={tools}"]
    run(*fetch, f"-DoutputDirectory={context / 'jars'}", folder=context, within_s=300)


def _mongosh(context: Path) -> None:
    node = shutil.which("node")
    if shutil.which("npm") is None or node is None:
        raise CannotProve("node and npm are not installed: they fetch and run mongosh")
    if version_of(run(node, "--version")) < OLDEST_NODE:
        raise CannotProve(f"node is older than {'.'.join(map(str, OLDEST_NODE))}, and mongosh needs it")
    shutil.copy(Path(node).resolve(), context / "node")
    run("npm", "install", "--no-audit", "--no-fund", "--omit=optional", "--prefix", str(context), MONGOSH, within_s=600)


def stand_ins() -> list[StandIn]:
    """In the order in which they are built."""
    product = ("contracts", "chassis", "services", "screenalytics", "models", "tests/containers/dockerfiles")
    return [
        StandIn("python:3.11-slim-bookworm", "python.Dockerfile"),
        StandIn(EMBEDDED, "embedded.Dockerfile", copies=("requirements.lock",)),
        StandIn(image_of("kafka"), "kafka.Dockerfile", _jars, ("tests/containers/dockerfiles",)),
        StandIn(image_of("s3"), "s3.Dockerfile"),
        StandIn(image_of("mongo"), "mongo.Dockerfile", _mongosh, ("tests/containers/dockerfiles", "tests/support")),
        StandIn(triton_base(), "triton.Dockerfile", copies=product),
    ]


def label_of(image: str) -> str:
    """The digest that an image made here is labelled with; empty for any other and for one that is not there."""
    command = ["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', image]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def exists(image: str) -> bool:
    return bool(run("docker", "images", "--quiet", image).strip())


def build_all(log: Path, say: Callable[[str], None]) -> list[str]:
    """Make what is missing or out of date; returns the names of the stand-ins (those that are not the real images).

    An image that was pulled is the real thing, and stays what it is. Raises CannotProve.
    """
    made = []
    below = ""
    if not exists(DEBIAN):
        say("a minimal Debian")
        _debian(log)
    for one in stand_ins():
        if exists(one.image) and not label_of(one.image):
            continue
        made.append(one.image)
        digest = below = digest_of(one, below)
        if label_of(one.image) != digest:
            say(one.image)
            _build(one, digest, log)
    return made


def digest_of(one: StandIn, below: str) -> str:
    """Of all that a stand-in is made of; `below` is the digest of those before it."""
    seen = hashlib.sha256(below.encode() + MONGOSH.encode() + (HERE / one.dockerfile).read_bytes())
    for name in one.copies:
        source = ROOT / name
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".onnx":
                seen.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return seen.hexdigest()[:16]


def _build(one: StandIn, digest: str, log: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        context = Path(scratch)
        one.gather(context)
        for name in one.copies:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, context / name, ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
            else:
                (context / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, context / name)
        file = str(HERE / one.dockerfile)
        build = ["docker", "build", "--label", f"{LABEL}={digest}", "--file", file, "--tag", one.image, str(context)]
        run(*build, environment={"DOCKER_BUILDKIT": "0"}, within_s=BUILD_S, into=log)


def _debian(log: Path) -> None:
    """A minimal Debian from its packages, with this machine's certificate authorities."""
    if shutil.which("debootstrap") is None:
        raise CannotProve("debootstrap is not installed: it makes the Debian that the images stand on")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        packages = "--include=ca-certificates"
        run("debootstrap", "--variant=minbase", packages, "bookworm", str(root), within_s=BUILD_S, into=log)
        shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        archive = Path(scratch) / "root.tar"
        run("tar", "-C", str(root), "-cf", str(archive), ".")
        run("docker", "import", "--change", f"LABEL {LABEL}=debian", str(archive), DEBIAN, into=log)
