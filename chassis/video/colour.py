"""What colours of a video mean, and a table that turns high dynamic range or a wide gamut into plain BT.709.

Faces are found, recognised and shown in standard range. **Middle tones keep the light they have**: up to 70 nits a
picture stays as it is, so skin looks as in a standard copy of the same film; what is brighter is rolled off so that
1000 nits are just white. Numbers by ITU-R BT.2100 (PQ, HLG), BT.2408 (reference levels) and BT.1886 (screens).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc

Doubles = npt.NDArray[np.float64]

WHITE_NITS: Final = 100.0
"""Light of white on the screen for which standard range is made."""

KNEE: Final = 0.7
"""Up to this part of white light is left as it is."""

BRIGHTEST_NITS: Final = 1000.0
"""What becomes white. Brighter light, which few films have, is white too."""

SCREEN_GAMMA: Final = 2.4

NODES: Final = 33
"""Entries of the table in each direction; PQ and HLG are even in what the eye sees, so this is fine enough."""

_HIGH_RANGE: Final = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})

_BT709_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)

_TO_BT709: Final[dict[int, tuple[tuple[float, float, float], ...]]] = {
    ColorPrimaries.BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    ColorPrimaries.SMPTE432: ((1.2249, -0.2247, 0.0), (-0.042, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
"""Linear RGB of other primaries to linear RGB of BT.709; those of old television are near enough."""

_READABLE_MATRICES: Final = frozenset({0, 1, 4, 5, 6, 7, 9})
"""Codes of ITU-T H.273 for luma and chroma that the converter knows; it refuses pictures with any other."""

_UNSPECIFIED: Final = 2
_OF_BT2020: Final = frozenset({10, 13, 14})
"""Other matrices that come with BT.2020: constant luminance, ICtCp; BT.2020's own is the nearest."""

_WIDEST_SD: Final = (1024, 576)


def is_high_range(picture: VideoFrame) -> bool:
    """Whether a picture is graded for more light than a usual screen has: PQ (HDR10, Dolby Vision's base) or HLG."""
    return picture.color_trc in _HIGH_RANGE


def needs_conversion(picture: VideoFrame) -> bool:
    """Whether colours must go through the table before anybody looks at them."""
    return picture.color_trc in _HIGH_RANGE or picture.color_primaries == ColorPrimaries.BT2020


def matrix_of(picture: VideoFrame) -> Colorspace | None:
    """By which matrix luma and chroma are made RGB; None: by the one the picture names, or it is RGB.

    Where nothing is said, high definition is BT.709 and standard definition BT.601, as players take it.
    """
    named = picture.colorspace
    if named in _READABLE_MATRICES or (named == _UNSPECIFIED and picture.format.is_rgb):
        return None
    if named in _OF_BT2020 or needs_conversion(picture):
        return Colorspace.BT2020
    small = picture.width <= _WIDEST_SD[0] and picture.height <= _WIDEST_SD[1]
    return Colorspace.ITU601 if named == _UNSPECIFIED and small else Colorspace.ITU709


@lru_cache(maxsize=4)
def table_text(transfer: int, primaries: int) -> str:
    """The table for pictures of this transfer curve and these primaries, as the text of a `.cube` file."""
    rows = standard_range(_grid(), transfer=transfer, primaries=primaries).tolist()
    lines = (f"{red:.5f} {green:.5f} {blue:.5f}" for red, green, blue in rows)
    return "\n".join((f"LUT_3D_SIZE {NODES}", *lines, ""))


def standard_range(signal: Doubles, *, transfer: int, primaries: int) -> Doubles:
    """BT.709 signal [N,3] in 0..1 for a signal [N,3] in 0..1 of another transfer curve (H.273 code) and primaries."""
    light = _light(signal, transfer, primaries)
    matrix = _TO_BT709.get(primaries)
    if matrix is not None:
        light = light @ np.asarray(matrix).T
    luminance = light @ np.asarray(_BT709_WEIGHTS)
    wanted = rolled_off(luminance) if transfer in _HIGH_RANGE else luminance
    light = light * (wanted / np.maximum(luminance, 1e-9))[:, None]
    return np.asarray(np.clip(light, 0.0, 1.0) ** (1 / SCREEN_GAMMA), dtype=np.float64)


def rolled_off(light: Doubles) -> Doubles:
    """Light over that of standard white, brought below 1 from the knee on: smooth, rising, 1 at the brightest."""
    span = BRIGHTEST_NITS / WHITE_NITS - KNEE
    steepness = span / (1 - KNEE)  # so that there is no corner at the knee
    above = np.clip((light - KNEE) / span, 0.0, 1.0)
    return np.where(light <= KNEE, light, KNEE + (1 - KNEE) * above * steepness / (1 + above * (steepness - 1)))


def _light(signal: Doubles, transfer: int, primaries: int) -> Doubles:
    """Linear light on the screen over that of standard white."""
    if transfer == ColorTrc.SMPTE2084:
        return _pq_nits(signal) / WHITE_NITS
    if transfer == ColorTrc.ARIB_STD_B67:
        return _hlg_nits(signal, primaries) / WHITE_NITS
    return np.asarray(signal**SCREEN_GAMMA, dtype=np.float64)


def _pq_nits(signal: Doubles) -> Doubles:
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = signal ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1), dtype=np.float64)


def _hlg_nits(signal: Doubles, primaries: int) -> Doubles:
    """Scene light and then what a screen of 1000 nits makes of it (gamma 1.2 of the luminance)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    weights = (0.2627, 0.678, 0.0593) if primaries == ColorPrimaries.BT2020 else _BT709_WEIGHTS
    luminance = scene @ np.asarray(weights)
    return np.asarray(BRIGHTEST_NITS * scene * (np.maximum(luminance, 1e-9) ** 0.2)[:, None], dtype=np.float64)


def _grid() -> Doubles:
    """All entries of the table, red fastest: [NODES**3, 3]."""
    steps = np.linspace(0.0, 1.0, NODES)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    return np.stack([red, green, blue], axis=-1).reshape(-1, 3)
