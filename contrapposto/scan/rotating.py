"""Scan of the metrics that rotate: `procrustes` and `np-procrustes`, without a singular value decomposition.

The best rotation of a person's joints x onto the query's q is the eigenvector of the largest eigenvalue of a
symmetric 4 x 4 matrix, read as a quaternion (Horn 1987). The eigenvalue comes from Newton's method on the
characteristic polynomial, started at an upper bound (Theobald 2005). The eigenvector v itself is not needed: the
adjugate of (matrix - eigenvalue) is a multiple of v v', whose entries are all that a rotation matrix is made of,
and its trace tells how far the other eigenvalues are. Where another rotation is nearly as good, the bound is 0.

Otherwise as `flat.py`: blocks of people, lower bounds, sums left unfinished past the limit. The part between the
two passes over the joints is done in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.best import keep_best
from contrapposto.scan.compiled import LANES, compiled, inlined, prefetch
from contrapposto.scan.sets import MEAN, REACH, SHARE, SPREAD

ZERO: Any = np.float32(0)
ONE: Any = np.float32(1)
INFINITE: Any = np.float32(np.inf)
ERROR: Any = np.float32(2**-19)
"""Allowed error of a coordinate, as a share of the larger side of the whole pose."""
TURNED = 2.0**-19
"""Allowed error of the entries of the 4 x 4 matrix, as a share of its largest possible eigenvalue."""
SMALL_SPREAD = 2.0**-16
"""Share of the whole pose, squared, below which float32 is not trusted."""
SMALL_GAP = 2.0**-12
"""Distance of the two largest eigenvalues, of at most 1, below which the rotation is not trusted."""
STEPS = 12
L = LANES


@inlined
def _outer(
    x: float, y: float, z: float, w: float, q: NDArray[np.float32], sums: tuple[float, ...]
) -> tuple[float, ...]:
    """Adds one joint to the 13 weighted sums of x, x x and x q'."""
    seen = x == x
    x, y, z = (x if seen else ZERO), (y if seen else ZERO), (z if seen else ZERO)
    wx, wy, wz = w * x, w * y, w * z
    return (
        sums[0] + wx,
        sums[1] + wy,
        sums[2] + wz,
        sums[3] + (wx * x + wy * y + wz * z),
        sums[4] + wx * q[0],
        sums[5] + wx * q[1],
        sums[6] + wx * q[2],
        sums[7] + wy * q[0],
        sums[8] + wy * q[1],
        sums[9] + wy * q[2],
        sums[10] + wz * q[0],
        sums[11] + wz * q[1],
        sums[12] + wz * q[2],
    )


