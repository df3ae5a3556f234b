"""Hard cuts: a change that is much larger than those around it, and that lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contrapposto.shots.looks import Look, colours, moved_difference, plain_difference


@dataclass(frozen=True, slots=True)
class CutOptions:
    """around: seconds before and after with which a change is compared (two frames at least); least: the smallest
    change, in grey levels; ratio: how many times as large as those around it a change is, the ratio of grey times
    the ratio of colours; still_grey, still_colours: levels and share, smaller changes around count as this;
    flash: frames that a flash or something before the camera may last."""

    around: float = 0.25
    least: float = 8.0
    ratio: float = 3.5
    still_grey: float = 3.0
    still_colours: float = 0.04
    flash: int = 3


def is_cut(times: Sequence[float], looks: Sequence[Look], at: int, options: CutOptions) -> bool:
    """Whether the frame `at` begins another shot than the one before it shows.

    Grey is compared after its blocks have been moved (`looks.moved_difference`), so that motion of the camera and
    of things counts little; colours do not mind motion. Of the differences between frames up to `flash` before and
    after, the smallest counts: what is back after a flash has not changed.
    """
    if at < 1 or plain_difference(looks[at - 1], looks[at]) < options.least:
        return False
    near = [
        other
        for other in range(1, len(times))
        if other != at and (abs(times[other] - times[at]) <= options.around or abs(other - at) <= 2)
    ]
    before, after = max(at - 1 - options.flash, 0), min(at + options.flash, len(times) - 1)
    ends = ((at - 1, at), (before, at), (at - 1, after), (before, after), (max(at - 2, 0), min(at + 1, after)))
    colour = min(colours(looks[one], looks[other]) for one, other in ends)
    colours_near = max((colours(looks[other - 1], looks[other]) for other in near), default=0.0)
    colour_ratio = colour / max(colours_near, options.still_colours)
    if colour_ratio < options.ratio * options.still_grey / 255:
        return False
    grey = min(moved_difference(looks[one], looks[other]) for one, other in ends)
    if grey < options.least:
        return False
    grey_near = max((_moved(looks, other, options.still_grey) for other in near), default=0.0)
    return colour_ratio * grey / max(grey_near, options.still_grey) >= options.ratio


def _moved(looks: Sequence[Look], at: int, still: float) -> float:
    """The moved difference of a frame from the one before, or anything up to `still` if it is less."""
    found = looks[at].moved
    if found is None:
        found = plain_difference(looks[at - 1], looks[at])
        if found > still:
            found = moved_difference(looks[at - 1], looks[at])
        looks[at].moved = found
    return found
