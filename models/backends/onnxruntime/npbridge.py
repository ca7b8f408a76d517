"""Hands arrays to and from Triton's Python stub by DLPack.

The stub's own array conversion was built against numpy 1; under numpy 2 it silently reads and writes wrong values.
DLPack is a plain C structure that both sides agree on: inputs are read with numpy's `from_dlpack`, outputs are offered
in a capsule made here.
"""

import ctypes
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

_CPU = 1
_TYPE_CODES = {"i": 0, "u": 1, "f": 2, "b": 6}


class _Device(ctypes.Structure):
    _fields_ = [("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32)]


class _DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("dimensions", ctypes.c_int32),
        ("data_type", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _ManagedTensor(ctypes.Structure):
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

# The consumer calls the deleter with one pointer; any C function without effects will do, since we own the memory.
_NO_EFFECT = ctypes.cast(ctypes.CDLL(None).abs, ctypes.c_void_p).value


def to_numpy(tensor: Any) -> np.ndarray:
    """A view of the server's memory as an array; valid while the request lives."""
    return np.from_dlpack(tensor)


class ExportedTensors:
    """Makes output tensors and keeps their memory alive until `clear`, which belongs at the start of the next batch."""

    def __init__(self) -> None:
        self._alive: list[tuple[np.ndarray, Any, _ManagedTensor]] = []

    def clear(self) -> None:
        self._alive.clear()

    def tensor(self, name: str, values: np.ndarray) -> Any:
        """An output tensor with the values of an array of integers, floats or booleans."""
        contiguous = np.ascontiguousarray(values)
        shape = (ctypes.c_int64 * max(contiguous.ndim, 1))(*contiguous.shape)
        data_type = _DataType(_TYPE_CODES[contiguous.dtype.kind], contiguous.itemsize * 8, 1)
        described = _Tensor(contiguous.ctypes.data, _Device(_CPU, 0), contiguous.ndim, data_type, shape, None, 0)
        managed = _ManagedTensor(described, None, _NO_EFFECT)
        self._alive.append((contiguous, shape, managed))
        capsule = _new_capsule(ctypes.addressof(managed), b"dltensor", None)
        return pb_utils.Tensor.from_dlpack(name, capsule)
