"""A machine of its own for a part that changes one: a network, processes and mounts that are gone with its first process.

Its network has a bridge for pods and no way out, so what listens there is reached by nobody else. Files are this machine's,
and so are control groups and the kernel's own settings: `leaving_no_trace` looks after those.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.containers.engine import CannotProve, run

NEEDED = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "ipset": "ipset",
    "ip": "iproute2",
    "unshare": "util-linux",
    "gcc": "gcc",
}
"""Program -> Debian's package of it."""
CNI_PLUGINS = Path("/usr/lib/cni")
BRIDGE, ADDRESS, PODS = "proof0", "10.244.0.1", "10.244.0.0/24"
CONTROL_GROUPS = Path("/sys/fs/cgroup")
OF_A_KUBELET = "kubepods"
OWN_FOLDERS = (Path("/var/lib/kubelet"), Path("/var/lib/cni"), Path("/var/log"))
"""Where programs keep what is theirs, whatever they are told."""
SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
"""What a kubelet sets in the kernel, below /proc/sys."""


def check() -> None:
    """Raises CannotProve with what is missing."""
    if os.geteuid() != 0:
        raise CannotProve("a kubelet needs root")
    missing = sorted({package for program, package in NEEDED.items() if shutil.which(program) is None})
    if not CNI_PLUGINS.is_dir():
        missing.append("containernetworking-plugins")
    if missing:
        raise CannotProve(f"not installed (Debian: apt-get install {' '.join(missing)})")
    if control_groups():
        raise CannotProve("this machine is a node of a cluster already: it has control groups of a kubelet")


def control_groups() -> list[Path]:
    """Those that a kubelet made, innermost first."""
    tops = [*CONTROL_GROUPS.glob(OF_A_KUBELET), *CONTROL_GROUPS.glob(f"*/{OF_A_KUBELET}")]
    found = [folder for top in tops for folder in (top, *top.rglob("*")) if folder.is_dir()]
    return sorted(found, key=lambda folder: len(folder.parts), reverse=True)


@contextmanager
def leaving_no_trace() -> Iterator[None]:
    """Put back what a kubelet changes outside of its machine."""
    before = {name: Path("/proc/sys", name).read_text() for name in SETTINGS}
    made = [folder for folder in OWN_FOLDERS if not folder.exists()]
    try:
        yield
    finally:
        for name, value in before.items():
            Path("/proc/sys", name).write_text(value)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        for folder in control_groups():
            with suppress(OSError):  # a process of it may still be ending
                folder.rmdir()


def run_inside(command: Sequence[str]) -> int:
    """Run a command as the first process of a machine of its own, and return its exit status."""
    kinds = ("--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc")
    with leaving_no_trace():
        return subprocess.run(["unshare", *kinds, *command], check=False).returncode


def furnish(work: Path, resolver: str, hosts: str) -> None:
    """From inside: the bridge, and folders of its own where programs insist on theirs.

    `resolver` and `hosts` are what /etc/resolv.conf and /etc/hosts hold there.
    Containers' files may be gigabytes and lie in `work`; their logs stay there.
    """
    for command in (
        "mount --make-rshared /",
        "ip link set lo up",
        f"ip link add {BRIDGE} type bridge",
        f"ip address add {ADDRESS}/24 dev {BRIDGE}",
        f"ip link set {BRIDGE} up",
        f"ip route add default dev {BRIDGE}",
        "mount -t tmpfs tmpfs /run",
    ):
        run(*command.split())
    for name in ("ipv4/ip_forward", "bridge/bridge-nf-call-iptables"):
        Path("/proc/sys/net", name).write_text("1")
    for folder in OWN_FOLDERS:
        own = work / folder.relative_to("/")
        own.mkdir(parents=True)
        folder.mkdir(exist_ok=True)
        run("mount", "--bind", str(own), str(folder))
    for name, content in (("resolv.conf", resolver), ("hosts", hosts)):
        own = work / name
        own.write_text(content)
        target = Path("/etc", name).resolve()
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        run("mount", "--bind", str(own), str(target))
