"""What is tried with the containers. Every step returns in a few words what was seen, or raises AssertionError."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.containers.compose import Compose, SecondsOf
from tests.containers.engine import image_bytes, run
from tests.containers.targets import TARGETS, build_targets
from tests.deploy.test_compose import SERVED

SHOW = "proof-show"
FIRST, SECOND = f"{SHOW}-s01e01", f"{SHOW}-s01e02"
SET_UP = ("mongo-init", "s3-init", "topics", "indexes")
KILLED = tuple(name for name in SERVED if name != "api")
SERVERS = ("kafka", "mongo", "s3", "triton")
MIB = 2**20
SECRETS = frozenset({"SCREENALYTICS_MONGO__URI", "SCREENALYTICS_S3__ACCESS_KEY", "SCREENALYTICS_S3__SECRET_KEY"})


@dataclass
class Proof:
    """What the steps share."""

    compose: Compose
    video: Path
    cast: Path
    work: Path
    expected: SecondsOf = field(default_factory=dict)


def build_images(proof: Proof) -> str:
    """Both targets of the Dockerfile."""
    build_targets(proof.compose.folder, proof.compose.log)
    return ", ".join(f"{target} {image_bytes(name) / MIB:.0f} MiB" for target, name in TARGETS.items())


def start(proof: Proof) -> str:
    proof.compose.up()
    states = {name: state_of(fact) for name, fact in proof.compose.containers().items()}
    wrong = {name: state for name, state in states.items() if state != ("exited 0" if name in SET_UP else "healthy")}
    assert not wrong, wrong
    return f"{len(states)} containers, {len(SET_UP)} of them done with exit status 0"


def state_of(fact: Mapping[str, Any]) -> str:
    state = fact["State"]
    if state["Status"] == "exited":
        return f"exited {state['ExitCode']}"
    return str(state.get("Health", {}).get("Status", state["Status"]))


def closed(proof: Proof) -> str:
    """Who the processes are, what they may write, and where anybody can reach them."""
    containers: dict[str, Any] = proof.compose.containers()
    for name in SERVED:
        fact = containers[name]
        user = proof.compose("exec", "-T", name, "id", "-u", logged=False).strip()
        assert user == "10001", f"{name} runs as {user}"
        host = fact["HostConfig"]
        assert host["ReadonlyRootfs"], f"{name} can write its root"
        assert host["CapDrop"] == ["ALL"], f"{name} has capabilities"
        assert "no-new-privileges:true" in host["SecurityOpt"], name
        assert host["Memory"] > 0, f"{name} has no limit of memory"
        refused = subprocess.run(
            ["docker", "exec", fact["Id"], "python", "-c", "open('/opt/screenalytics/x', 'w')"],
            capture_output=True,
            check=False,
        )
        assert refused.returncode != 0, f"{name} wrote into its image"
    for name, fact in containers.items():
        bound = {each["HostIp"] for ports in (fact["NetworkSettings"]["Ports"] or {}).values() for each in ports or ()}
        assert bound <= {"127.0.0.1"}, f"{name} is bound to {bound}"
    secrets = {name: {line for line in fact["Config"]["Env"] if is_secret(line)} for name, fact in containers.items()}
    shared = {(a, b) for a in SERVED for b in SERVED if a < b and secrets[a] & secrets[b]}
    assert not shared, f"secrets in common: {shared}"
    return f"{len(SERVED)} services: user 10001, read-only, no capabilities, 127.0.0.1 only, no secret in common"


def is_secret(line: str) -> bool:
    """Whether a container's variable is one of its secrets."""
    return line.split("=", 1)[0] in {
        "SCREENALYTICS_MONGO__URI",
        "SCREENALYTICS_S3__ACCESS_KEY",
        "SCREENALYTICS_S3__SECRET_KEY",
    }


def make_key(proof: Proof) -> str:
    proof.compose.key = (
        proof.compose.tools("keys", "create", "proof", "--role", "admin").strip().splitlines()[-1].split()[-1]
    )
    statuses = [proof.compose.status_of("/shows", headers) for headers in ({}, {"X-API-Key": "nobody"})]
    assert statuses == [401, 401], statuses
    assert proof.compose.status_of("/shows", {"X-API-Key": proof.compose.key}) == 200
    return "401 without a key and with a wrong one, 200 with one of `tools keys create`"


def run_episode(proof: Proof) -> str:
    """An episode with its cast through all containers: the same seconds as the embedded servers give, to the digit."""
    proof.expected = embedded_seconds(proof)
    of_the_operator("cast", "create", SHOW, proof=proof)
    of_the_operator("cast", "import", SHOW, str(proof.cast), proof=proof)
    proof.compose.upload(FIRST, proof.video)
    assert_same(proof, FIRST)
    return ", ".join(f"{name} {seconds} s" for name, seconds in proof.expected.items())


def embedded_seconds(proof: Proof) -> SecondsOf:
    """What the embedded servers say of the same video and cast."""
    out = proof.work / "embedded"
    arguments = ["run", str(proof.video), "--cast", str(proof.cast), "--episode", FIRST, "--out", str(out)]
    run(sys.executable, "-m", "screenalytics", *arguments, within_s=900, into=proof.compose.log)
    document = json.loads(next(out.glob("**/screen_time.json")).read_text())
    return {person["name"]: person["visible_s"] for person in document["cast"]}


