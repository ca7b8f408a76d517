"""Hypothesis strategies for every event, made from the annotations of its class."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo
from ulid import ULID

from contracts import blobs, external_ids, ids
from contracts.events import Event


def eidr_of(number: int) -> str:
    """An EIDR of twenty hexadecimal digits."""
    digits = f"{number:020X}"
    groups = "-".join(digits[at : at + 4] for at in range(0, 20, 4))
    return f"10.5240/{groups}-{external_ids.check_character(digits)}"


def isan_of(number: int) -> str:
    """An ISAN without version, of sixteen hexadecimal digits."""
    digits = f"{number:016X}"
    groups = "-".join(digits[at : at + 4] for at in range(0, 16, 4))
    return f"{groups}-{external_ids.check_character(digits)}"


_TEXT = st.characters(codec="utf-8")
_LARGEST = 2**53
_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    ids.RunId: st.binary(min_size=16, max_size=16).map(lambda raw: str(ULID(raw))),
    blobs.S3Uri: st.from_regex(r"s3://[a-z0-9.-]{3,20}/[a-zA-Z0-9 ._/-]{1,40}", fullmatch=True),
    external_ids.Eidr: st.integers(0, 16**20 - 1).map(lambda number: eidr_of(number)),
    external_ids.Isan: st.integers(0, 16**16 - 1).map(lambda number: isan_of(number)),
    external_ids.ImdbTitle: st.integers(0, 10**8 - 1).map("tt{:08d}".format),
    external_ids.ImdbName: st.integers(0, 10**7 - 1).map("nm{:07d}".format),
    external_ids.WikidataItem: st.integers(1, 10**9).map("Q{}".format),
    bool: st.booleans(),
    type(None): st.none(),
}


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Valid events of a class: every field, at its bounds too."""
    return typing.cast("st.SearchStrategy[Event]", _model(kind))


def _model(kind: type[BaseModel]) -> st.SearchStrategy[BaseModel]:
    fields = {(field.alias or name): _field(kind, name, field) for name, field in kind.model_fields.items()}
    return st.fixed_dictionaries(fields).map(kind.model_validate)


def _field(kind: type[BaseModel], name: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    hint = typing.get_type_hints(kind, include_extras=True)[name]
    return _of(hint, list(field.metadata))


def _of(hint: Any, rules: list[Any]) -> st.SearchStrategy[Any]:
    for known, strategy in _BY_TYPE.items():
        if hint is known:
            return strategy
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        own = [rule for rule in arguments[1:] if not isinstance(rule, FieldInfo)]
        return _of(arguments[0], [*own, *rules])
    if origin in {types.UnionType, typing.Union}:
        return st.one_of(*(_of(choice, rules) for choice in arguments))
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(_of(argument, []) for argument in arguments))
    if origin is tuple:
        return st.lists(_of(arguments[0], []), max_size=3).map(tuple)
    if origin is dict:
        keys = st.text(_TEXT, min_size=1, max_size=20) if arguments[0] is str else _of(arguments[0], [])
        return st.dictionaries(keys, _of(arguments[1], []), max_size=3)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _model(hint)
    return _plain(hint, rules)


def _plain(hint: Any, rules: list[Any]) -> st.SearchStrategy[Any]:
    bounds: dict[str, Any] = {}
    for rule in rules:
        bounds |= _bounds(rule)
    if hint is int:
        return st.integers(bounds.get("low", -_LARGEST), bounds.get("high", _LARGEST))
    if hint is float:
        return st.floats(
            bounds.get("low"),
            bounds.get("high"),
            allow_nan=False,
            allow_infinity=False,
            exclude_min=bounds.get("open", False),
        )
    if hint is str and "pattern" in bounds:
        text = st.from_regex(bounds["pattern"].removeprefix("^").removesuffix("$"), fullmatch=True, alphabet=_ASCII)
        if bounds.get("strip"):
            text = text.map(str.strip)
        shortest, longest = bounds.get("shortest", 0), bounds.get("longest", 10**6)
        return text.filter(lambda drawn: shortest <= len(drawn) <= longest)
    if hint is str:
        return st.text(_TEXT, min_size=bounds.get("shortest", 0), max_size=min(bounds.get("longest", 40), 60))
    raise TypeError(f"no strategy for {hint}")


_ASCII = st.characters(min_codepoint=32, max_codepoint=126)


def _bounds(rule: Any) -> dict[str, Any]:
    """What one rule of an annotation says."""
    if isinstance(rule, Gt):
        return {"low": rule.gt, "open": True}
    if isinstance(rule, Ge):
        return {"low": rule.ge}
    if isinstance(rule, Le):
        return {"high": rule.le}
    if isinstance(rule, MaxLen):
        return {"longest": rule.max_length}
    if isinstance(rule, MinLen):
        return {"shortest": rule.min_length}
    if isinstance(rule, StringConstraints):
        said = {
            "pattern": rule.pattern,
            "longest": rule.max_length,
            "shortest": rule.min_length,
            "strip": rule.strip_whitespace,
        }
        return {name: value for name, value in said.items() if value is not None}
    pattern = getattr(rule, "pattern", None)
    return {"pattern": pattern} if pattern is not None else {}
