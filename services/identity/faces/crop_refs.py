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
    r"s3://(?P<bucket>[A-Za-z0-9.-]+)/artifacts/segments/"
    r"(?P<ep_id>[a-z0-9-]+)/(?P<run>[0-9A-Z]{26})/(?P<segment>[0-9]{5,9})/"
    r"crops-(?P<digest>[0-9a-f]{16})\.zip"
    r"#(?P<member>(?P<kind>chips|thumbs)/(?P<track>track-[0-9]{5,9}-[0-9]{3,9})/(?P<frame>[0-9]{7,12})\.jpg)"
)
_TOKEN = re.compile(
    r"(?P<run>[0-9A-Z]{26})-(?P<segment>[0-9]{5,9})-(?P<digest>[0-9a-f]{16})-"
    r"(?P<kind>chips|thumbs)-(?P<track>track-[0-9]{5,9}-[0-9]{3,9})-(?P<frame>[0-9]{7,12})"
)
TOKEN_PATTERN = f"^{re.sub('[?]P<[a-z]+>', '?:', _TOKEN.pattern)}$"
"""How the address of a picture looks."""


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


def picture_token(name: str | None) -> str | None:
    """What stands for a picture in the path of an address; None for what is no name of one.

    It holds the hash of the archive and the member in it, so what it names never changes.
    """
    found = _NAME.fullmatch(name or "")
    if found is None:
        return None
    return "-".join(found[part] for part in ("run", "segment", "digest", "kind", "track", "frame"))


def picture_of_token(token: str, *, ep_id: str, bucket: str) -> PictureKey:
    """The picture of the episode that a token stands for.

    Raises:
        NotFound: `unknown_picture`, for any other text.
    """
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise unknown_picture(token, ep_id)
    archive = f"s3://{bucket}/artifacts/segments/{ep_id}/{found['run']}/{found['segment']}/crops-{found['digest']}.zip"
    return picture_key(f"{archive}#{found['kind']}/{found['track']}/{found['frame']}.jpg", ep_id=ep_id, bucket=bucket)


def unknown_picture(text: str, ep_id: str) -> NotFound:
    shown = CropRef.parse(text).member[:80]
    return NotFound(
        "unknown_picture", f"{shown} is not a picture of {ep_id}: send a crop or thumbnail as its faces name them."
    )
