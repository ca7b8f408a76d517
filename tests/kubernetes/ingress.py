"""An Ingress controller on the node, and what reaches the services by it from outside, over TLS.

The controller is Traefik. It reads the class and the annotations of ingress-nginx, for which the manifests are written and
which has not been maintained since March 2026.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from chassis.settings import ApiSettings
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from tests.deploy.kustomize import build
from tests.deploy.yaml_or_skip import yaml
from tests.kubernetes import reach
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.images import INGRESS
from tests.kubernetes.kubectl import Resource, wait_until
from tests.kubernetes.manifests import K8S, NAMESPACE
from tests.kubernetes.programs import sources
from tests.kubernetes.watched import SHOW, VIDEO, Watched, every_episode_comes_out, labelled_seconds
from tests.support.containers import ROOT

CONTROLLERS = "ingress-nginx"
"""The namespace that the network policies let in."""
NAME = "traefik-ingress-nginx-controller"
ADDRESS = "10.96.0.80"
(INGRESS_OF_PRODUCTION,) = (one for one in build(K8S / "overlays" / "production") if one["kind"] == "Ingress")
(HOST,) = (rule["host"] for rule in INGRESS_OF_PRODUCTION["spec"]["rules"])
OUTSIDE = f"https://{HOST}"
NAMES = f"127.0.0.1 localhost\n{ADDRESS} {HOST}\n"
"""What this process has in place of a public name server."""
RIGHTS = "docs/content/reference/dynamic-configuration/kubernetes-ingress-nginx-rbac.yml"
WITHIN_S = 60.0
TOLD_WITHIN_S = 2.0
NOBODYS = ("/internal/ready", "/internal/metrics", "/metrics", "/episodesx", "/assetsx", "/index.html", "/nowhere")


def installed(plane: ControlPlane) -> str:
    """The controller with the rights its makers publish, and our Ingress as the production overlay has it."""
    plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": CONTROLLERS}})
    rights = list(yaml.safe_load_all((sources("traefik", "github.com/traefik/traefik/v3") / RIGHTS).read_text("utf-8")))
    for one in rights:
        for subject in one.get("subjects", ()):
            subject["namespace"] = CONTROLLERS
    for one in (*rights, *resources()):
        plane.kubectl.apply(one)
    certificate, key = plane.authority.issue("outside", HOST, hosts=(HOST,))
    plane.kubectl.apply(_tls_secret(certificate, key))
    plane.kubectl.apply(INGRESS_OF_PRODUCTION)
    plane.kubectl("rollout", "status", f"deployment/{NAME}", f"--namespace={CONTROLLERS}", "--timeout=170s")
    with outside(plane) as client:
        took = wait_until("the console is there", lambda: _status(client, "/") == 200, within_s=WITHIN_S)
    return f"Traefik, {len(_paths())} paths of {HOST}, there {took:.0f} s after it began"


def resources() -> list[Resource]:
    """The class that the Ingress names, and the controller's account, pod and Service, at a fixed address."""
    about = {"name": NAME, "namespace": CONTROLLERS}
    labels = {"app.kubernetes.io/name": NAME}
    container = {
        "name": "traefik",
        "image": INGRESS,
        "args": [
            "--entrypoints.web.address=:8000",
            "--entrypoints.websecure.address=:8443",
            "--entrypoints.ping.address=:8080",
            "--ping.entrypoint=ping",
            "--providers.kubernetesingressnginx=true",
            "--providers.kubernetesingressnginx.httpentrypoint=web",
            "--providers.kubernetesingressnginx.httpsentrypoint=websecure",
            "--global.checknewversion=false",
        ],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}, "periodSeconds": 2},
    }
    pod = {"serviceAccountName": NAME, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    ports = [{"name": "http", "port": 80, "targetPort": 8000}, {"name": "https", "port": 443, "targetPort": 8443}]
    return [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": INGRESS_OF_PRODUCTION["spec"]["ingressClassName"]},
            "spec": {"controller": "k8s.io/ingress-nginx"},
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": about,
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": about,
            "spec": {"clusterIP": ADDRESS, "selector": labels, "ports": ports},
        },
    ]