@inlined
def _best_rotation(
    xx: float, xy: float, xz: float, yx: float, yy: float, yz: float, zx: float, zy: float, zz: float
) -> tuple[float, float, float, float, float, float, float, float, float, float, float]:
    """From the covariance [x, q], scaled so that the eigenvalues lie in -1..1: the rotation matrix by rows, a lower
    bound of the gap between the two largest eigenvalues, and the last step of Newton's method."""
    a00, a11, a22, a33 = xx + yy + zz, xx - yy - zz, yy - xx - zz, zz - xx - yy
    a01, a02, a03 = yz - zy, zx - xz, xy - yx
    a12, a13, a23 = xy + yx, zx + xz, yz + zy
    c2 = -2 * (xx * xx + xy * xy + xz * xz + yx * yx + yy * yy + yz * yz + zx * zx + zy * zy + zz * zz)
    c1 = -8 * (xx * (yy * zz - yz * zy) - xy * (yx * zz - yz * zx) + xz * (yx * zy - yy * zx))
    c0 = (
        (a00 * a11 - a01 * a01) * (a22 * a33 - a23 * a23)
        - (a00 * a12 - a01 * a02) * (a12 * a33 - a23 * a13)
        + (a00 * a13 - a01 * a03) * (a12 * a23 - a22 * a13)
        + (a01 * a12 - a11 * a02) * (a02 * a33 - a23 * a03)
        - (a01 * a13 - a11 * a03) * (a02 * a23 - a22 * a03)
        + (a02 * a13 - a12 * a03) * (a02 * a13 - a12 * a03)
    )
    value, step = 1.0, 0.0
    for _ in range(STEPS):
        square = value * value
        slope = 4 * square * value + 2 * c2 * value + c1
        step = ((square + c2) * square + c1 * value + c0) / slope if slope > 1e-12 else 0.0
        value -= step
    a00, a11, a22, a33 = a00 - value, a11 - value, a22 - value, a33 - value
    s0, s1, s2 = a00 * a11 - a01 * a01, a00 * a12 - a01 * a02, a00 * a13 - a01 * a03
    s3, s4, s5 = a01 * a12 - a11 * a02, a01 * a13 - a11 * a03, a02 * a13 - a12 * a03
    t5, t4, t3 = a22 * a33 - a23 * a23, a12 * a33 - a13 * a23, a12 * a23 - a13 * a22
    t2, t1 = a02 * a33 - a03 * a23, a02 * a23 - a03 * a22
    b00 = a11 * t5 - a12 * t4 + a13 * t3
    b11 = a00 * t5 - a02 * t2 + a03 * t1
    b22 = a03 * s4 - a13 * s2 + a33 * s0
    b33 = a02 * s3 - a12 * s1 + a22 * s0
    b01 = a02 * t4 - a01 * t5 - a03 * t3
    b02 = a13 * s5 - a23 * s4 + a33 * s3
    b03 = a22 * s4 - a12 * s5 - a23 * s3
    b12 = a23 * s2 - a03 * s5 - a33 * s1
    b13 = a02 * s5 - a22 * s2 + a23 * s1
    b23 = a12 * s2 - a02 * s4 - a23 * s0
    trace = b00 + b11 + b22 + b33
    n = 1 / trace if trace < 0 else 0.0
    return (
        (b00 + b11 - b22 - b33) * n,
        2 * (b12 - b03) * n,
        2 * (b13 + b02) * n,
        2 * (b12 + b03) * n,
        (b00 - b11 + b22 - b33) * n,
        2 * (b23 - b01) * n,
        2 * (b13 - b02) * n,
        2 * (b23 + b01) * n,
        (b00 - b11 - b22 + b33) * n,
        -trace / 4,
        step,
    )


