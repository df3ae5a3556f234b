"""Answers as lines of text."""

from __future__ import annotations

import click

from contrapposto.records import ConditionResult, Hit, SequenceResult, Why, WordsResult
from contrapposto.text import clock, count, measure, path_text


def show_hits(hits: list[Hit]) -> None:
    """Answers as lines on stdout, each with what every part of the query found."""
    for rank, hit in enumerate(hits, start=1):
        found = "; ".join(reasons(result) for result in hit.why)
        place = path_text(hit.path) + when(hit)
        click.echo(f"{rank:3d}  match {hit.match:.2f}  {place}  person {hit.number}  ({found})")
        for copy in hit.copies:
            click.echo(f"{'':5}same {'photo' if hit.time is None else 'film'}: {path_text(copy)}")


def when(hit: Hit) -> str:
    """Such as "  at 0:03:12.4 (0:03:11.8 to 0:03:13.0, shot 14)"; empty for a photo."""
    if hit.time is None or hit.start is None or hit.end is None or hit.shot is None:
        return ""
    return f"  at {clock(hit.time)} ({clock(hit.start)} to {clock(hit.end)}, shot {hit.shot.number})"


def reasons(result: Why) -> str:
    """What a part of a query found in a person, in a few words."""
    unlike = "unlike: " if result.unlike else ""
    if isinstance(result, SequenceResult):
        return unlike + ", then ".join(f"{clock(step.time)}: {reasons(step.why)}" for step in result.steps)
    if isinstance(result, WordsResult):
        return unlike + ", ".join(condition_text(condition) for condition in result.conditions)
    mirrored = ", mirrored" if result.mirrored else ""
    if not result.joints:
        return f"{unlike}{measure(result.distance, result.unit)}{mirrored}"
    best, worst = ", ".join(result.best(2)), ", ".join(result.worst(2))
    joints = count(len(result.joints), "joint")
    return f"{unlike}{measure(result.distance, result.unit)}{mirrored}, {joints}, best {best}, worst {worst}"


def condition_text(condition: ConditionResult) -> str:
    """Such as "left elbow bent .97"; what does not hold or cannot be told is said first."""
    if condition.probability is None:
        return f"not seen: {condition.words}"
    text = f"{condition.words} {condition.probability:.2f}"
    return text if condition.held else f"rather not: {text}"
