"""`cast describe`, `cast identify` and `episodes identify`: what is said of members, shows and episodes besides names.

What is not named stays as it was; without anything to say, what is known is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chassis.errors import BadInput
from contracts.cast import CastDetails
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import show_one
from screenalytics.http_client import models

Ids = Mapping[str, str | None]
"""Registry -> id; None is not said, "" is no more."""


def describe(
    slug: str,
    cast_id: str,
    *,
    external_ids: Ids,
    role: str | None,
    characters: Sequence[str],
    attributes: Sequence[str],
    as_json: bool,
) -> None:
    """Say ids, role, characters and attributes (`name=value`) of a cast member. Raises BadInput `not_an_attribute`."""
    said = {
        **({"role": role or None} if role is not None else {}),
        **({"characters": [one for one in characters if one]} if characters else {}),
        **({"attributes": _attributes(attributes)} if attributes else {}),
    }
    with connect() as api:
        found = api.read_cast_member(slug, cast_id).data
        known = found.details.model_dump() if found.details else {}
        ids = _merged(known.get("external_ids") or {}, external_ids)
        if said or any(value is not None for value in external_ids.values()):
            body = models.GivenDetails.model_validate(known | said | {"external_ids": ids})
            found = api.describe_cast_member(slug, cast_id, body).data
    show_one(found, as_json=as_json)


def describe_in_episode(
    slug: str,
    cast_id: str,
    ep_id: str,
    *,
    role: str | None,
    characters: Sequence[str] | None,
    usual: bool,
    as_json: bool,
) -> None:
    """Say role and characters of a cast member in one episode; `usual`: they are as in the whole show again."""
    with connect() as api:
        found = api.read_cast_member(slug, cast_id).data
        known = found.details.model_dump(mode="json") if found.details else {}
        there = dict(known.get("in_episodes") or {})
        before = {} if usual else there.pop(ep_id.lower(), {})
        if usual:
            there.pop(ep_id.lower(), None)
        said = {
            **({"role": role or None} if role is not None else {}),
            **({"characters": [one for one in characters if one]} if characters is not None else {}),
        }
        if said or usual:
            episodes = there | ({ep_id.lower(): before | said} if said else {})
            body = models.GivenDetails.model_validate(known | {"in_episodes": episodes})
            found = api.describe_cast_member(slug, cast_id, body).data
    show_one(found, as_json=as_json)


def identify_show(slug: str, external_ids: Ids, *, as_json: bool) -> None:
    """Say which ids a show has elsewhere."""
    with connect() as api:
        found = api.read_show(slug).data
        if any(value is not None for value in external_ids.values()):
            ids = _merged(found.external_ids.model_dump() if found.external_ids else {}, external_ids)
            found = api.identify_show(slug, models.GivenProgrammeIds.model_validate(ids)).data
    show_one(found, as_json=as_json)


def identify_episode(ep_id: str, external_ids: Ids, *, as_json: bool) -> None:
    """Say which ids an episode has elsewhere."""
    with connect() as api:
        found = api.get_episode(ep_id).data
        if any(value is not None for value in external_ids.values()):
            ids = _merged(found.external_ids.model_dump() if found.external_ids else {}, external_ids)
            patch = models.EpisodePatch(external_ids=models.GivenIds.model_validate(ids))
            found = api.update_episode(ep_id, patch, if_match=f'"{found.version}"').data
    show_one(found, as_json=as_json)


def given(details: CastDetails) -> models.GivenDetails:
    """As the API takes it."""
    return models.GivenDetails.model_validate(details.model_dump(mode="json"))


def _merged(known: Ids, said: Ids) -> dict[str, str]:
    named = {registry: value for registry, value in said.items() if value is not None}
    return {registry: value for registry, value in {**known, **named}.items() if value}


def _attributes(texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals and text:
            raise BadInput("not_an_attribute", f"{text!r} is no attribute: write NAME=VALUE, as pronouns=she/her.")
        if value:
            found[name] = value
    return found
