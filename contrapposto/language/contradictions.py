"""Conditions that nobody can meet, because of the thresholds of one measure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice, product

from contrapposto.language.conditions import All, Bit, Condition, Either, pushed

MOST_WAYS = 4096
"""Ways to meet a condition that are looked at."""

_ODD = frozenset(
    ("higher", "to_the_right", "nearer", "in_front", "up_the_spine", "toward_left", "tilt", "carries", "less_bent")
)
"""Measures that change their sign when the two things that they compare change places."""

Subject = tuple[str, tuple[str, ...]]


def contradiction(condition: Condition) -> tuple[Bit, Bit] | None:
    """Two posebits that stand against each other in every way to meet the condition (those of the first way): they
    leave no room for what is measured. None where there is a way, or more than `MOST_WAYS` to look at."""
    first: tuple[Bit, Bit] | None = None
    for number, way in enumerate(_ways(pushed(condition))):
        clash = _clash(way)
        if clash is None or number >= MOST_WAYS:
            return None
        first = first or clash
    return first


def _ways(plain: Condition) -> Iterator[tuple[Bit, ...]]:
    if isinstance(plain, Bit):
        yield (plain,)
    elif isinstance(plain, Either):
        for part in plain.parts:
            yield from _ways(part)
    elif isinstance(plain, All):
        for chosen in product(*(tuple(islice(_ways(part), MOST_WAYS + 1)) for part in plain.parts)):
            yield tuple(bit for way in chosen for bit in way)


def _clash(way: Sequence[Bit]) -> tuple[Bit, Bit] | None:
    lows: dict[Subject, tuple[float, Bit]] = {}
    highs: dict[Subject, tuple[float, Bit]] = {}
    for bit in way:
        for subject, low, high in _ranges(bit):
            if low > lows.get(subject, (-math.inf, bit))[0]:
                lows[subject] = low, bit
            if high < highs.get(subject, (math.inf, bit))[0]:
                highs[subject] = high, bit
            if subject in lows and subject in highs and lows[subject][0] >= highs[subject][0]:
                return lows[subject][1], highs[subject][1]
    return None


def _ranges(bit: Bit) -> Iterator[tuple[Subject, float, float]]:
    """What a posebit says of what is measured: above the first number and below the second."""
    measure, points = bit.row.subject
    limit, over = bit.row.threshold, bit.row.over == bit.value
    low, high = (limit, math.inf) if over else (-math.inf, limit)
    if measure == "toward_right":
        measure, low, high = "toward_left", -high, -low
    half = len(points) // 2
    if measure in _ODD and points[half:] < points[:half]:
        points, low, high = (*points[half:], *points[:half]), -high, -low
    yield (measure, points), low, high
    if measure == "from_level" and not over:
        yield ("from_up", points), 90 - limit, 90 + limit
    if measure == "away" and over == (limit > 90):
        aside = min(limit, 180 - limit)
        yield ("sideways", points), -aside, aside
