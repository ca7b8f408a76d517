"""What comes with a decoded picture beside its pixels: the way up it is shown, its eyes, its light."""

from __future__ import annotations

from collections.abc import Iterator

from av.sidedata.sidedata import SideData, SideDataContainer, Type
from av.video.frame import VideoFrame

_Container: type[SideDataContainer] = SideDataContainer


def side_data_of(picture: VideoFrame, kind: Type) -> bytes | None:
    """The first side data of a kind that came with a picture; None without.

    `picture.side_data` would keep the picture and what lists its side data alive for each other until Python collects
    cycles: hundreds of megabytes of frames. Raises ValueError where there is a kind that is newer than PyAV.
    """
    return next((bytes(data) for data in _listed(picture) if data.type is kind), None)


def _listed(picture: VideoFrame) -> Iterator[SideData]:
    return iter(_Container(picture))  # type: ignore[call-arg]  # its stub says nothing of how it is made
