"""Vectors as files: float32 matrices in NumPy's own format."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def to_npy(matrix: Floats) -> bytes:
    """A matrix [N,D] as the bytes of an `.npy` file."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(matrix, dtype=np.float32), allow_pickle=False)
    return buffer.getvalue()


def from_npy(data: bytes) -> Floats:
    """The matrix of an `.npy` file; never unpickles anything."""
    matrix: Floats = np.load(io.BytesIO(data), allow_pickle=False)
    return matrix
