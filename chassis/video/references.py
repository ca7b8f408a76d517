"""Pictures that lack what they are built on: a file cut in the middle begins with ghosts on grey, which are no faces."""

from __future__ import annotations

from typing import Final

from av.video.frame import PictureType, VideoFrame

LONGEST_WAIT: Final = 300
"""Pictures after which a stream is taken to have none that stand alone."""

_DECODERS_THAT_GUESS: Final = frozenset(
    {
        *("mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "h261", "h263", "h263i", "flv"),
        *("wmv1", "wmv2", "wmv3", "vc1", "rv10", "rv20", "rv30", "rv40"),
    }
)
"""They paint upon grey. Others wait for a picture that stands alone, or refuse what comes before it."""


class ReferenceGate:
    """Lets pictures of a stream through from the first on that stands alone, after each seek afresh."""

    def __init__(self, codec: str) -> None:
        self._is_open = codec not in _DECODERS_THAT_GUESS
        self._waited = 0

    def admits(self, picture: VideoFrame) -> bool:
        """Whether the next picture has what it is built on."""
        if not self._is_open:
            alone = picture.key_frame or picture.pict_type == PictureType.I
            self._is_open = alone or self._waited >= LONGEST_WAIT
            self._waited += not self._is_open
        return self._is_open
