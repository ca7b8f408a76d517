"""An episode's own faces as reference pictures, and somebody new in the cast from an identity: each one change, one undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.commands import Order, fingerprint
from chassis.errors import NotFound
from contracts.rows import FaceRow
from services.identity.commands.cast import CastCommands, Member
from services.identity.commands.links import (
    Decide,
    Decision,
    LinkCommands,
    Outcome,
    Stamp,
    check_member,
    check_unlocked,
)
from services.identity.commands.settle_references import SettleReferences, picture_of_face
from services.identity.facebank.admission import check_may_be_compared
from services.identity.facebank.cast import Show
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import TakenFace
from services.identity.links.transitions import LinkRefused, link_identity_to_cast, note_references
from services.identity.queries.episodes import EpisodeReader
from services.identity.queries.faces import FaceQueries


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The faces that are wanted: those named, or so many of the best."""

    count: int
    face_ids: Sequence[str] = ()


class FaceReferenceCommands:
    """Every method raises as links do, and Conflict `consent_missing`, `person_erased`."""

    def __init__(
        self,
        *,
        links: LinkCommands,
        cast: CastCommands,
        episodes: EpisodeReader,
        faces: FaceQueries,
        settle: SettleReferences,
        consent_required: bool,
    ) -> None:
        self._links = links
        self._cast = cast
        self._episodes = episodes
        self._faces = faces
        self._settle = settle
        self._consent_required = consent_required

    async def take(self, ep_id: str, identity_id: str, wanted: Wanted, order: Order) -> Outcome:
        """Make faces of an identity reference pictures of whom it is linked to.

        Raises Conflict `not_linked`, NotFound `no_pictures`, `unknown_identity`.
        """

        async def check() -> Decide:
            roster = await self._episodes.roster(ep_id)
            roster.people.identity(identity_id)
            rows = await self._chosen(ep_id, identity_id, wanted)

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                link = links.effective.link_of(identity_id)
                if link is None:
                    raise LinkRefused("not_linked", f"{identity_id} is linked to nobody: say who it is first.")
                check_may_be_compared(roster.show, link.cast_id, consent_required=self._consent_required)
                step = note_references(
                    links.effective,
                    identity_id=identity_id,
                    cast_id=link.cast_id,
                    expected_version=links.version,
                    **vars(stamp),
                )
                taken = _taken(rows, link.cast_id, links.run_id)
                return Decision(action="references", transitions=(step,), references=taken)

            return decide

        asked = fingerprint("references", identity_id=identity_id, count=wanted.count, face_ids=list(wanted.face_ids))
        outcome = await self._links.carry_out(ep_id, order, asked, check)
        await self._settle.settle(ep_id)
        return outcome

    async def new_member(self, ep_id: str, identity_id: str, member: Member, wanted: Wanted, order: Order) -> Outcome:
        """Add somebody to the cast, link an identity to them, and take its best faces as their pictures.

        Raises as `take`, and Conflict `cast_id_taken`.
        """

        async def check() -> Decide:
            roster = await self._episodes.roster(ep_id)
            check_unlocked(roster.people, identity_id)
            is_new = member.id not in roster.show.members
            add = Order(who=order.who, command_id=f"{order.command_id}.member")
            await self._cast.add(roster.show.show, member, add)
            show, _ = await self._cast.show(roster.show.show)
            check_member(show, member.id)
            rows = await self._may_take(show, ep_id, identity_id, member.id, wanted)

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                step = link_identity_to_cast(
                    links.effective,
                    identity_id=identity_id,
                    cast_id=member.id,
                    by="operator",
                    expected_version=links.version,
                    **vars(stamp),
                )
                return Decision(
                    action="link",
                    transitions=(step,),
                    references=_taken(rows, member.id, links.run_id),
                    new_member=member.name if is_new else None,
                )

            return decide

        asked = fingerprint("new_member", identity_id=identity_id, name=member.name, cast_id=member.id, n=wanted.count)
        outcome = await self._links.carry_out(ep_id, order, asked, check)
        await self._settle.settle(ep_id)
        return outcome

    async def _may_take(
        self, show: Show, ep_id: str, identity_id: str, cast_id: str, wanted: Wanted
    ) -> Sequence[FaceRow]:
        """The faces, none where none is wanted, there are none, or no legal basis is recorded yet."""
        if wanted.count == 0 or (self._consent_required and cast_id not in show.consents):
            return ()
        return await self._faces.best(ep_id, identity_id, count=wanted.count)

    async def _chosen(self, ep_id: str, identity_id: str, wanted: Wanted) -> Sequence[FaceRow]:
        if not wanted.face_ids:
            rows = await self._faces.best(ep_id, identity_id, count=wanted.count)
        else:
            named = set(wanted.face_ids)
            rows = tuple(row for row in await self._faces.usable(ep_id, identity_id) if row.face_id in named)
        if not rows or len(rows) < len(set(wanted.face_ids)):
            raise NotFound("no_pictures", f"{identity_id} has no such face that is good enough: choose other ones.")
        return rows


def _taken(rows: Sequence[FaceRow], cast_id: str, run_id: str) -> tuple[TakenFace, ...]:
    return tuple(
        TakenFace(
            cast_id=cast_id,
            picture=picture_of_face(run_id, row),
            run_id=run_id,
            track_id=row.track_id,
            face_id=row.face_id,
            t_s=row.ts_s,
        )
        for row in rows
    )