def _tls_secret(certificate: Path, key: Path) -> Resource:
    """As cert-manager would leave it, under the name that the Ingress has for it."""
    (tls,) = INGRESS_OF_PRODUCTION["spec"]["tls"]
    files = {"tls.crt": certificate, "tls.key": key}
    data = {name: base64.b64encode(file.read_bytes()).decode() for name, file in files.items()}
    about = {"name": tls["secretName"], "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": about, "data": data}


@contextmanager
def outside(plane: ControlPlane, key: str | None = None) -> Iterator[httpx.Client]:
    """Somebody at the public name, who follows no redirects."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    trusted = ssl.create_default_context(cafile=str(plane.authority.file))
    with httpx.Client(base_url=OUTSIDE, verify=trusted, timeout=WITHIN_S, headers=headers) as client:
        yield client


def _status(client: httpx.Client, path: str) -> int:
    try:
        return client.get(path).status_code
    except httpx.HTTPError:
        return 0


def _paths() -> list[Resource]:
    (rule,) = INGRESS_OF_PRODUCTION["spec"]["rules"]
    return list(rule["http"]["paths"])


def paths_lead_to_their_services(plane: ControlPlane, key: str) -> str:
    """Whatever can be read is answered through the controller as by the service itself, and nothing else is there."""
    asked = [*_readable(), "/", "/icon.svg", *_assets(plane)]
    with outside(plane, key) as client, httpx.Client(timeout=WITHIN_S, headers=client.headers) as inside:
        for path in asked:
            direct, through = _answer(inside, f"http://{_owner(path)}:8080{path}"), _answer(client, path)
            assert through == direct, f"{path}: {through} through the controller, {direct} without"
        for path in NOBODYS:
            assert _is_nobodys(client.get(path)), path
        assert _is_nobodys(client.get("/episodes", headers={"Host": "other.example"})), "another host"
        plain = client.get(f"http://{HOST}/episodes")
        assert (plain.status_code, plain.headers["location"]) == (308, f"{OUTSIDE}/episodes"), plain
    return f"{len(asked)} addresses answer as their services do, {len(NOBODYS)} lead nowhere; without TLS 308"


def _readable() -> list[str]:
    """Every GET of the API, with `x` for what is to be named, which is refused by whose it is."""
    document = json.loads((ROOT / "screenalytics/openapi/openapi.json").read_text("utf-8"))
    readable = [path for path, methods in document["paths"].items() if "get" in methods]
    return ["/".join("x" if part.startswith("{") else part for part in path.split("/")) for path in readable]


def _assets(plane: ControlPlane) -> list[str]:
    """What the console's page loads first."""
    with outside(plane) as client:
        page = client.get("/").text
    found = [part.split('"')[0] for part in page.split('"/assets/')[1:]]
    assert found, "the page loads nothing"
    return [f"/assets/{name}" for name in found]


def _owner(path: str) -> str:
    """The Service behind the longest path of the Ingress that fits."""
    fitting = [one for one in _paths() if f"{path}/".startswith(f"{one['path'].rstrip('/')}/")]
    return str(max(fitting, key=lambda one: len(one["path"]))["backend"]["service"]["name"])


def _answer(client: httpx.Client, address: str) -> tuple[int, str, str]:
    """Status, media type and, where it is refused, the code."""
    with client.stream("GET", address) as answer:
        kind = answer.headers.get("content-type", "")
        refused = answer.is_error and kind.startswith("application/json")
        return answer.status_code, kind, json.loads(answer.read())["error"]["code"] if refused else ""


def _is_nobodys(answer: httpx.Response) -> bool:
    """The controller's own words, not those of a service."""
    return answer.status_code == 404 and answer.headers["content-type"].startswith("text/plain")


