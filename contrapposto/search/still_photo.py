"""A photo of a screen: what is seen in it, and, to the very frame, when a film shows it.

It is laid over the frames of a stretch of film, and the frame that it agrees with best is taken. Both are made
small and grey and locally of mean 0 and deviation 1, so that light, colour and glare count little; the more a place
changes through the stretch, the more it tells frames apart, and the more it counts.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import UnreadableMedia
from contrapposto.media.videos import Video
from contrapposto.representations.segment_maker import SegmentMaker
from contrapposto.search.still_scoring import query_keypoints
from contrapposto.search.stills import Agreement, Moment, Photo

WIDTH = 160
"""Pixels of the small pictures that are compared."""

REACH = 9
"""Pixels of the side of the square around a place whose mean and deviation are taken."""

NOISE = 4.0
"""Grey steps that are added to a deviation: where less changes, nothing is made larger."""

STILL = 0.1
"""Added to how much a place changes: places that do not still tell where the photo lies."""

LEAST_COVERED = 0.1
"""Share of the frame that a photo shows at least."""

_SAME = 1e-3
"""Seconds: times no further apart are the same."""


def look(image: NDArray[np.uint8], maker: SegmentMaker, width: int | None = None) -> Photo:
    """What is seen in a photo (H, W, 3) RGB; width: pixels of the photo where this is a reduced copy of it."""
    return Photo(query_keypoints(image), maker.photo(image), width or image.shape[1])


def finder(image: NDArray[np.uint8]) -> Moment:
    """Finds the frame in films that a photo (H, W, 3) RGB shows; None in films that cannot be opened."""

    def moment(path: Path, homography: NDArray[np.float64], start: float, end: float) -> Agreement | None:
        try:
            return moment_in_film(path, image, homography, start, end)
        except (UnreadableMedia, OSError):
            return None

    return moment


def moment_in_film(
    path: Path, photo: NDArray[np.uint8], homography: NDArray[np.float64], start: float, end: float
) -> Agreement | None:
    """The frame, from second `start` to before `end`, with which a photo (H, W, 3) RGB agrees best; None when the
    film shows none there, or the photo covers too little of it.

    homography: (3, 3) from the photo to the frame, both in fractions of the width; it is made finer on the frame
    found (ECC, Evangelidis and Psarakis 2008; OpenCV's). Raises UnreadableMedia and OSError when the film cannot be
    opened.
    """
    times: list[float] = []
    shown: list[NDArray[np.float32]] = []
    with Video(path) as video:
        size = (WIDTH, max(1, round(WIDTH * video.height / video.width)))
        for frame in video.frames(start):
            if frame.time >= end - _SAME:
                break
            times.append(frame.time)
            shown.append(_even(frame.grey(WIDTH).astype(np.float32)))
    if not shown:
        return None
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    reduction = max(1.0, photo.shape[1] / (2 * WIDTH))  # enough pixels for what is compared, and none passed over
    small = cv2.resize(grey, None, fx=1 / reduction, fy=1 / reduction, interpolation=cv2.INTER_AREA)
    matrix = np.diag([size[0], size[0], 1.0]) @ homography @ np.diag([1 / small.shape[1], 1 / small.shape[1], 1.0])
    stack = np.stack(shown)
    laid = _laid(small, matrix, size)
    best = _best(stack, *laid)
    if best is None:
        return None
    finer = _finer(stack[best[0]], *laid)
    if finer is not None:
        again = _best(stack, *_laid(small, finer @ matrix, size))
        best = again if again is not None and again[1] > best[1] else best
    return Agreement(times[best[0]], best[1])


def _best(
    stack: NDArray[np.float32], asked: NDArray[np.float32], covered: NDArray[np.bool_]
) -> tuple[int, float] | None:
    """Which of the frames (T, h, w) a picture (h, w) agrees best with where it covers them, and how well, -1..1:
    the correlation, all places alike. None where it covers less than a tenth."""
    if covered.mean() < LEAST_COVERED:
        return None
    counts = np.where(covered, stack.std(axis=0) + STILL, 0.0).astype(np.float32)
    chosen = int(_correlations(stack, asked, counts).argmax())
    plain = _correlations(stack[chosen][None], asked, covered.astype(np.float32))
    return chosen, float(plain[0])


def _correlations(
    stack: NDArray[np.float32], asked: NDArray[np.float32], counts: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(T,) -1..1 of frames (T, h, w) with a picture (h, w), each place as much as it counts."""
    shared = np.einsum("thw,hw->t", stack, counts * asked)
    lengths = np.einsum("thw,hw->t", stack**2, counts) * float((counts * asked**2).sum())
    return np.asarray(shared / (np.sqrt(lengths) + 1e-9), np.float32)


def _finer(
    frame: NDArray[np.float32], asked: NDArray[np.float32], covered: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """(3, 3) that moves a picture nearly laid over a frame onto it, in pixels; None where none is found."""
    steps = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    mask = covered.astype(np.uint8)
    try:
        _, moved = cv2.findTransformECC(
            asked, frame, np.eye(3, dtype=np.float32), cv2.MOTION_HOMOGRAPHY, steps, mask, 5
        )
    except cv2.error:
        return None
    return np.asarray(moved, np.float64) if np.isfinite(moved).all() else None


def _laid(
    grey: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A grey photo as it lies over a frame of this size, evened, and where it covers the frame."""
    laid = cv2.warpPerspective(grey, matrix, size, flags=cv2.INTER_LINEAR)
    covered = cv2.warpPerspective(np.full_like(grey, 255), matrix, size, flags=cv2.INTER_NEAREST) > 0
    covered = cv2.erode(covered.astype(np.uint8), np.ones((REACH, REACH), np.uint8)) > 0
    return _even(np.asarray(laid, np.float32)), covered


def _even(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Less the local mean, over the local deviation."""
    mean = cv2.blur(grey, (REACH, REACH))
    square = cv2.blur(grey * grey, (REACH, REACH))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    return np.asarray((grey - mean) / (deviation + NOISE), np.float32)
