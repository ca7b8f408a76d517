"""CMX 3600 edit decision lists: the appearances, one after the other, cut from the episode.

One video track and cuts only. Source times are the episode's own timecode; record times start with it and have no
gaps, so that people who are visible at the same time become clips after one another. The format counts to 999 events;
longer lists go on with four digits, which current programs read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from contracts.ids import show_of
from services.identity.exports.clips import Clip
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
) -> str:
    """The list. `start_frame` is the timecode of the episode's first frame, in frames; `record_frame` that of the
    record's first, the same if left out.
    """
    lines = [
        f"TITLE: {f'{ep_id} appearances'[:_LONGEST_TITLE]}",
        f"FCM: {'DROP FRAME' if timecode.drop else 'NON-DROP FRAME'}",
        "",
    ]
    reel = reel_name(ep_id)
    record = start_frame if record_frame is None else record_frame
    for number, clip in enumerate(clips, start=1):
        times = (start_frame + clip.first, start_frame + clip.end, record, record + clip.frames)
        record += clip.frames
        lines.append(f"{number:03d}  {reel:<8} V     C        {' '.join(timecode.text(time) for time in times)}")
        lines.append(f"* FROM CLIP NAME: {ep_id}")
        lines.append(f"* COMMENT: {clip.name}")
    return LINE_END.join([*lines, ""])


def reel_name(ep_id: str) -> str:
    """Eight characters that name the episode's tape: the show's first two and its number, `HAS02E05`."""
    letters = re.sub(r"[^A-Z0-9]", "", show_of(ep_id).upper())
    return letters[:2] + ep_id[-6:].upper()
