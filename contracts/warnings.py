"""Warnings about a result: what was wrong with the video or is doubtful in what was found, for people and programs.

Codes are stable and only ever added to. `WARNING_CODES` is the list; docs/warnings.md says what each means for a result.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from contracts.blobs import Contract


class WarningPlace(Contract):
    """Where in the episode or its parts a warning applies. What is null does not narrow it down."""

    start_s: float | None = Field(default=None, description="Second of the episode, as everywhere in the results.")
    end_s: float | None = None
    segment: int | None = Field(default=None, ge=0)
    stream: int | None = Field(default=None, ge=0, description="Number of the stream in the file, counted from 0.")
    subject: str | None = Field(default=None, max_length=200, description="Id of a track, identity or cast member.")


class Warning(Contract):
    """One warning. A program decides by `code`, a person reads `sentence`."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    sentence: str = Field(min_length=1, max_length=2000)
    where: WarningPlace | None = None

    @classmethod
    def of(
        cls,
        code: str,
        sentence: str,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        segment: int | None = None,
        stream: int | None = None,
        subject: str | None = None,
    ) -> Warning:
        """A warning with a code of the list, at a place if there is one.

        Raises ValueError for a code that is not in `WARNING_CODES`: whoever adds one says there what it means.
        """
        if code not in WARNING_CODES:
            raise ValueError(f"{code} is not in WARNING_CODES")
        where = WarningPlace(start_s=start_s, end_s=end_s, segment=segment, stream=stream, subject=subject)
        return cls(code=code, sentence=sentence, where=where if where != WarningPlace() else None)


WARNING_CODES: dict[str, str] = {
    "several_video_streams": "The file has several video streams; the sentence says which was analysed.",
    "clock_restarts": "Recordings were joined in the file; the clock is continued at the place that is named.",
    "recording_unreadable": "A recording that was joined to the others cannot be read and is left out.",
    "file_cut_off": "The file ends before its index does; only what is there was analysed.",
    "shorter_than_announced": "The packets end before the header says so.",
    "file_damaged": "Places of the file cannot be read.",
    "video_damaged": "Packets of the picture could not be decoded.",
    "picture_missing": "There is no picture for a while: nobody is on screen there.",
    "hdr_tone_mapped": "The video has high dynamic range and was brought to standard range for analysis and pictures.",
    "deinterlaced": "The video is interlaced; whole pictures were made of its fields.",
    "eyes_squeezed": "The picture holds both eyes of a 3D film, squeezed; they were brought to their proportions.",
    "size_changed": "The size or the proportions of the picture change at the place that is named.",
    "frames_without_reference": "Pictures at the start lack what they are built on and were left out.",
    "no_picture": "Nothing of a segment could be decoded.",
    "faces_without_vector": "Faces were found that cannot be compared.",
    "segments_missing": "Parts of the episode are missing in the result.",
    "many_single_tracks": "Many people have one track only: people may be split.",
    "one_large_cluster": "One cluster holds most tracks: people may be mixed.",
    "unusual_cluster_count": "There are fewer or more clusters than an episode usually has.",
    "many_tracks": "There are more tracks per minute than usual: tracking may be broken up.",
    "many_short_tracks": "Most tracks are short.",
    "vectors_not_compared": "Vectors of another model or dimension were left out.",
    "edits_without_tracks": "Operators' edits are about tracks that are not in this run.",
    "edits_contradict": "Operators' edits contradict each other and hold only in part.",
    "not_calibrated": "The embedder has no calibration, so nobody was named automatically.",
    "cast_without_consent": "A cast member has no consent on record, which is required here: they are not compared with.",
    "picture_not_compared": "A reference picture was made with another model.",
    "picture_of_somebody_else": "A reference picture looks like somebody else.",
    "cast_conflict": "Two identities that are on screen together look like the same cast member.",
    "link_without_identity": "A link names an identity that does not exist.",
    "linked_to_unknown_cast": "A link names somebody who is not in the show's cast.",
    "in_two_places": "Somebody is in two places at once.",
    "tracks_dropped": "Tracks that an operator dropped count for nobody.",
    "noted": "A sentence without a code, from a result made before there were codes.",
}
"""Code -> what it means."""


def sentences(warnings: Iterable[Warning]) -> tuple[str, ...]:
    """The sentences alone, without repeats, in order."""
    return tuple(dict.fromkeys(warning.sentence for warning in warnings))


def noted(texts: Iterable[str]) -> tuple[Warning, ...]:
    """Warnings that are kept as sentences only."""
    return tuple(Warning(code="noted", sentence=text) for text in texts if text)
