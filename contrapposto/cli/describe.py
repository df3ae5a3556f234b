"""`contrapposto describe`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contrapposto.cli import output
from contrapposto.cli.estimators import estimator_options, named
from contrapposto.text import count, path_text

if TYPE_CHECKING:
    from contrapposto.posebits.table import Posebit
    from contrapposto.records import Person, Pose


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@estimator_options
@click.option("--accurate", is_flag=True, help="Find more and smaller people, at about twice the time.")
@click.option("--posebits", "all_rows", is_flag=True, help="List all posebits: true, false or unknown.")
@click.option("--json", "as_json", is_flag=True, help="Print sentences, posebits, boxes and keypoints as JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with the drawn skeletons to this file.")
def describe(
    image: Path,
    estimator: str | None,
    pose_weights: Path | None,
    accurate: bool,
    all_rows: bool,
    as_json: bool,
    html: Path | None,
) -> None:
    """The people in IMAGE: a sentence about each one's pose, posebits and keypoints, most prominent person first.

    The sentence says what is surely true and least common. Then come the box and the posebits (yes/no relations
    such as "left hand above the head") with a probability of at least 0.8, with --posebits all of them, and the 17
    keypoints with scores.

    Pixels of the picture as it is shown, x right, y down. Left and right are the person's own, but for "in the
    picture". A keypoint that is not seen has no place (null). Nobody in the picture is a normal answer.

    \b
    Examples:
      contrapposto describe me.jpg
      contrapposto describe --posebits me.jpg
      contrapposto describe --json team.jpg
      contrapposto describe --html seen.html team.jpg
      contrapposto describe --estimator out/crf/heatmap.onnx me.jpg
    """
    from contrapposto.indexing.photos import find_people
    from contrapposto.representations.pose_embedder import make_embedding_estimator

    name, weights = named(estimator, pose_weights)
    with output.fetch_bar() as fetching:
        look = make_embedding_estimator(name, accurate=accurate, progress=fetching, pose_weights=weights)
        people = find_people(image, look)
    if html is not None:
        from contrapposto.web.results import people_page

        output.write_text(html, people_page(image, people))
        output.say(f"Page: {path_text(html)}")
    if as_json:
        rows = [_person_json(number, person) for number, person in enumerate(people, start=1)]
        output.print_json({"path": path_text(image), "people": rows})
        return
    click.echo(f"{path_text(image)}: {count(len(people), 'person', 'people')}")
    for number, person in enumerate(people, start=1):
        for line in _lines(number, person, all_rows):
            click.echo(line)


def _lines(number: int, person: Person, all_rows: bool) -> Iterator[str]:
    from contrapposto.language.sentences import sentence

    box = person.box
    yield f"person {number}: {sentence(person.pose)}"
    yield f"  {box.width:.0f} x {box.height:.0f} pixels at {box.x:.0f}, {box.y:.0f}, score {person.score:.2f}"
    yield from _all_rows(person.pose) if all_rows else _sure_rows(person.pose)
    for row in output.keypoints_json(person.pose):
        place = f"{row['x']:8.1f} {row['y']:8.1f}" if row["visible"] else f"{'unseen':>17}"
        yield f"  {row['name']:<15} {place}  {row['score']:.2f}"


def _sure_rows(pose: Pose) -> Iterator[str]:
    """The posebits that are surely true, a line for each family that has some."""
    from contrapposto.language.sentences import LEVEL

    families: dict[str, list[str]] = {}
    for row, chance in _chances(pose):
        if chance is not None and chance >= LEVEL:
            families.setdefault(row.family, []).append(f"{row.words} {chance:.2f}")
    for family, words in families.items():
        yield f"  {family}: {', '.join(words)}"


def _all_rows(pose: Pose) -> Iterator[str]:
    """A line for each posebit."""
    for row, chance in _chances(pose):
        answer = "unknown" if chance is None else f"{'true' if chance > 0.5 else 'false':<7} {chance:.2f}"
        yield f"  {row.family:<9} {row.words:<66} {answer}"


def _chances(pose: Pose) -> Iterator[tuple[Posebit, float | None]]:
    """All posebits, and how probably each is true: above 0.5 where it is true, None where that is unknown."""
    import numpy as np

    from contrapposto.posebits.answers import People
    from contrapposto.posebits.table import POSEBITS

    people = People.of([pose])
    for row in POSEBITS:
        chance = float(people.probability(row)[0])
        yield row, None if np.isnan(chance) else chance


def _person_json(number: int, person: Person) -> dict[str, Any]:
    from contrapposto.language.sentences import sentence

    posebits = [
        {
            "name": row.name,
            "words": row.words,
            "value": None if chance is None else chance > 0.5,
            "probability": None if chance is None else round(chance, 4),
        }
        for row, chance in _chances(person.pose)
    ]
    return {**output.person_json(number, person), "sentence": sentence(person.pose), "posebits": posebits}
