"""Small films: frames of one colour each, as `drawn.DrawnPeople` reads them, in files of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from contrapposto.shots import Border, Shown
from tests.drawn import RED_STEP

Colour = tuple[int, int, int]
"""People, and two numbers 0..255 for their pose."""

SIZE = (64, 48)


def picture(colour: Colour, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    people, green, blue = colour
    return np.full((size[1], size[0], 3), (people * RED_STEP, green, blue), np.uint8)


def write_film(
    path: Path,
    colours: Sequence[Colour],
    *,
    rate: int = 10,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = SIZE,
    codec: str = "mpeg4",
    frames: Sequence[NDArray[np.uint8]] = (),
) -> Path:
    """A film with these frames, at a steady rate or at the given seconds; frames: pictures, in place of colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = list(frames) or [picture(colour, size) for colour in colours]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = pictures[0].shape[1], pictures[0].shape[0]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000) if times is not None else Fraction(1, rate)
        stream.codec_context.gop_size = 10
        if codec == "mpeg4":
            stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number, shown in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts = round(times[number] * 1000) if times is not None else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file with sound alone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        samples = np.zeros((1, 1024), np.float32)
        for number in range(round(seconds * 16000 / 1024)):
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, number * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(path: Path, quarters: int) -> Path:
    """The same MP4 file, to be shown turned by quarters clockwise: its track's matrix says so."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    matrix = at + (52 if data[at] == 1 else 40)
    one, wide = 1 << 16, 1 << 30
    a, b = ((one, 0), (0, one), (-one, 0), (0, -one))[quarters % 4]
    for place, value in enumerate((a, b, 0, -b, a, 0, 0, 0, wide)):
        data[matrix + 4 * place : matrix + 4 * place + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path


class ColourCuts:
    """A detector (`contrapposto.shots.ShotDetector`) that is quick: a cut is where the mean colour jumps."""

    name = "colour"

    def __init__(self) -> None:
        self.settled = -np.inf
        self._last: NDArray[np.float64] | None = None

    def push(self, frame: Shown) -> list[Border]:
        colour = frame.small().reshape(-1, 3).mean(axis=0)
        jumped = self._last is not None and np.abs(colour - self._last).max() > 30
        self._last, self.settled = colour, frame.time
        return [Border(frame.time, "cut")] if jumped else []

    def finish(self) -> list[Border]:
        self.settled = np.inf
        return []
