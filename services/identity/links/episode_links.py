"""An episode's links: people's decisions, the machine's links, what was reported."""

from __future__ import annotations

from dataclasses import dataclass, field

from contracts.rows import CastLink
from services.identity.links.history import LinkRecord, effective_links
from services.identity.links.transitions import LinkState
from services.identity.signoff.log import SignOffs


@dataclass(frozen=True, kw_only=True)
class EpisodeLinks:
    """One episode: its reported run and revision, people's decisions, the machine's links, the history, the sign-offs.

    `reported_version` is the version of the decisions that the reported revision is made from, `history_bytes` what the
    history takes in MongoDB. Both history and bytes are there where they were asked for.
    """

    ep_id: str
    show: str
    run_id: str
    revision: int
    decided: LinkState
    automatic: tuple[CastLink, ...]
    named: frozenset[str]
    reported_version: int
    commands: tuple[LinkRecord, ...] = ()
    history_bytes: int = 0
    sign_offs: SignOffs = field(default_factory=SignOffs)
    reported_sign_offs: int = 0
    """The version of the sign-offs that the reported revision carries."""

    @property
    def version(self) -> int:
        return self.decided.version

    @property
    def effective(self) -> LinkState:
        """The links that count."""
        return effective_links(self.decided, self.automatic)

    def command(self, command_id: str) -> LinkRecord | None:
        """A command that was accepted before."""
        return next((entry for entry in self.commands if entry.command_id == command_id), None)
