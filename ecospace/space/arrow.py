"""Columns of WKB between Arrow and the kernels, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.space.kernels import Wkb

if TYPE_CHECKING:
    import pyarrow as pa


def wkb_of_arrow(column: pa.Array) -> Wkb:
    """A binary column (no nulls) as the kernels read it: the bytes are shared, the offsets are widened."""
    import pyarrow as pa

    kind: Any = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    _validity, offsets, data = column.buffers()
    places = np.frombuffer(offsets, kind)[column.offset : column.offset + len(column) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return Wkb(content, places.astype(np.int64))


def arrow_of_wkb(shapes: Wkb) -> pa.Array:
    """Features as a binary column."""
    import pyarrow as pa

    if shapes.offsets[-1] >= 2**31:
        offsets, kind = shapes.offsets, pa.large_binary()
    else:
        offsets, kind = shapes.offsets.astype(np.int32), pa.binary()
    return pa.Array.from_buffers(kind, len(shapes), [None, pa.py_buffer(offsets), pa.py_buffer(shapes.bytes)])
