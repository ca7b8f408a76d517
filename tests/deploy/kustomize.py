"""As much of kustomize as our overlays use, so that what a cluster would get can be looked at without the program.

Anything else in a kustomization is an error here: then this file has to learn it, or the overlay has to do without.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from tests.deploy.yaml_or_skip import yaml

Resource = dict[str, Any]

_KNOWN = {"apiVersion", "kind", "resources", "components", "patches", "namespace", "images"}
_CLUSTER_WIDE = {"Namespace"}
# How strategic merge patches find the entry of a list: https://kubernetes.io/docs/tasks/manage-kubernetes-objects/
_MERGE_KEYS = {"containers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath"}


def load_documents(path: Path) -> list[Resource]:
    """Every document of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document is not None]


def build(folder: Path) -> list[Resource]:
    """What `kubectl kustomize FOLDER` would print.

    Raises ValueError when a file, patch target or key is not there or not known.
    """
    kustomization = _kustomization(folder)
    resources: list[Resource] = []
    for entry in kustomization.get("resources", ()):
        path = (folder / entry).resolve()
        if path.is_dir():
            resources += build(path)
        elif folder.resolve() in path.parents:
            resources += load_documents(path)
        else:
            raise ValueError(f"{folder}: the file {entry} lies outside, which kustomize refuses")
    _refuse_twins(resources, folder)
    for entry in kustomization.get("components", ()):
        _apply_component((folder / entry).resolve(), resources)
    _apply(kustomization, folder, resources)
    return resources


def identity(resource: Resource) -> tuple[str, str]:
    """Kind and name."""
    return str(resource["kind"]), str(resource["metadata"]["name"])


def _kustomization(folder: Path) -> Resource:
    (content,) = load_documents(folder / "kustomization.yaml")
    if unknown := set(content) - _KNOWN:
        raise ValueError(f"{folder}: {sorted(unknown)} is not known here")
    return content


def _apply_component(folder: Path, resources: list[Resource]) -> None:
    component = _kustomization(folder)
    if component["kind"] != "Component":
        raise ValueError(f"{folder} is no component")
    for entry in component.get("resources", ()):
        resources += load_documents(folder / entry)
    _refuse_twins(resources, folder)
    _apply(component, folder, resources)


def _apply(kustomization: Resource, folder: Path, resources: list[Resource]) -> None:
    for entry in kustomization.get("patches", ()):
        (patch,) = [yaml.safe_load((folder / entry["path"]).read_text(encoding="utf-8"))]
        targets = [resource for resource in resources if _matches(resource, entry["target"])]
        if not targets:
            raise ValueError(f"{folder}: {entry} patches nothing")
        for resource in targets:
            if isinstance(patch, list):
                for operation in patch:
                    _json_patch(resource, operation)
            else:
                _merge(resource, patch)
    images = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in kustomization.get("images", ())}
    for resource in resources:
        for container in _containers(resource):
            container["image"] = images.get(container["image"], container["image"])
        if "namespace" in kustomization and resource["kind"] not in _CLUSTER_WIDE:
            resource["metadata"]["namespace"] = kustomization["namespace"]


def pod_template(resource: Resource) -> Resource:
    """What pods are made of, empty where none are; a CronJob has it in its Job's, and a Pod is its own."""
    if resource["kind"] == "Pod":
        return resource
    spec = resource.get("spec", {})
    found: Resource = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
    return found


def _containers(resource: Resource) -> list[Resource]:
    pod = pod_template(resource).get("spec", {})
    return [*pod.get("containers", ()), *pod.get("initContainers", ())]


def _matches(resource: Resource, target: Resource) -> bool:
    if unknown := set(target) - {"kind", "name", "labelSelector"}:
        raise ValueError(f"{sorted(unknown)} of a patch target is not known here")
    if target["kind"] != resource["kind"] or target.get("name", resource["metadata"]["name"]) != identity(resource)[1]:
        return False
    if "labelSelector" not in target:
        return True
    key, _, value = target["labelSelector"].partition("=")
    return bool(resource["metadata"].get("labels", {}).get(key) == value)


def _merge(into: Resource, patch: Resource) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        elif isinstance(value, list) and key in _MERGE_KEYS and key in into:
            _merge_list(into[key], value, by=_MERGE_KEYS[key])
        else:
            into[key] = copy.deepcopy(value)


def _merge_list(into: list[Resource], patch: list[Resource], *, by: str) -> None:
    new = []
    for entry in patch:
        same = next((candidate for candidate in into if candidate[by] == entry[by]), None)
        if same is None:
            new.append(copy.deepcopy(entry))
        else:
            _merge(same, entry)
    into[:0] = new  # as kustomize orders them


def _json_patch(resource: Resource, operation: Resource) -> None:
    *parents, last = operation["path"].strip("/").split("/")
    where: Any = resource
    for part in parents:
        where = where[int(part)] if isinstance(where, list) else where[part]
    value = copy.deepcopy(operation["value"])
    if operation["op"] == "add" and isinstance(where, list) and last == "-":
        where.append(value)
    elif operation["op"] == "replace" and isinstance(where, dict) and last in where:
        where[last] = value
    else:
        raise ValueError(f"{operation} cannot be done here")


def _refuse_twins(resources: list[Resource], folder: Path) -> None:
    identities = [identity(resource) for resource in resources]
    if twins := {entry for entry in identities if identities.count(entry) > 1}:
        raise ValueError(f"{folder}: twice: {sorted(twins)}")
