"""Scans of the metrics that do not rotate: `2d`, `3d` and `np-3d`.

With x a person's joints, q the query's, w weights, m() the weighted mean over the joints that both show, e() the
extent (`2d`: larger side of the box; `np-3d`: root-mean-square distance from the centre; `3d`: 1 metre) and
r = e(x) / e(q), the distance is

    factor / e(x) * mean of w |x - m(x) - r (q - m(q))|

What depends on the query and the set of seen joints alone is looked up (`sets.py`). Joints are taken three at a
time, so that sums stay in registers between them. An unseen joint is NaN: it loses every comparison, so it changes
no box, and the larger of it and 0 is 0.

What is written is the distance less the largest error that float32 is allowed: a lower bound. Where the joints lie
too close together for float32 it is 0. Once all people of a block are past the limit, their sums are left
unfinished: a lower bound still.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.best import keep_best
from contrapposto.scan.compiled import LANES, compiled, inlined, prefetch
from contrapposto.scan.sets import MEAN, REACH, SHARE

ZERO: Any = np.float32(0)
ONE: Any = np.float32(1)
QUARTER: Any = np.float32(0.25)
INFINITE: Any = np.float32(np.inf)
ERROR: Any = np.float32(2**-19)
"""Allowed error of a coordinate, as a share of the larger side of the whole pose."""
SMALL_SIDE: Any = np.float32(2**-10)
SMALL_SPREAD: Any = np.float32(2**-16)
"""Share of the whole pose (spread: squared) below which float32 is not trusted."""
SIDE: Any = np.float32(128)
L = LANES


@inlined
def _fetch_ahead(flat: NDArray[np.float32], at: int, count: int) -> None:
    for line in range(at, at + count, 16):
        prefetch(flat, line)


@inlined
def _within(values: NDArray[np.float32], at: int, limits: NDArray[np.float32]) -> bool:
    """Whether any of the lanes of `values` from `at` on is below its limit."""
    below = ZERO
    for i in range(L):
        below += ONE if values[at + i] < limits[i] else ZERO
    return below > ZERO  # type: ignore[no-any-return]


@inlined
def _widen(
    x: float, y: float, w: float, sx: float, sy: float, left: float, right: float, low: float, high: float
) -> tuple[float, float, float, float, float, float]:
    seen = x == x
    sx += w * (x if seen else ZERO)
    sy += w * (y if seen else ZERO)
    left = x if x < left else left
    right = x if x > right else right
    low = y if y < low else low
    high = y if y > high else high
    return sx, sy, left, right, low, high


@inlined
def _apart2(x: float, y: float, w: float, qx: float, qy: float, r: float, mx: float, my: float) -> float:
    dx = x - qx * r + mx
    dy = y - qy * r + my
    away = np.sqrt(dx * dx + dy * dy)
    return w * (away if away > ZERO else ZERO)  # type: ignore[no-any-return]


@compiled
def scan_2d(
    flat: NDArray[np.float32],
    sets: NDArray[np.int32],
    table: NDArray[np.float32],
    columns: NDArray[np.intp],
    q: NDArray[np.float32],
    w: NDArray[np.float32],
    first: int,
    last: int,
    best: NDArray[np.float32],
    bounds: NDArray[np.float32],
) -> None:
    """Writes the bounds (B, LANES) of the blocks first to last (excluded), px of 128; NaN where not comparable.

    flat: the layout's blocks in one row; sets: (B, LANES) rows of the table; columns, q (K, 2), w (K,): the query,
    K a multiple of 3, filled up with joints of weight 0; best: heap (k,) of the smallest bounds so far, the largest
    of which is the limit; empty for no limit.
    """
    work = np.empty(10 * L, np.float32)
    limits = np.empty(L, np.float32)
    joint = 2 * L
    for b in range(first, last):
        start = b * 17 * joint
        for i in range(L):
            work[i], work[L + i] = ZERO, ZERO
            work[2 * L + i], work[3 * L + i] = INFINITE, -INFINITE
            work[4 * L + i], work[5 * L + i] = INFINITE, -INFINITE
        for g in range(0, len(columns), 3):
            at, bt, ct = (
                start + columns[g] * joint,
                start + columns[g + 1] * joint,
                start + columns[g + 2] * joint,
            )
            _fetch_ahead(flat, at + 17 * joint, L)
            _fetch_ahead(flat, bt + 17 * joint, L)
            _fetch_ahead(flat, ct + 17 * joint, L)
            x, y, z = flat[at : at + joint], flat[bt : bt + joint], flat[ct : ct + joint]
            wx, wy, wz = w[g], w[g + 1], w[g + 2]
            for i in range(L):
                sx, sy = work[i], work[L + i]
                left, right, low, high = work[2 * L + i], work[3 * L + i], work[4 * L + i], work[5 * L + i]
                sx, sy, left, right, low, high = _widen(x[i], x[L + i], wx, sx, sy, left, right, low, high)
                sx, sy, left, right, low, high = _widen(y[i], y[L + i], wy, sx, sy, left, right, low, high)
                sx, sy, left, right, low, high = _widen(z[i], z[L + i], wz, sx, sy, left, right, low, high)
                work[i], work[L + i] = sx, sy
                work[2 * L + i], work[3 * L + i], work[4 * L + i], work[5 * L + i] = left, right, low, high
        of = sets[b]
        for i in range(L):
            row = of[i]
            work[6 * L + i], work[7 * L + i] = table[row, SHARE], table[row, REACH]
            work[8 * L + i], work[9 * L + i] = table[row, MEAN], table[row, MEAN + 1]
        limit = best[0] if len(best) else INFINITE
        for i in range(L):
            width, height = work[3 * L + i] - work[2 * L + i], work[5 * L + i] - work[4 * L + i]
            side = width if width > height else height
            share = work[6 * L + i]
            r = side * work[7 * L + i]
            error = ERROR * (ONE + r)
            work[2 * L + i] = r
            work[3 * L + i] = work[8 * L + i] * r - work[i] * share
            work[4 * L + i] = work[9 * L + i] * r - work[L + i] * share
            work[5 * L + i] = ZERO
            work[7 * L + i] = SIDE / side if side > SMALL_SIDE else ZERO
            work[8 * L + i] = error
            limits[i] = (limit * side / SIDE + error) / share
        for g in range(0, len(columns), 3):
            at, bt, ct = (
                start + columns[g] * joint,
                start + columns[g + 1] * joint,
                start + columns[g + 2] * joint,
            )
            _fetch_ahead(flat, at + 17 * joint + L, L)
            _fetch_ahead(flat, bt + 17 * joint + L, L)
            _fetch_ahead(flat, ct + 17 * joint + L, L)
            x, y, z = flat[at : at + joint], flat[bt : bt + joint], flat[ct : ct + joint]
            wx, wy, wz = w[g], w[g + 1], w[g + 2]
            ax, ay, bx, by, cx, cy = q[g, 0], q[g, 1], q[g + 1, 0], q[g + 1, 1], q[g + 2, 0], q[g + 2, 1]
            for i in range(L):
                r, mx, my = work[2 * L + i], work[3 * L + i], work[4 * L + i]
                work[5 * L + i] += (
                    _apart2(x[i], x[L + i], wx, ax, ay, r, mx, my)
                    + _apart2(y[i], y[L + i], wy, bx, by, r, mx, my)
                    + _apart2(z[i], z[L + i], wz, cx, cy, r, mx, my)
                )
            if len(best) and not _within(work, 5 * L, limits):
                break
        out = bounds[b]
        for i in range(L):
            bound = work[7 * L + i] * (work[5 * L + i] * work[6 * L + i] - work[8 * L + i])
            out[i] = ZERO if bound < ZERO else bound
        keep_best(best, out, 0.0)


@inlined
def _gather(
    x: float, y: float, z: float, w: float, sx: float, sy: float, sz: float, squares: float
) -> tuple[float, float, float, float]:
    seen = x == x
    x, y, z = (x if seen else ZERO), (y if seen else ZERO), (z if seen else ZERO)
    return sx + w * x, sy + w * y, sz + w * z, squares + w * (x * x + y * y + z * z)


@inlined
def _apart3(
    x: float, y: float, z: float, w: float, q: NDArray[np.float32], r: float, mx: float, my: float, mz: float
) -> float:
    dx = x - q[0] * r + mx
    dy = y - q[1] * r + my
    dz = z - q[2] * r + mz
    away = np.sqrt(dx * dx + dy * dy + dz * dz)
    return w * (away if away > ZERO else ZERO)  # type: ignore[no-any-return]


@compiled
def scan_3d(
    flat: NDArray[np.float32],
    sizes: NDArray[np.float32],
    sets: NDArray[np.int32],
    table: NDArray[np.float32],
    columns: NDArray[np.intp],
    q: NDArray[np.float32],
    w: NDArray[np.float32],
    rescale: bool,
    factor: float,
    first: int,
    last: int,
    best: NDArray[np.float32],
    bounds: NDArray[np.float32],
) -> None:
    """As `scan_2d`, for three coordinates. sizes: (B, LANES) of the layout, metres; factor: from the unit of an
    extent (metres; the pose itself where `rescale`) to the unit of the result."""
    work = np.empty(10 * L, np.float32)
    limits = np.empty(L, np.float32)
    joint = 3 * L
    scale = np.float32(factor)
    for b in range(first, last):
        start = b * 17 * joint
        for i in range(4 * L):
            work[i] = ZERO
        for g in range(0, len(columns), 3):
            at, bt, ct = (
                start + columns[g] * joint,
                start + columns[g + 1] * joint,
                start + columns[g + 2] * joint,
            )
            _fetch_ahead(flat, at + 17 * joint, joint)
            _fetch_ahead(flat, bt + 17 * joint, joint)
            _fetch_ahead(flat, ct + 17 * joint, joint)
            x, y, z = flat[at : at + joint], flat[bt : bt + joint], flat[ct : ct + joint]
            wx, wy, wz = w[g], w[g + 1], w[g + 2]
            for i in range(L):
                sx, sy, sz, squares = work[i], work[L + i], work[2 * L + i], work[3 * L + i]
                sx, sy, sz, squares = _gather(x[i], x[L + i], x[2 * L + i], wx, sx, sy, sz, squares)
                sx, sy, sz, squares = _gather(y[i], y[L + i], y[2 * L + i], wy, sx, sy, sz, squares)
                sx, sy, sz, squares = _gather(z[i], z[L + i], z[2 * L + i], wz, sx, sy, sz, squares)
                work[i], work[L + i], work[2 * L + i], work[3 * L + i] = sx, sy, sz, squares
        of = sets[b]
        for i in range(L):
            row = of[i]
            work[4 * L + i], work[5 * L + i] = table[row, SHARE], table[row, REACH]
            for axis in range(3):
                work[(6 + axis) * L + i] = table[row, MEAN + axis]
        size = sizes[b]
        limit = best[0] if len(best) else INFINITE
        for i in range(L):
            share = work[4 * L + i]
            mx, my, mz = work[i] * share, work[L + i] * share, work[2 * L + i] * share
            spread = work[3 * L + i] * share - (mx * mx + my * my + mz * mz)
            spread = spread if spread > ZERO else ZERO
            extent = np.sqrt(spread) if rescale else ONE / size[i]
            r = extent * work[5 * L + i]
            error = ERROR * (ONE + r) * (ONE + QUARTER / spread)
            work[i] = work[6 * L + i] * r - mx
            work[L + i] = work[7 * L + i] * r - my
            work[2 * L + i] = work[8 * L + i] * r - mz
            work[3 * L + i] = r
            work[5 * L + i] = ZERO
            work[6 * L + i] = error if spread > SMALL_SPREAD else ZERO
            work[7 * L + i] = scale / extent if spread > SMALL_SPREAD else ZERO
            limits[i] = (limit * extent / scale + error) / share
        for g in range(0, len(columns), 3):
            at, bt, ct = (
                start + columns[g] * joint,
                start + columns[g + 1] * joint,
                start + columns[g + 2] * joint,
            )
            x, y, z = flat[at : at + joint], flat[bt : bt + joint], flat[ct : ct + joint]
            wx, wy, wz = w[g], w[g + 1], w[g + 2]
            qx, qy, qz = q[g], q[g + 1], q[g + 2]
            for i in range(L):
                mx, my, mz, r = work[i], work[L + i], work[2 * L + i], work[3 * L + i]
                work[5 * L + i] += (
                    _apart3(x[i], x[L + i], x[2 * L + i], wx, qx, r, mx, my, mz)
                    + _apart3(y[i], y[L + i], y[2 * L + i], wy, qy, r, mx, my, mz)
                    + _apart3(z[i], z[L + i], z[2 * L + i], wz, qz, r, mx, my, mz)
                )
            if len(best) and not _within(work, 5 * L, limits):
                break
        out = bounds[b]
        for i in range(L):
            bound = work[7 * L + i] * (work[5 * L + i] * work[4 * L + i] - work[6 * L + i])
            out[i] = ZERO if bound < ZERO else bound
        keep_best(best, out, 0.0)