async def an_episode_comes_from_outside(proof: Watched, key: str) -> str:
    """Uploaded and read by the generated client at the public name, to the digit."""
    proof.episodes += 1
    with outside(proof.plane) as http, Client(OUTSIDE, key=key, http=http) as api:
        episode = api.create_episode(models.NewEpisode(show=SHOW, season=1, episode=proof.episodes)).data.ep_id
        await asyncio.to_thread(api.upload_video, episode, [("file", (VIDEO.name, VIDEO.read_bytes(), "video/mp4"))])
        said = await every_episode_comes_out(proof)
        seen = {one.cast_id: one.visible_s for one in api.read_screen_time(episode).data.cast if one.visible_s}
        assert seen == labelled_seconds(), seen
        delay = await asyncio.to_thread(_told_after, api, episode)
    return f"{VIDEO.stat().st_size / 1e6:.1f} MB uploaded; a change is told after {delay:.2f} s; {said}"


def _told_after(api: Client, episode: str) -> float:
    """Seconds from a change until whoever follows the episode's stream is told: the controller keeps nothing back."""
    stream = api.stream_changes(episode)
    assert next(stream)[1] == "state"
    begun = time.monotonic()
    api.be_present(episode, models.Beat(page="proof", screen="review"))
    while next(stream)[1] != "presence":
        pass
    took = time.monotonic() - begun
    assert took < TOLD_WITHIN_S, took
    return took


def too_much_is_refused(plane: ControlPlane, key: str) -> str:
    """A body over the limit: whoever sends it is told so, and does not have to send all of it."""
    limit = int(INGRESS_OF_PRODUCTION["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"][:-1])
    sent: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(2 * limit):
            sent.append(number)
            yield bytes(2**20)

    headers = {"Content-Length": f"{2 * limit * 2**20}", "Content-Type": "multipart/form-data; boundary=x"}
    with outside(plane, key) as client:
        answer = client.post(f"/episodes/{SHOW}-s01e01/video", content=body(), headers=headers)
    assert answer.status_code == 413, answer
    assert len(sent) < limit, f"{len(sent)} MiB were sent"
    return f"{2 * limit} MiB: 413 before {len(sent)} of them were sent"


GUESS = """
import ssl, sys, urllib.error, urllib.request
url, key = sys.argv[1:]
request = urllib.request.Request(url, headers={"Authorization": "Bearer " + key})
try:
    print(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=30).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def callers_are_told_apart(plane: ControlPlane, key: str) -> str:
    """Who guesses keys is put off, under whatever addresses they claim to have; nobody else is, nor their right key."""
    most = ApiSettings().failed_logins_per_minute
    with outside(plane) as client:
        seen = [_guess(client) for _ in range(most + 20)]
        right = client.get("/episodes", headers={"Authorization": f"Bearer {key}"}).status_code
    assert set(seen) == {401, 429}, seen
    assert right == 200, right
    stranger = reach.stranger("default")
    stranger["spec"]["hostAliases"] = [{"ip": ADDRESS, "hostnames": [HOST]}]
    plane.kubectl.apply(stranger)
    plane.kubectl("wait", "--for=condition=Ready", "pod/stranger", "--timeout=120s")
    other = plane.kubectl(
        "exec", "stranger", "--", "python", "-c", GUESS, f"{OUTSIDE}/episodes", secrets.token_hex(8)
    ).strip()
    plane.kubectl("delete", "--now", "pod/stranger")
    assert other == "401", other
    return f"{seen.count(401)} wrong keys 401, then 429 under made-up addresses; another caller 401; the right key 200"


def _guess(client: httpx.Client) -> int:
    claimed = f"203.0.113.{secrets.randbelow(250)}"
    headers = {"Authorization": f"Bearer {secrets.token_hex(8)}", "X-Forwarded-For": claimed, "X-Real-Ip": claimed}
    return client.get("/episodes", headers=headers).status_code
