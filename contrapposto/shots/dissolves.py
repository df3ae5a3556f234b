"""Dissolves: frames that are two others laid over each other, more and more of the second.

Between frames one and two with difference d = two - one, the frame x has the weight w = (x - one) . d / d . d. In a
dissolve w rises evenly from 0 to 1, and the parts of x are explained by both together and by neither alone, also
after they have been moved; in motion and pans they are explained by one that was moved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contrapposto.shots.looks import Look, mixed_share, shape_difference

NAMES = ("step", "alike", "mixed")
"""What is measured, in the order of `DissolveOptions.weights`."""


@dataclass(frozen=True, slots=True)
class DissolveOptions:
    """halves: seconds, half lengths that are tried; clear: seconds before and after the middle in which nothing is
    black or white; apart: seconds, of several middles within this the likeliest counts; least: grey levels, root
    mean square, that the ends differ at least; shape: grey levels, that they differ
    after moving and in the same light; weights, constant: of a logistic regression over `NAMES`, fitted to
    rendered transitions (`contrapposto.evaluation.transitions`, the seed of tuning); sure: its log-odds from which
    on there is a dissolve."""

    halves: tuple[float, ...] = (0.12, 0.2, 0.3, 0.4, 0.52, 0.66, 0.8)
    clear: float = 0.8
    apart: float = 0.5
    least: float = 12.0
    shape: float = 16.0
    weights: tuple[float, float, float] = (-1.0, -6.4, 10.1)
    constant: float = -3.4
    sure: float = 1.0


def is_dissolve(times: Sequence[float], looks: Sequence[Look], at: int, options: DissolveOptions) -> bool:
    """Whether the frame `at` is the middle of a dissolve; the first of equally likely ones."""
    own = dissolving(times, looks, at, options)
    if own < options.sure:
        return False
    for other in range(len(times)):
        if other != at and abs(times[other] - times[at]) <= options.apart:
            rival = dissolving(times, looks, other, options)
            if rival > own or (rival == own and other < at):
                return False
    return True


def dissolving(times: Sequence[float], looks: Sequence[Look], at: int, options: DissolveOptions) -> float:
    """Log-odds that a frame is the middle of a dissolve, of the likeliest half length; -inf where it cannot be."""
    found = looks[at].dissolving
    if found is None:
        found = _log_odds(times, looks, at, options)
        looks[at].dissolving = found
    return found


def _log_odds(times: Sequence[float], looks: Sequence[Look], at: int, options: DissolveOptions) -> float:
    spans = spans_of(times, at, options)
    clear = options.clear
    if not spans or any(
        look.empty for time, look in zip(times, looks, strict=True) if abs(time - times[at]) <= clear
    ):
        return -math.inf
    best, chosen = -math.inf, (0, 0, 0.5)
    for first, last in spans:
        if (measured := measures(times, looks, (first, at, last), options)) is None:
            continue
        step, alike, share = measured
        score = options.constant + options.weights[0] * step + options.weights[1] * alike
        if score > best:
            best, chosen = score, (first, last, share)
    if best + max(options.weights[-1], 0.0) < options.sure:
        return -math.inf
    first, last, share = chosen
    if shape_difference(looks[first], looks[last]) < options.shape:
        return -math.inf
    return best + options.weights[-1] * mixed_share(looks[first], looks[at], looks[last], share)


def spans_of(times: Sequence[float], at: int, options: DissolveOptions) -> list[tuple[int, int]]:
    """Ends (first and last frame) of the spans around a frame that are tried, the shortest first; those that reach
    beyond the frames are left out."""
    found: list[tuple[int, int]] = []
    stamps = np.asarray(times)
    for half in options.halves:
        if times[0] > times[at] - half or times[-1] < times[at] + half:
            break
        first = min(int(np.abs(stamps - (times[at] - half)).argmin()), at - 1)
        last = max(int(np.abs(stamps - (times[at] + half)).argmin()), at + 1)
        if (first, last) not in found:
            found.append((first, last))
    return found


def measures(
    times: Sequence[float], looks: Sequence[Look], span: tuple[int, int, int], options: DissolveOptions
) -> tuple[float, float, float] | None:
    """Step and alike of `NAMES`, and the weight of the middle frame (0.25 to 0.75), for a first, middle and last
    frame; None where the ends hardly differ.

    step: logarithm of the largest rise of w in a frame, over the even one, at least 0; alike: correlation of the
    ends.
    """
    first, middle, last = span
    one, two = looks[first].tiny, looks[last].tiny
    change = two - one
    square = float(change @ change)
    if square < options.least**2 * len(change):
        return None
    weights = (np.array([look.tiny for look in looks[first : last + 1]]) - one) @ change / square
    stamps = np.asarray(times[first : last + 1])
    step = float((np.diff(weights) / np.diff(stamps)).max()) * float(stamps[-1] - stamps[0])
    deviations = max(float(one.std() * two.std()), 1e-6)
    alike = float((one - one.mean()) @ (two - two.mean())) / len(one) / deviations
    return math.log(max(step, 1.0)), alike, min(max(float(weights[middle - first]), 0.25), 0.75)
