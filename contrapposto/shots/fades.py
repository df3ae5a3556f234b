"""Fades: black or white between two shots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contrapposto.shots.looks import Look, moved_difference


@dataclass(frozen=True, slots=True)
class FadeOptions:
    """ramp: seconds before and after the black in which the shots are seen; longest: seconds, a longer black is a
    shot of its own with a border before and after; gap: frames that are not quite black in the middle of a black;
    contrast: standard deviation of grey, in levels, that a shot has at least; shallow: share of the contrast and of
    the distance from black (or white) of both shots, a frame with less is the middle of a fade that no frame shows
    at its darkest; same: grey levels, shots before and after that differ less are one with a flash."""

    ramp: float = 0.75
    longest: float = 1.5
    gap: int = 2
    contrast: float = 12.0
    shallow: float = 0.4
    same: float = 14.0


def is_fade(times: Sequence[float], looks: Sequence[Look], at: int, options: FadeOptions) -> bool:
    """Whether the frame `at` is the middle of the black between two shots, or where a long black begins or ends."""
    empty = _empty(looks, options.gap)
    if empty[at]:
        first, last = _run(empty, at)
        long = times[last] - times[first] > options.longest
        if long:
            return at == first and bool(_shot(times, looks, first, -1, options))
        return at == (first + last) // 2 and _differ(times, looks, first, last, options)
    if at > 0 and empty[at - 1]:
        first, last = _run(empty, at - 1)
        return times[last] - times[first] > options.longest and bool(_shot(times, looks, last, 1, options))
    return is_shallow(times, looks, at, options)


def _empty(looks: Sequence[Look], gap: int) -> list[bool]:
    """Of each frame whether it belongs to a black: it is empty, or at most `gap` frames are not between two empty
    ones."""
    found = [look.empty for look in looks]
    last = -1
    for at, empty in enumerate(found.copy()):
        if empty:
            if last >= 0 and at - last - 1 <= gap:
                found[last:at] = [True] * (at - last)
            last = at
    return found


def _run(empty: Sequence[bool], at: int) -> tuple[int, int]:
    """First and last frame of the black around a frame."""
    first = last = at
    while first > 0 and empty[first - 1]:
        first -= 1
    while last + 1 < len(empty) and empty[last + 1]:
        last += 1
    return first, last


def is_shallow(times: Sequence[float], looks: Sequence[Look], at: int, options: FadeOptions) -> bool:
    """Whether a frame is the middle of a fade of which no frame is black."""
    own = looks[at]
    if looks[max(at - 1, 0)].contrast <= own.contrast or looks[min(at + 1, len(looks) - 1)].contrast < own.contrast:
        return False
    near = [n for n in range(len(looks)) if n != at and abs(times[n] - times[at]) <= options.ramp]
    before = [looks[n] for n in near if n < at]
    after = [looks[n] for n in near if n > at]
    if not before or not after or any(looks[n].empty for n in near):
        return False
    if min(look.contrast for look in before) <= own.contrast or min(look.contrast for look in after) < own.contrast:
        return False
    if own.contrast > options.shallow * min(max(look.contrast for look in side) for side in (before, after)):
        return False
    dark = own.level <= options.shallow * min(max(look.level for look in side) for side in (before, after))
    bright = 255 - own.level <= options.shallow * min(
        max(255 - look.level for look in side) for side in (before, after)
    )
    return (dark or bright) and _differ(times, looks, at, at, options)


def _differ(times: Sequence[float], looks: Sequence[Look], first: int, last: int, options: FadeOptions) -> bool:
    """Whether there are shots before and after a black, and they are two."""
    before = _shot(times, looks, first, -1, options)
    after = _shot(times, looks, last, 1, options)
    return bool(before and after) and all(
        moved_difference(one, other) >= options.same for one in before for other in after
    )


def _shot(times: Sequence[float], looks: Sequence[Look], edge: int, step: int, options: FadeOptions) -> list[Look]:
    """Of the frames before (or after) a black those that first show the shot by 0.7 and by 0.9 of its contrast;
    empty when there is none, or hardly anything is seen."""
    found = []
    at = edge + step
    while 0 <= at < len(looks) and abs(times[at] - times[edge]) <= options.ramp:
        found.append(looks[at])
        at += step
    most = max((look.contrast for look in found), default=0.0)
    if most < options.contrast:
        return []
    return [next(look for look in found if look.contrast >= share * most) for share in (0.7, 0.9)]