def of_the_operator(*arguments: str, proof: Proof) -> str:
    """What a command prints that an operator gives on this machine, through the HTTP API."""
    variables = {"SCREENALYTICS_API_URL": "http://127.0.0.1:8080", "SCREENALYTICS_API_KEY": proof.compose.key}
    return run(sys.executable, "-m", "screenalytics", *arguments, environment=variables)


def assert_same(proof: Proof, ep_id: str) -> None:
    found = proof.compose.finished(ep_id)
    assert found == proof.expected, f"containers {found}, embedded servers {proof.expected}"


def use_the_api(proof: Proof) -> str:
    """What people fetch, in all its forms."""
    key = {"X-API-Key": proof.compose.key}
    paths = {
        "console": ("/", {}),
        "openapi": ("/openapi.json", key),
        "report": (f"/screen-time/{FIRST}/files/html", key),
        "clusters": (f"/clusters/{FIRST}", key),
        "timeline": (f"/timeline/{FIRST}", key),
    }
    answers = {name: proof.compose.status_of(path, headers) for name, (path, headers) in paths.items()}
    assert set(answers.values()) <= {200, 307}, answers
    return ", ".join(f"{name} {status}" for name, status in answers.items())


def bury_a_letter(proof: Proof) -> str:
    """A message that nobody can read becomes a dead letter, and its partition goes on."""
    send = (
        "import asyncio, aiokafka\n"
        "async def main():\n"
        "    async with aiokafka.AIOKafkaProducer(bootstrap_servers='kafka:9092') as producer:\n"
        "        await producer.send_and_wait('segment.ready', b'not an event', key=b'proof')\n"
        "asyncio.run(main())"
    )
    proof.compose("exec", "-T", "detector", "python", "-c", send)
    listed = eventually(lambda: proof.compose.tools("dlq", "list"), lambda text: "segment.ready" in text)
    return next(line for line in listed.splitlines() if "segment.ready" in line)[:60].strip()


def eventually(ask: Callable[[], str], is_there: Callable[[str], bool], tries: int = 15) -> str:
    for _ in range(tries):
        if is_there(said := ask()):
            return said
    raise AssertionError(f"after {tries} tries: {said[-500:]}")


def restart_each(proof: Proof) -> str:
    """Every container is restarted while a second episode runs, workers by SIGKILL; its seconds are the same."""
    proof.compose.upload(SECOND, proof.video)
    for name in KILLED:
        proof.compose("kill", "--signal", "KILL", name)
        proof.compose("up", "--detach", "--no-deps", "--no-build", name)
    for name in (*SERVERS, "api"):
        proof.compose("restart", name)
    proof.compose.up()
    assert_same(proof, SECOND)
    return f"{len(KILLED)} killed, {len(SERVERS) + 1} restarted, the same seconds"


def down_and_up(proof: Proof) -> str:
    proof.compose("down")
    proof.compose.up()
    found = {ep_id: proof.compose.seconds(ep_id) for ep_id in (FIRST, SECOND)}
    assert all(seconds == proof.expected for seconds in found.values()), found
    return "both episodes, their names and the key are there"


def within_memory(proof: Proof) -> str:
    """Nobody was killed for memory, and how much each took of what it may."""
    containers: dict[str, Any] = proof.compose.containers()
    killed = [name for name, fact in containers.items() if fact["State"]["OOMKilled"]]
    assert not killed, f"killed for memory: {killed}"
    shares = {}
    for name in (*SERVED, *SERVERS):
        fact = containers[name]
        peak = peak_bytes(fact["Id"])
        limit = fact["HostConfig"]["Memory"]
        assert peak < limit, f"{name} took {peak} of {limit} bytes"
        shares[name] = f"{name} {peak / MIB:.0f}/{limit / MIB:.0f}"
    return "MiB: " + ", ".join(shares.values())


def peak_bytes(container: str) -> int:
    """The most that a container ever held, page cache apart where the kernel tells it apart."""
    read = "cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
    return int(run("docker", "exec", container, "sh", "-c", read))


def test_servers(proof: Proof) -> str:
    """The suite that runs our tests on the containers of compose."""
    proof.compose("down")
    command = [sys.executable, "-m", "pytest", "-m", "docker", "-q", "-p", "no:cacheprovider", "tests"]
    said = run(*command, environment={"TESTCONTAINERS_RYUK_DISABLED": "true"}, within_s=3600, into=proof.compose.log)
    return said.strip().splitlines()[-1].strip("= ")


STEPS: tuple[tuple[str, Callable[[Proof], str]], ...] = (
    ("build both images", build_images),
    ("docker compose up --wait", start),
    ("nobody is root, nothing is open", closed),
    ("authentication", make_key),
    ("an episode to the digit", run_episode),
    ("the HTTP API", use_the_api),
    ("a dead letter", bury_a_letter),
    ("each container restarted", restart_each),
    ("memory", within_memory),
    ("docker compose down, and up", down_and_up),
    ("pytest -m docker", test_servers),
)
