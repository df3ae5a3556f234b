"""Cuts, fades and dissolves from small pictures and their colour histograms alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contrapposto.shots import Border, Shown
from contrapposto.shots.cuts import CutOptions, is_cut
from contrapposto.shots.dissolves import DissolveOptions, is_dissolve
from contrapposto.shots.fades import FadeOptions, is_fade, is_shallow
from contrapposto.shots.looks import Look, look
from contrapposto.shots.window import Window


@dataclass(frozen=True, slots=True)
class HistogramOptions:
    """How each kind of border is told; dissolves: whether they are looked for."""

    cuts: CutOptions = field(default_factory=CutOptions)
    fades: FadeOptions = field(default_factory=FadeOptions)
    dissolves: DissolveOptions = field(default_factory=DissolveOptions)


class HistogramDetector:
    """Tells hard cuts (`cuts`), fades through black or white (`fades`) and dissolves (`dissolves`) apart."""

    name = "histogram"

    def __init__(self, options: HistogramOptions | None = None) -> None:
        self._options = options or HistogramOptions()
        self._window = Window(self._kind)

    def push(self, frame: Shown) -> list[Border]:
        """As of `ShotDetector`."""
        return self._window.add(frame.time, look(frame.small()))

    def finish(self) -> list[Border]:
        """As of `ShotDetector`."""
        return self._window.finish()

    @property
    def settled(self) -> float:
        """As of `ShotDetector`."""
        return self._window.settled

    def _kind(self, times: Sequence[float], looks: Sequence[Look], at: int) -> str | None:
        options = self._options
        if is_fade(times, looks, at, options.fades):
            return "fade"
        if any(other.empty for other in looks[max(at - 1, 0) : at + 1]):
            return None
        if is_cut(times, looks, at, options.cuts):
            return "cut"
        if not is_dissolve(times, looks, at, options.dissolves):
            return None
        near = [n for n, time in enumerate(times) if abs(time - times[at]) <= options.dissolves.clear]
        return None if any(is_shallow(times, looks, n, options.fades) for n in near) else "dissolve"
