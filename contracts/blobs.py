"""Claim checks: large things travel as a reference to an object that was written before the event."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
S3Uri = Annotated[str, StringConstraints(pattern=r"^s3://[A-Za-z0-9.-]+/.+$", max_length=1200)]


class Contract(BaseModel):
    """Base of everything that crosses a service's border: frozen; readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, ser_json_inf_nan="constants")


class BlobRef(Contract):
    """An immutable object in S3."""

    uri: S3Uri
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str
    schema_id: str | None = Field(default=None, alias="schema", description="Id of the JSON Schema of the rows.")


class VideoRef(Contract):
    """A video as an uploader names it; hash and size are checked where given."""

    uri: S3Uri
    sha256: Sha256 | None = None
    bytes: int | None = Field(default=None, ge=0)
    media_type: str = "video/mp4"
    filename: str | None = Field(default=None, max_length=500)


class PictureRef(Contract):
    """A reference picture of a cast member."""

    uri: S3Uri
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str = "image/jpeg"
    filename: str = Field(max_length=500)
