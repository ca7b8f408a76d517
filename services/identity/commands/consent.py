"""Recording on which legal basis a cast member's pictures are kept and compared, and taking that back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from chassis.errors import NotFound
from services.identity.facebank.cast import Show
from services.identity.privacy.consent import Basis, Consent
from services.identity.store.facebanks import Change, FacebankStore


class ConsentCommands:
    """Each is one write that raises the facebank's revision, so that what was remembered of it is read again."""

    def __init__(self, facebanks: FacebankStore) -> None:
        self._facebanks = facebanks

    async def record(
        self, show: str, cast_id: str, *, basis: Basis, given_on: date, note: str | None, who: str
    ) -> Consent:
        """Record a basis, in the place of one that is there. The same again changes nothing.

        Raises:
            NotFound: `unknown_cast_member`.
        """
        consent = Consent(
            basis=basis, given_on=given_on, note=note, recorded_by=who[:200], recorded_at=datetime.now(UTC)
        )

        def decide(before: Show) -> Change | None:
            _check_member(before, cast_id)
            known = before.consents.get(cast_id)
            if known is not None and (known.basis, known.given_on, known.note) == (basis, given_on, note):
                return None
            return Change(set={f"consents.{cast_id}": consent.model_dump(mode="json")})

        return (await self._facebanks.amend(show, decide)).consents.get(cast_id, consent)

    async def withdraw(self, show: str, cast_id: str) -> bool:
        """Take back what is recorded; False where nothing is.

        Raises:
            NotFound: `unknown_cast_member`.
        """
        found = False

        def decide(before: Show) -> Change | None:
            nonlocal found
            _check_member(before, cast_id)
            found = cast_id in before.consents
            return Change(unset=[f"consents.{cast_id}"]) if found else None

        await self._facebanks.amend(show, decide)
        return found


def _check_member(show: Show, cast_id: str) -> None:
    if cast_id not in show.members:
        raise NotFound(
            "unknown_cast_member", f"{show.show} has no cast member {cast_id}: list the cast to see who there is."
        )
