"""A number that people can set is passed down to where it counts: nothing below falls back to the shipped one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import chassis
import services
from services.detector.rules import DetectorProfile
from services.embedder.settings import EmbedderSettings
from services.grouper.settings import GrouperSettings
from services.identity.settings import IdentitySettings

SETTINGS = (DetectorProfile, EmbedderSettings, GrouperSettings, IdentitySettings)


def modules() -> Iterator[Any]:
    for package in (chassis, services):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def functions(module: Any) -> Iterator[Any]:
    for _, found in inspect.getmembers(module):
        if getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(found):
            yield found
        elif inspect.isclass(found):
            yield from (method for _, method in inspect.getmembers(found, inspect.isfunction))


def rules_of(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The classes of rules in a settings class, by name, itself included where it is one."""
    yield model.__name__, model
    for field in model.model_fields.values():
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            yield from rules_of(field.annotation)


def settable() -> dict[str, set[str]]:
    """Name of a rules class -> its settings."""
    found = dict(pair for model in SETTINGS for pair in rules_of(model))
    return {name: set(model.model_fields) for name, model in found.items() if model.__module__.endswith(".rules")}


def own_defaults(function: Any) -> list[str]:
    """Parameters that have a default though they are settings: a class of rules, or a number by a setting's name."""
    classes, names = settable(), set().union(*settable().values())
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is inspect.Parameter.empty:
            continue
        is_rules = str(parameter.annotation).split(".")[-1] in classes or isinstance(parameter.default, BaseModel)
        is_number = isinstance(parameter.default, float) and parameter.name in names
        if is_rules or is_number:
            found.append(parameter.name)
    return found


def test_rules_are_always_passed() -> None:
    forgotten = {
        f"{function.__module__}.{function.__qualname__}": own_defaults(function)
        for module in modules()
        for function in functions(module)
        if own_defaults(function)
    }
    assert forgotten == {}


@pytest.mark.parametrize("name", ["LinkRules", "GalleryRules", "ScreenTimeRules", "ClusteringRules", "TrackingRules"])
def test_the_rules_are_found(name: str) -> None:
    assert settable()[name]


def test_a_default_is_found() -> None:
    from services.identity.rules import LinkRules

    def link(rules: LinkRules = LinkRules()) -> None: ...  # noqa: B008
    def bridge(max_gap_s: float = 1.0) -> None: ...
    def fine(rules: LinkRules, max_gap_s: float, other: float = 1.0) -> None: ...

    assert [own_defaults(one) for one in (link, bridge, fine)] == [["rules"], ["max_gap_s"], []]
