"""Frames that wait until `LOOK` seconds after them have been seen: each is decided from what is around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from contrapposto.shots import LOOK, Border

_SAME_TIME = 1e-6
"""Seconds: rounding of times does not decide what is within `LOOK`."""

Seen = TypeVar("Seen")

Decision = Callable[[Sequence[float], Sequence[Seen], int], str | None]
"""From the times in seconds of frames within `LOOK` of one of them, what was seen of each, and the number of that
one in them: the kind of border that it begins (or is the middle of), or None."""


class Window(Generic[Seen]):
    """Gives every frame of a film to a decision, once, together with those within `LOOK` before and after it."""

    def __init__(self, decide: Decision[Seen]) -> None:
        self._decide = decide
        self._times: list[float] = []
        self._seen: list[Seen] = []
        self._next = 0
        self._finished = False

    @property
    def settled(self) -> float:
        """As of `ShotDetector`."""
        if self._finished:
            return math.inf
        return self._times[self._next] if self._times else -math.inf

    def add(self, time: float, seen: Seen) -> list[Border]:
        """One more frame; the borders that it settles. Raises ValueError when it is not later than the last."""
        if self._finished or (self._times and time <= self._times[-1]):
            raise ValueError(f"frames come in order of time, before the end: {time} s is not later")
        self._times.append(time)
        self._seen.append(seen)
        found = []
        while self._times[self._next] + LOOK < time - _SAME_TIME:
            found += self._decided()
        return found

    def finish(self) -> list[Border]:
        """The borders among the frames that are left."""
        found = []
        while self._next < len(self._times):
            found += self._decided()
        self._finished = True
        return found

    def _decided(self) -> list[Border]:
        """The oldest frame that is not decided is; frames that no later one needs are let go."""
        time = self._times[self._next]
        first = next(n for n, other in enumerate(self._times) if other >= time - LOOK - _SAME_TIME)
        del self._times[:first], self._seen[:first]
        self._next -= first
        end = next((n for n, other in enumerate(self._times) if other > time + LOOK + _SAME_TIME), len(self._times))
        kind = self._decide(self._times[:end], self._seen[:end], self._next)
        self._next += 1
        return [Border(time, kind)] if kind else []
