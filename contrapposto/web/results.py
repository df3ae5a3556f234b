"""Pages that show answers: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Literal

from contrapposto.errors import UnreadableMedia
from contrapposto.records import (
    Box,
    ConditionResult,
    Hit,
    PartResult,
    Person,
    Pose,
    SequenceResult,
    Why,
    WordsResult,
)
from contrapposto.search.joints import joint_weights
from contrapposto.search.query import Query
from contrapposto.search.sequence_part import SequencePart
from contrapposto.search.words_part import WordsPart
from contrapposto.text import clock, count, measure, path_text
from contrapposto.web import skeletons

BEFORE = 0.5
"""Seconds: a film is played from so long before a moment."""

Key = Literal["people", "compared", ""]
"""The colours of a page: sides of people, these and how well joints fit, or none."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Something on show in a film. text: what it is; lines: more about it; address: where it leads, picture: a
    `data:` address of its picture; empty where there is none."""

    text: str
    lines: tuple[str, ...] = ()
    address: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One picture with its words; svg is None when the picture cannot be shown, `missing` says why; play: address
    of a film and its second; shown: what is on show there."""

    label: str
    lines: tuple[str, ...] = ()
    path: str = ""
    svg: str | None = None
    missing: str = ""
    match: float | None = None
    play: str = ""
    play_label: str = ""
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A row (`asked`) or a grid (`grid`; `wide`, for broad pictures) of cards; `empty` is said when there are
    none."""

    kind: str
    cards: tuple[Card, ...]
    heading: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A query, the photos that its parts came from (None for a skeleton), and its hits."""

    query: Query
    sources: tuple[Path | None, ...]
    hits: tuple[Hit, ...]
    heading: str = ""


def results_page(answers: Sequence[Answer], library: Path) -> str:
    """The page of one or more searches of a library."""
    sections = []
    for answer in answers:
        sections.append(Section("asked", tuple(_asked_cards(answer)), heading=answer.heading))
        cards = tuple(_hit_card(rank, hit) for rank, hit in enumerate(answer.hits, start=1))
        sections.append(Section("grid", cards, empty="Nobody in the library can be compared with what was asked."))
    found = sum(len(answer.hits) for answer in answers)
    return render("People in this pose", [f"{found} found in {path_text(library)}"], sections, key="compared")


def people_page(path: Path, people: Sequence[Person]) -> str:
    """The page of one photo: all its people, then each one, with a sentence about the pose."""
    from contrapposto.language.sentences import sentence  # reads the named poses, which takes a moment

    label = f"{len(people)} {'person' if len(people) == 1 else 'people'}"
    whole = _photo_card(label, path, None, [person.pose for person in people])
    cards = tuple(
        _photo_card(
            f"person {number}",
            path,
            person.box,
            [person.pose],
            (sentence(person.pose), f"score {person.score:.2f}"),
        )
        for number, person in enumerate(people, start=1)
    )
    sections = [Section("grid", (whole,)), Section("grid", cards, empty="Nobody was found.")]
    return render("People of a photo", [path_text(path)], sections, key="people")


def render(title: str, lines: Sequence[str], sections: Sequence[Section], key: Key = "") -> str:
    """A page of cards. lines: below the title; key: which colours are explained."""
    import jinja2

    template = resources.files(__package__).joinpath("results.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template).render(title=title, lines=lines, sections=sections, key=key)


def _asked_cards(answer: Answer) -> list[Card]:
    cards = []
    for number, (part, source) in enumerate(zip(answer.query.parts, answer.sources, strict=True), start=1):
        wanted = "asked for" if part.weight > 0 else "unlike"
        label = wanted if len(answer.query.parts) == 1 else f"{wanted}, part {number}"
        lines = [f"weight: {abs(part.weight):g}"] if abs(part.weight) != 1 else []
        if answer.query.where:
            lines.append(f"where: {answer.query.where}")
        if isinstance(part, WordsPart | SequencePart):
            cards.append(Card(label, tuple(lines), missing=part.understood))
            continue
        weights = joint_weights(part.joints)
        lines[:0] = [f"joints: {part.joints}", f"metric: {part.metric}{', mirror allowed' if part.mirror else ''}"]
        if source is not None:
            box = Box.around(part.pose.keypoints)
            cards.append(_photo_card(label, source, box, [part.pose], tuple(lines)))
        else:
            cards.append(Card(label, tuple(lines), svg=skeletons.pose_svg(part.pose, weights)))
    return cards


def _hit_card(rank: int, hit: Hit) -> Card:
    lines = [f"person {hit.number}"]
    if hit.shot is not None and hit.start is not None and hit.end is not None:
        lines[:0] = [f"{clock(hit.start)} to {clock(hit.end)}, shot {hit.shot.number}"]
    for part in hit.why:
        lines += _reasons(part)
    lines += [f"same {'photo' if hit.time is None else 'film'}: {path_text(copy)}" for copy in hit.copies]
    compared = next((result for result in hit.why if isinstance(result, PartResult) and not result.unlike), None)
    sequence = next((result for result in hit.why if isinstance(result, SequenceResult)), None)
    try:
        if sequence is not None:
            svg = "".join(
                skeletons.photo_svg(hit.path, [step.pose], step.box, step.why, step.time) for step in sequence.steps
            )
        else:
            svg = skeletons.photo_svg(hit.path, [hit.pose], hit.box, compared, hit.time)
        missing = ""
    except UnreadableMedia as error:
        svg, missing = None, f"the picture cannot be shown: {error}"
    card = Card(f"{rank}", tuple(lines), path_text(hit.path), svg, missing, hit.match)
    if hit.start is None or hit.end is None:
        return card
    return playing(card, hit.path, hit.start)


def playing(card: Card, path: Path, time: float) -> Card:
    """A card that plays a film from just before a second."""
    start = max(0.0, time - BEFORE)
    return replace(card, play=f"{path.absolute().as_uri()}#t={start:.2f}", play_label=f"play from {clock(start)}")


def _reasons(part: Why) -> list[str]:
    if isinstance(part, SequenceResult):
        return [line for step in part.steps for line in (f"{clock(step.time)}:", *_reasons(step.why))]
    if isinstance(part, WordsResult):
        return [_condition(condition) for condition in part.conditions]

    def named(names: list[str]) -> str:
        return ", ".join(name.replace("_", " ") for name in names)

    distance = (
        f"distance {measure(part.distance, part.unit)} ({part.metric}{', mirrored' if part.mirrored else ''})"
    )
    if not part.joints:
        return [distance]
    return [
        distance,
        f"{count(len(part.joints), 'joint')} compared",
        f"best: {named(part.best())}",
        f"worst: {named(part.worst())}",
    ]


def _condition(condition: ConditionResult) -> str:
    if condition.held is None:
        return f"? {condition.words}: not seen"
    return f"{'✓' if condition.held else '✗'} {condition.words} ({condition.probability:.2f})"


def _photo_card(
    label: str, path: Path, box: Box | None, poses: Sequence[Pose], lines: tuple[str, ...] = ()
) -> Card:
    try:
        return Card(label, lines, path_text(path), skeletons.photo_svg(path, poses, box))
    except UnreadableMedia as error:
        return Card(label, lines, path_text(path), missing=f"the picture cannot be shown: {error}")
