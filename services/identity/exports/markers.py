"""Markers for editing programs: the marker EDL of DaVinci Resolve, and the marker text of Avid Media Composer.

Both name timecodes of the timeline. Resolve: Timeline > Import > Timeline Markers from EDL. Avid: Tools > Markers >
Import Markers; a line is user, timecode, track, colour, comment and length in frames, with tabs between.
"""

from __future__ import annotations

from services.identity.exports.clips import Clip
from services.identity.exports.programme import Programme

LINE_END = "\r\n"
_OF_RESOLVE = ("Blue", "Green", "Red", "Yellow", "Cyan", "Pink", "Purple", "Sand")
_OF_AVID = ("Blue", "Green", "Red", "Yellow", "Cyan", "Magenta", "White", "Black")


def to_marker_edl(programme: Programme) -> str:
    """One event a marker, as long as a frame; the marker's own length in frames is its `D`."""
    colours = programme.colours()
    lines = [
        f"TITLE: {programme.title[:70]}",
        f"FCM: {'DROP FRAME' if programme.timecode.drop else 'NON-DROP FRAME'}",
        "",
    ]
    for number, clip in enumerate(programme.clips, start=1):
        first, after = programme.on_record(clip.first), programme.on_record(clip.first + 1)
        lines.append(f"{number:03d}  001      V     C        {first} {after} {first} {after}")
        lines.append(f" |C:ResolveColor{_OF_RESOLVE[colours[clip.key]]} |M:{_one_field(clip)} |D:{clip.frames}")
        lines.append("")
    return LINE_END.join(lines)


def to_avid_markers(programme: Programme) -> str:
    """One line a marker, on the first video track."""
    colours = programme.colours()
    rows = [
        (
            "Screenalytics",
            programme.on_record(clip.first),
            "V1",
            _OF_AVID[colours[clip.key]],
            clip.name,
            str(clip.frames),
        )
        for clip in programme.clips
    ]
    return "".join("\t".join(row) + LINE_END for row in rows)


def _one_field(clip: Clip) -> str:
    """A name that ends where its field does: `|` begins the next one."""
    return clip.name.replace("|", "/")