@compiled
def scan_rotating(
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
    """As `flat.scan_3d`, with the best rotation."""
    work = np.empty(19 * L, np.float32)
    limits = np.empty(L, np.float32)
    joint = 3 * L
    for b in range(first, last):
        start = b * 17 * joint
        for i in range(13 * L):
            work[i] = ZERO
        for g in range(0, len(columns), 3):
            at, bt, ct = (
                start + columns[g] * joint,
                start + columns[g + 1] * joint,
                start + columns[g + 2] * joint,
            )
            for line in range(0, joint, 16):
                prefetch(flat, at + 17 * joint + line)
                prefetch(flat, bt + 17 * joint + line)
                prefetch(flat, ct + 17 * joint + line)
            x, y, z = flat[at : at + joint], flat[bt : bt + joint], flat[ct : ct + joint]
            wx, wy, wz = w[g], w[g + 1], w[g + 2]
            qx, qy, qz = q[g], q[g + 1], q[g + 2]
            for i in range(L):
                sums: tuple[float, ...] = (
                    work[i],
                    work[L + i],
                    work[2 * L + i],
                    work[3 * L + i],
                    work[4 * L + i],
                    work[5 * L + i],
                    work[6 * L + i],
                    work[7 * L + i],
                    work[8 * L + i],
                    work[9 * L + i],
                    work[10 * L + i],
                    work[11 * L + i],
                    work[12 * L + i],
                )
                sums = _outer(x[i], x[L + i], x[2 * L + i], wx, qx, sums)
                sums = _outer(y[i], y[L + i], y[2 * L + i], wy, qy, sums)
                sums = _outer(z[i], z[L + i], z[2 * L + i], wz, qz, sums)
                work[i], work[L + i], work[2 * L + i], work[3 * L + i] = sums[0], sums[1], sums[2], sums[3]
                work[4 * L + i], work[5 * L + i], work[6 * L + i] = sums[4], sums[5], sums[6]
                work[7 * L + i], work[8 * L + i], work[9 * L + i] = sums[7], sums[8], sums[9]
                work[10 * L + i], work[11 * L + i], work[12 * L + i] = sums[10], sums[11], sums[12]
        of = sets[b]
        for i in range(L):
            row = of[i]
            work[13 * L + i], work[14 * L + i], work[15 * L + i] = (
                table[row, SHARE],
                table[row, REACH],
                table[row, SPREAD],
            )
            for axis in range(3):
                work[(16 + axis) * L + i] = table[row, MEAN + axis]
        size = sizes[b]
        limit = best[0] if len(best) else INFINITE
        for i in range(L):
            share = np.float64(work[13 * L + i])
            mx, my, mz = work[i] * share, work[L + i] * share, work[2 * L + i] * share
            spread = work[3 * L + i] * share - (mx * mx + my * my + mz * mz)
            spread = spread if spread > 0 else 0.0
            wanted = np.float64(work[15 * L + i])
            kx, ky, kz = (
                np.float64(work[16 * L + i]),
                np.float64(work[17 * L + i]),
                np.float64(work[18 * L + i]),
            )
            norm = 1 / np.sqrt(spread * wanted)
            xx, xy, xz, yx, yy, yz, zx, zy, zz, gap, step = _best_rotation(
                (work[4 * L + i] * share - mx * kx) * norm,
                (work[5 * L + i] * share - mx * ky) * norm,
                (work[6 * L + i] * share - mx * kz) * norm,
                (work[7 * L + i] * share - my * kx) * norm,
                (work[8 * L + i] * share - my * ky) * norm,
                (work[9 * L + i] * share - my * kz) * norm,
                (work[10 * L + i] * share - mz * kx) * norm,
                (work[11 * L + i] * share - mz * ky) * norm,
                (work[12 * L + i] * share - mz * kz) * norm,
            )
            extent = np.sqrt(spread) if rescale else 1 / np.float64(size[i])
            r = extent * work[14 * L + i]
            blur = 1 + 0.25 / spread + 0.25 / wanted
            error = ERROR * (1 + r) * blur + np.sqrt(spread) * (TURNED * blur + 4 * abs(step)) / gap
            trusted = (spread > SMALL_SPREAD) & (wanted > SMALL_SPREAD) & (gap > SMALL_GAP)
            work[i] = kx * r - (xx * mx + xy * my + xz * mz)
            work[L + i] = ky * r - (yx * mx + yy * my + yz * mz)
            work[2 * L + i] = kz * r - (zx * mx + zy * my + zz * mz)
            work[3 * L + i] = r
            work[4 * L + i], work[5 * L + i], work[6 * L + i] = xx, xy, xz
            work[7 * L + i], work[8 * L + i], work[9 * L + i] = yx, yy, yz
            work[10 * L + i], work[11 * L + i], work[12 * L + i] = zx, zy, zz
            work[14 * L + i] = ZERO
            work[15 * L + i] = error if trusted else 0.0
            work[16 * L + i] = factor / extent if trusted else 0.0
            limits[i] = (limit * extent / factor + error) / share
        for g in range(0, len(columns), 3):
            for k in range(g, g + 3):
                at = start + columns[k] * joint
                x = flat[at : at + joint]
                wx, qx, qy, qz = w[k], q[k, 0], q[k, 1], q[k, 2]
                for i in range(L):
                    px, py, pz, r = x[i], x[L + i], x[2 * L + i], work[3 * L + i]
                    dx = work[4 * L + i] * px + work[5 * L + i] * py + work[6 * L + i] * pz + work[i] - qx * r
                    dy = work[7 * L + i] * px + work[8 * L + i] * py + work[9 * L + i] * pz + work[L + i] - qy * r
                    dz = (
                        work[10 * L + i] * px
                        + work[11 * L + i] * py
                        + work[12 * L + i] * pz
                        + work[2 * L + i]
                        - qz * r
                    )
                    away = np.sqrt(dx * dx + dy * dy + dz * dz)
                    work[14 * L + i] += wx * (away if away > ZERO else ZERO)
            if len(best):
                below = ZERO
                for i in range(L):
                    below += ONE if work[14 * L + i] < limits[i] else ZERO
                if below == ZERO:
                    break
        out = bounds[b]
        for i in range(L):
            bound = work[16 * L + i] * (work[14 * L + i] * work[13 * L + i] - work[15 * L + i])
            out[i] = ZERO if bound < ZERO else bound
        keep_best(best, out, 0.0)
