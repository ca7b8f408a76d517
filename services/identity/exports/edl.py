"""CMX 3600 edit decision lists: the appearances, one after the other, cut from the episode.

One video track and cuts only. Source times are the episode's own timecode; record times start with it and have no
gaps, so that people who are visible at the same time become clips after one another. The format counts to 999 events;
longer lists go on with four digits, which current programs read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from contracts.cast import CastDetails
from contracts.external_ids import ProgrammeIds
from contracts.ids import show_of
from services.identity.exports.clips import Clip
from services.identity.exports.said import person_in_words, programme_in_words
from services.identity.exports.timecode import Timecode

LINE_END = "\r\n"
_LONGEST_TITLE = 70


def to_edl(
    ep_id: str,
    clips: Sequence[Clip],
    *,
    timecode: Timecode,
    start_frame: int = 0,
    record_frame: int | None = None,
    external_ids: ProgrammeIds | None = None,
    show_external_ids: ProgrammeIds | None = None,
    details: Mapping[str, CastDetails] | None = None,
) -> str:
    """The list. `start_frame` is the timecode of the episode's first frame, in frames; `record_frame` that of the
    record's first, the same if left out. `details` are what is said of people, by their key; ids are comments.
    """
    lines = [
        f"TITLE: {f'{ep_id} appearances'[:_LONGEST_TITLE]}",
        f"FCM: {'DROP FRAME' if timecode.drop else 'NON-DROP FRAME'}",
        "",
    ]
    programme = programme_in_words(external_ids or ProgrammeIds(), show_external_ids or ProgrammeIds())
    said = {key: person_in_words(known) for key, known in (details or {}).items()}
    reel = reel_name(ep_id)
    record = start_frame if record_frame is None else record_frame
    for number, clip in enumerate(clips, start=1):
        times = (start_frame + clip.first, start_frame + clip.end, record, record + clip.frames)
        record += clip.frames
        lines.append(f"{number:03d}  {reel:<8} V     C        {' '.join(timecode.text(time) for time in times)}")
        lines.append(f"* FROM CLIP NAME: {ep_id}")
        lines.append(f"* COMMENT: {clip.name}")
        # Readers know comments of events only, so those on the programme stand with the first one.
        told = [*(programme if number == 1 else ()), *filter(None, [said.get(clip.key)])]
        lines += [f"* COMMENT: {text}" for text in told]
    return LINE_END.join([*lines, ""])


def reel_name(ep_id: str) -> str:
    """Eight characters that name the episode's tape: the show's first two and its number, `HAS02E05`."""
    letters = re.sub(r"[^A-Z0-9]", "", show_of(ep_id).upper())
    return letters[:2] + ep_id[-6:].upper()
