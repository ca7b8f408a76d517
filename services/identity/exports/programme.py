"""An episode as editing programs are told of it: appearances in whole frames, and where its timecode begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from contracts.cast import CastDetails
from contracts.external_ids import ProgrammeIds
from services.identity.exports.clips import Clip
from services.identity.exports.timecode import FrameRate, RateName, Timecode

COLOURS = 8
"""Colours that every program has for markers: people take turns with them, in the order they first appear."""


@dataclass(frozen=True, kw_only=True)
class Programme:
    """Appearances of one episode.

    `length` is the episode's in frames, `start_frame` the timecode of its first frame, in frames; `record_frame` that of
    the timeline on which it lies. `media` is where the video lies, as the editing room says it,
    `signed` who signed its times off, in a sentence; `details` are what is said of people, by their key.
    """

    ep_id: str
    clips: Sequence[Clip]
    rate_name: RateName
    timecode: Timecode
    length: int
    start_frame: int = 0
    record_frame: int = 0
    media: str | None = None
    signed: str | None = None
    external_ids: ProgrammeIds = field(default_factory=ProgrammeIds)
    show_external_ids: ProgrammeIds = field(default_factory=ProgrammeIds)
    details: Mapping[str, CastDetails] = field(default_factory=dict)

    @property
    def rate(self) -> FrameRate:
        return self.timecode.rate

    @property
    def title(self) -> str:
        return f"{self.ep_id} appearances"

    def on_record(self, frame: int) -> str:
        """The timecode of an episode's frame on the timeline."""
        return self.timecode.text(self.record_frame + frame)

    def people(self) -> list[tuple[str, list[Clip]]]:
        """Everybody's name and clips; whoever appears first comes first."""
        order = {key: place for place, key in enumerate(dict.fromkeys(clip.key for clip in self.clips))}
        by_person = sorted(self.clips, key=lambda clip: (order[clip.key], clip.first))
        grouped = [list(own) for _, own in groupby(by_person, key=lambda clip: clip.key)]
        return [(own[0].name, own) for own in grouped]

    def colours(self) -> dict[str, int]:
        """Person -> the number of their colour, below `COLOURS`."""
        keys = dict.fromkeys(clip.key for clip in self.clips)
        return {key: place % COLOURS for place, key in enumerate(keys)}
