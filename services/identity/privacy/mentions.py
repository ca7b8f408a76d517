"""Whether a revision of the screen time names a person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable

from chassis.domain.redaction import redact
from contracts.rows import CastLink, ScreenTimeDocument


def names_person(document: ScreenTimeDocument, links: Iterable[CastLink], cast_id: str, texts: Collection[str]) -> bool:
    """Whether figures, links or sentences are about the person. `texts` are their names."""
    labels = [row.label for row in document.unidentified if row.label is not None]
    signed = document.signed_off
    notes = [*signed.changes, signed.note or ""] if signed else []
    sentences = [*document.warnings, *document.changes, *labels, *notes]
    return (
        any(link.cast_id == cast_id for link in links)
        or any(row.cast_id == cast_id for row in document.cast)
        or any(redact(text, texts) != text for text in sentences)
    )


def without_people(document: ScreenTimeDocument, erased: Container[str]) -> ScreenTimeDocument:
    """The document as what a later one is compared with: it names nobody who was erased meanwhile."""
    return document.model_copy(update={"cast": tuple(row for row in document.cast if row.cast_id not in erased)})
