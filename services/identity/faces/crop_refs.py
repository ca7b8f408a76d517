"""Names of the pictures that rows speak of: `{crop archive}#{member}`. Pure.

Callers send them back to ask for URLs, so a name is taken apart and believed only when every part is what the detector
writes, in the artifacts of the very episode that was asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chassis.errors import NotFound
from contracts.crops import CropRef

_NAME = re.compile(
    r"s3://(?P<bucket>[A-Za-z0-9.-]+)/artifacts/segments/(?P<ep_id>[a-z0-9-]+)/[0-9A-Z]{26}/[0-9]{5,9}/"
    r"crops-(?P<digest>[0-9a-f]{16})\.zip"
    r"#(?P<member>(?P<kind>chips|thumbs)/(?P<track>track-[0-9]{5,9}-[0-9]{3,9})/(?P<frame>[0-9]{7,12})\.jpg)"
)


@dataclass(frozen=True)
class PictureKey:
    """One picture in a crop archive. `digest` is the start of the archive's sha256."""

    text: str
    archive: str
    digest: str
    member: str
    name: str
    """The member as one plain name."""


def picture_key(text: str, *, ep_id: str, bucket: str) -> PictureKey:
    """A picture of the episode by its name.

    Raises:
        NotFound: `unknown_picture`, for any other text.
    """
    found = _NAME.fullmatch(text)
    if found is None or (found["bucket"], found["ep_id"]) != (bucket, ep_id):
        raise unknown_picture(text, ep_id)
    return PictureKey(
        text=text,
        archive=CropRef.parse(text).archive,
        digest=found["digest"],
        member=found["member"],
        name=f"{found['kind']}-{found['track']}-{found['frame']}.jpg",
    )


def unknown_picture(text: str, ep_id: str) -> NotFound:
    shown = CropRef.parse(text).member[:80]
    return NotFound(
        "unknown_picture", f"{shown} is not a picture of {ep_id}: send a crop or thumbnail as its faces name them."
    )
