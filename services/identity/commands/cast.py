"""Shows and their casts: commands on a facebank, each one write with its event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from chassis.commands import Order, fingerprint
from chassis.errors import Conflict, NotFound
from contracts.cast import MemberDetails
from contracts.events import CastChanged
from contracts.ids import slugify
from services.identity.commands.links import LinkCommands
from services.identity.facebank.admission import check_admitted
from services.identity.facebank.cast import Picture, Show
from services.identity.links.episode_links import EpisodeLinks
from services.identity.store.facebanks import Change, FacebankStore
from services.identity.store.links import LinkStore

Verdict = Literal["added", "exists", "refused"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """A cast member as somebody wants them; the id is made from the name where none is given."""

    name: str
    cast_id: str | None = None

    @property
    def id(self) -> str:
        return self.cast_id or slugify(self.name)


@dataclass(frozen=True, kw_only=True)
class RowVerdict:
    """What became of one row of an import."""

    row: int
    cast_id: str
    name: str
    verdict: Verdict
    message: str


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What went with a cast member: links by episode, and pictures. Of `files` the contents are still there."""

    links: Mapping[str, int]
    pictures: int
    files: tuple[Picture, ...] = ()


class CastCommands:
    """Takes commands on shows and casts."""

    def __init__(self, facebanks: FacebankStore, links: LinkStore, link_commands: LinkCommands) -> None:
        self._facebanks = facebanks
        self._links = links
        self._link_commands = link_commands

    async def shows(self) -> dict[str, tuple[Show, int]]:
        """Every show that has a cast or a reported episode, with the number of these episodes."""
        episodes = await self._links.shows()
        known = {show.show: show for show in await self._facebanks.shows() if not show.is_deleted}
        return {
            slug: (known.get(slug) or Show(show=slug), episodes.get(slug, 0)) for slug in sorted({*known, *episodes})
        }

    async def show(self, slug: str) -> tuple[Show, int]:
        """Raises NotFound `unknown_show`."""
        found, episodes = await self._facebanks.show(slug), len(await self._links.of_show(slug))
        if (found is None or found.is_deleted) and not episodes:
            raise NotFound("unknown_show", f"There is no show {slug}: create it first.")
        return found or Show(show=slug), episodes

    async def create_show(self, name: str, slug: str | None) -> tuple[Show, bool]:
        """A new show, or the one that is there; True where it is new.

        Raises Conflict `show_exists` where another name has the slug.
        """
        place = slug or slugify(name)
        created = await self._facebanks.create(place, name)
        show = await self._facebanks.show(place) or Show(show=place)
        if not created and show.name is not None and show.name != name:
            raise Conflict("show_exists", f"The show {place} exists with the name {show.name}: choose another slug.")
        return show, created

    async def member(self, slug: str, cast_id: str) -> tuple[Show, str]:
        """The show and the member's name. Raises NotFound `unknown_show` and `unknown_cast_member`."""
        show, _ = await self.show(slug)
        if cast_id not in show.members:
            raise _unknown_member(slug, cast_id)
        return show, show.members[cast_id]

    async def cast(self, slug: str) -> list[dict[str, Any]]:
        """Members with their number of pictures, by id. Raises NotFound `unknown_show`."""
        show, _ = await self.show(slug)
        counts = Counter(picture.cast_id for picture in await self._facebanks.pictures(slug))
        return [
            {
                "cast_id": cast_id,
                "name": name,
                "pictures": counts[cast_id],
                "consent": show.consents.get(cast_id),
                "details": show.details.get(cast_id, MemberDetails()),
            }
            for cast_id, name in sorted(show.members.items())
        ]

    async def detail(self, slug: str, cast_id: str) -> dict[str, Any]:
        """A member with their number of pictures, and of links by episode. Raises as `member`."""
        show, name = await self.member(slug, cast_id)
        episodes = await self._links.of_show(slug)
        return {
            "cast_id": cast_id,
            "name": name,
            "pictures": len(await self._facebanks.pictures(slug, cast_id)),
            "consent": show.consents.get(cast_id),
            "details": show.details.get(cast_id, MemberDetails()),
            "linked": {episode.ep_id: len(found) for episode in episodes if (found := _ids(episode, cast_id))},
        }

    async def commanded(self, slug: str, cast_id: str, name: str) -> dict[str, Any]:
        """As `detail`; a member who was removed since is told as the command left them."""
        try:
            return await self.detail(slug, cast_id)
        except NotFound:
            return {"cast_id": cast_id, "name": name, "pictures": 0, "consent": None, "linked": {}}

    async def add(self, slug: str, member: Member, order: Order) -> bool:
        """Add a member; False where they are there already.

        Raises NotFound `unknown_show`, Conflict `cast_id_taken` where another name has the id, and `command_id_used`.
        """
        await self._ensure(slug)

        def decide(show: Show) -> Change:
            check_admitted(show, member.id)
            taken = show.members.get(member.id)
            if taken is not None and taken != member.name:
                raise Conflict(
                    "cast_id_taken", f"{member.id} is {taken}: rename them, or give {member.name} another cast_id."
                )
            new = [(member.id, member.name)] if taken is None else []
            return _naming(slug, new, "added", order, told={"added": taken is None})

        asked = fingerprint("add_cast_member", cast_id=member.id, name=member.name)
        return bool((await self._facebanks.change(slug, order, asked, decide)).told["added"])

    async def import_cast(self, slug: str, members: Sequence[Member], order: Order) -> list[RowVerdict]:
        """Add many at once in one write; the same list again changes nothing.

        Raises NotFound `unknown_show`, Conflict `command_id_used`.
        """
        await self._ensure(slug)

        def decide(show: Show) -> Change:
            verdicts = judge_rows(show.members, members, erased=show.erased)
            new = [(row.cast_id, row.name) for row in verdicts if row.verdict == "added"]
            return _naming(slug, new, "added", order, told={"rows": [asdict(row) for row in verdicts]})

        asked = fingerprint("import_cast", members=[[member.id, member.name] for member in members])
        answer = await self._facebanks.change(slug, order, asked, decide)
        return [RowVerdict(**row) for row in answer.told["rows"]]

    async def rename(self, slug: str, cast_id: str, name: str, order: Order) -> None:
        """Give a member another name; the show's episodes are reported again.

        Raises as `member`, and Conflict `command_id_used`.
        """
        await self.show(slug)

        def decide(show: Show) -> Change:
            if cast_id not in show.members:
                raise _unknown_member(slug, cast_id)
            return _naming(slug, [(cast_id, name)] if show.members[cast_id] != name else [], "renamed", order)

        asked = fingerprint("rename_cast_member", cast_id=cast_id, name=name)
        await self._facebanks.change(slug, order, asked, decide)

    async def remove(self, slug: str, cast_id: str, order: Order, *, unlink: bool) -> Removal:
        """Remove a member with their pictures; the pictures' files are still there.

        Raises as `member`, Conflict `cast_member_linked` while links name them and `unlink` is not said,
        `command_id_used`, and LinkRefused `identity_locked`.
        """
        asked = fingerprint("remove_cast_member", cast_id=cast_id, unlink=unlink)
        earlier = await self._facebanks.answered(slug, order.command_id, asked)
        if earlier is not None:
            return Removal(links=earlier.told["links"], pictures=earlier.told["pictures"])
        await self.member(slug, cast_id)
        linked = {
            episode.ep_id: found for episode in await self._links.of_show(slug) if (found := _ids(episode, cast_id))
        }
        if linked and not unlink:
            raise Conflict(
                "cast_member_linked",
                f"{cast_id} is linked in {', '.join(sorted(linked)[:5])}: take the links away first, or send unlink=true.",
            )
        for ep_id, identities in linked.items():
            await self._unlink(ep_id, identities, order)
        pictures = await self._facebanks.drop(slug, cast_id)
        await self._facebanks.forget_verdicts(slug, cast_id)
        links = {ep_id: len(identities) for ep_id, identities in linked.items()}

        def decide(show: Show) -> Change:
            name = show.members.get(cast_id)
            told = {"links": links, "pictures": len(pictures)}
            if name is None:
                return Change(told=told)
            return Change(
                events=lambda revision: [
                    CastChanged(
                        show=slug, revision=revision, action="removed", cast_id=cast_id, name=name, who=order.who[:200]
                    )
                ],
                unset=[f"members.{cast_id}", f"consents.{cast_id}", f"details.{cast_id}"],
                told=told,
            )

        answer = await self._facebanks.change(slug, order, asked, decide)
        return Removal(links=answer.told["links"], pictures=answer.told["pictures"], files=tuple(pictures))

    async def _unlink(self, ep_id: str, identities: Sequence[str], order: Order) -> None:
        episode = await self._links.load(ep_id)
        left = [key for key in identities if episode is not None and episode.effective.link_of(key) is not None]
        if left:
            # An id of its own for each set: a removal that broke off goes on with those that are left by then.
            own = f"{order.command_id}.{fingerprint(ep_id, left=sorted(left))[:16]}"
            await self._link_commands.unlink(ep_id, left, Order(who=order.who, command_id=own, why=order.why))

    async def _ensure(self, slug: str) -> None:
        """A show that is known by its episodes only gets its facebank now."""
        await self.show(slug)
        if await self._facebanks.show(slug) is None:
            await self._facebanks.create(slug, slug)


