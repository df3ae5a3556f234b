"""What each output pixel of a convolution or pooling sees, by TensorFlow's definition of its padding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]


def windows(picture: Real, size: tuple[int, int], stride: int, padding: str, dilation: int, fill: float) -> Any:
    """(N, h, w, kh, kw, C): what each output pixel sees. With "SAME" the output has ceil(in / stride) pixels and an
    odd padding puts the extra row or column at the end."""
    sides, counts = [], []
    for length, kernel in zip(picture.shape[1:3], size, strict=True):
        reach = (kernel - 1) * dilation + 1
        count = math.ceil(length / stride) if padding == "SAME" else (length - reach) // stride + 1
        lack = max((count - 1) * stride + reach - length, 0) if padding == "SAME" else 0
        sides.append((lack // 2, lack - lack // 2))
        counts.append(count)
    padded = np.pad(picture, ((0, 0), *sides, (0, 0)), constant_values=fill)
    out = np.empty((len(picture), *counts, *size, picture.shape[3]), np.float32)
    for row, column, y, x in np.ndindex(*counts, *size):
        out[:, row, column, y, x] = padded[:, row * stride + y * dilation, column * stride + x * dilation]
    return out
