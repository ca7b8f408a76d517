"""What people say of a show and of its cast besides names: ids in other registries, roles, characters, attributes."""

from __future__ import annotations

from chassis.commands import Order, fingerprint
from chassis.errors import BadInput, NotFound
from contracts.cast import MemberDetails
from contracts.events import CastDescribed
from contracts.external_ids import ProgrammeIds
from contracts.ids import show_of
from services.identity.facebank.cast import Show
from services.identity.store.facebanks import Change, FacebankStore


class DescriptionCommands:
    """Each is one write with the event that says it; the reports that show it follow. The same again changes nothing."""

    def __init__(self, facebanks: FacebankStore) -> None:
        self._facebanks = facebanks

    async def describe(self, show: str, cast_id: str, details: MemberDetails, order: Order) -> None:
        """Say what is known of a cast member, in the place of what was said before.

        Raises:
            NotFound: `unknown_cast_member`. BadInput: `other_show`. Conflict: `command_id_used`.
        """
        elsewhere = sorted(ep_id for ep_id in details.in_episodes if show_of(ep_id) != show)
        if elsewhere:
            raise BadInput("other_show", f"{elsewhere[0]} is no episode of {show}: a cast is a show's own.")

        def decide(before: Show) -> Change:
            if cast_id not in before.members:
                raise NotFound(
                    "unknown_cast_member", f"{show} has no cast member {cast_id}: list the cast to see who there is."
                )
            if before.details.get(cast_id, MemberDetails()) == details:
                return Change()
            field = f"details.{cast_id}"
            return Change(
                events=lambda revision: [
                    CastDescribed(show=show, revision=revision, cast_id=cast_id, details=details, who=order.who[:200])
                ],
                set={} if details.is_empty else {field: details.model_dump(mode="json")},
                unset=[field] if details.is_empty else [],
            )

        asked = fingerprint("describe_cast_member", cast_id=cast_id, details=details.model_dump(mode="json"))
        await self._facebanks.change(show, order, asked, decide)

    async def identify(self, show: str, external_ids: ProgrammeIds, order: Order) -> None:
        """Say which ids a show has elsewhere, in the place of those said before. Raises Conflict `command_id_used`."""

        def decide(before: Show) -> Change:
            if before.external_ids == external_ids:
                return Change()
            given = external_ids.given()
            return Change(
                events=lambda revision: [
                    CastDescribed(
                        show=show,
                        revision=revision,
                        cast_id=None,
                        show_external_ids=external_ids,
                        who=order.who[:200],
                    )
                ],
                set={"external_ids": given} if given else {},
                unset=[] if given else ["external_ids"],
            )

        asked = fingerprint("identify_show", external_ids=external_ids.given())
        await self._facebanks.change(show, order, asked, decide)