def judge_rows(members: Mapping[str, str], rows: Sequence[Member], *, erased: Container[str] = ()) -> list[RowVerdict]:
    """What becomes of every row of an import into a cast of `members` (cast id -> name), in order."""
    known = dict(members)
    verdicts = []
    for number, row in enumerate(rows):
        taken = known.get(row.id)
        verdict: Verdict
        if row.id in erased:
            verdict, message = (
                "refused",
                f"Somebody with the cast id {row.id} was erased: give this row another cast_id.",
            )
        elif taken is None:
            known[row.id] = row.name
            verdict, message = "added", "Added to the cast."
        elif taken == row.name:
            verdict, message = "exists", "In the cast already."
        else:
            verdict, message = "refused", f"{row.id} is {taken}: give this row another cast_id."
        verdicts.append(RowVerdict(row=number, cast_id=row.id, name=row.name, verdict=verdict, message=message))
    return verdicts


def _naming(
    slug: str,
    names: Sequence[tuple[str, str]],
    action: Literal["added", "renamed"],
    order: Order,
    told: Mapping[str, Any] | None = None,
) -> Change:
    """Sets members' names; one event each. Nobody to name is no change."""
    if not names:
        return Change(told=told or {})
    return Change(
        events=lambda revision: [
            CastChanged(show=slug, revision=revision, action=action, cast_id=cast_id, name=name, who=order.who[:200])
            for cast_id, name in names
        ],
        set={f"members.{cast_id}": name for cast_id, name in names},
        told=told or {},
    )


def _ids(episode: EpisodeLinks, cast_id: str) -> list[str]:
    return [link.identity_id for link in episode.effective.links if link.cast_id == cast_id]


def _unknown_member(slug: str, cast_id: str) -> NotFound:
    return NotFound("unknown_cast_member", f"{slug} has no cast member {cast_id}: list the cast to see who there is.")
