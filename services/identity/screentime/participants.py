"""The people an episode is about: a filter on a screen-time document, never a deletion."""

from __future__ import annotations

from contracts.rows import ScreenTimeDocument


def only_participants(document: ScreenTimeDocument) -> ScreenTimeDocument:
    """The document without those who are seen in passing, and without their pairs; the coverage stays of everybody."""
    cast = tuple(row for row in document.cast if row.participant)
    unidentified = tuple(row for row in document.unidentified if row.participant)
    kept = {row.cast_id for row in cast} | {row.identity_id for row in unidentified}
    return document.model_copy(
        update={
            "cast": cast,
            "unidentified": unidentified,
            "co_appearance_s": tuple(pair for pair in document.co_appearance_s if kept >= {pair.a, pair.b}),
        }
    )
