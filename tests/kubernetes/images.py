"""The images that pods run, made with Docker and packed into an archive for containerd, which has no registry here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.containers.checkout import copy_to
from tests.containers.engine import engine, run
from tests.containers.standins import build_all
from tests.containers.targets import TARGETS, build_targets
from tests.kubernetes.programs import KUBERNETES_VERSION, path_of, sources
from tests.support.containers import image_of

PAUSE = f"docker.io/library/proof-pause:{KUBERNETES_VERSION}"
DNS = "proof-coredns:local"
INGRESS = "proof-traefik:local"
SERVERS = ("kafka", "mongo", "s3")
ARCHIVE = "images.tar"


def prepare(work: Path, say: Callable[[str], None]) -> str:
    """Build all images and leave their archive in `work`, some gigabytes. Returns what was made. Raises CannotProve."""
    log = work / "images.log"
    with engine(work / "dockerd.log"):
        made = build_all(log, say)
        checkout = work / "checkout"
        copy_to(checkout)
        say("our images")
        build_targets(checkout, log)
        _pause(log)
        _one_program(DNS, path_of("coredns"), log)
        _one_program(INGRESS, path_of("traefik"), log)
        say("their archive")
        names = (*map(image_of, SERVERS), *TARGETS.values(), PAUSE, DNS, INGRESS)
        run("docker", "save", f"--output={work / ARCHIVE}", *names, within_s=1200, into=log)
    return f"stand-ins: {', '.join(made) or 'none'}"


def _pause(log: Path) -> None:
    """What holds a pod's namespaces, from the C that Kubernetes has for it."""
    source = sources("kubernetes", "k8s.io/kubernetes") / "build" / "pause" / "linux" / "pause.c"
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch) / "pause"
        run("gcc", "-Os", "-static", f"-DVERSION={KUBERNETES_VERSION}", "-o", str(program), str(source), into=log)
        _one_program(PAUSE, program, log)


def _one_program(image: str, program: Path, log: Path) -> None:
    """An image with one static program in it and nothing else."""
    with tempfile.TemporaryDirectory() as scratch:
        root, archive = Path(scratch) / "root", Path(scratch) / "root.tar"
        root.mkdir()
        shutil.copy(program, root / program.name)
        run("tar", "-C", str(root), "-cf", str(archive), ".")
        run("docker", "import", "--change", f'ENTRYPOINT ["/{program.name}"]', str(archive), image, into=log)
