"""Contract models as the bytes of artifacts: a document as JSON, rows as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def encode_rows(rows: Iterable[BaseModel]) -> bytes:
    """JSON Lines, one row a line, fields in declared order."""
    return b"".join(row.model_dump_json(by_alias=True).encode() + b"\n" for row in rows)


def decode_rows(data: bytes, model: type[M]) -> list[M]:
    return [model.model_validate_json(line) for line in data.splitlines() if line]


def encode_document(document: BaseModel) -> bytes:
    return document.model_dump_json(by_alias=True, indent=1).encode() + b"\n"
