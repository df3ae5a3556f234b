"""`contrapposto demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contrapposto.cli import output
from contrapposto.cli.hits import show_hits
from contrapposto.cli.index import show_report
from contrapposto.errors import ContrappostoError
from contrapposto.text import path_text

if TYPE_CHECKING:
    from contrapposto.library import Library
    from contrapposto.records import Media, Person


SKELETON = {
    "nose": (0, -62),
    "left_shoulder": (17, -40),
    "right_shoulder": (-17, -40),
    "left_elbow": (30, -66),
    "left_wrist": (27, -96),
    "right_elbow": (-24, -12),
    "right_wrist": (-26, 14),
    "left_hip": (11, 12),
    "right_hip": (-11, 12),
}
"""A drawn query: the left arm raised, the right one down, the legs left open; any unit, y down."""

WORDS = (
    "left arm raised, right arm down",
    "kneeling or squatting",
    "hands on hips",
    "both hands above the head, seen from the front",
    "two people facing each other",
    "arms down, then both hands above the head within 2 s",
)
"""Each is asked once."""

METRICS = ("fused", "2d", "3d", "procrustes")
"""Each is shown once with a photo and once with the skeleton."""

FOR_PHOTOS = ("embedding", "view-invariant")
"""Each is shown once with a photo."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Where the library and the page go.",
)
@click.option("--accurate", is_flag=True, help="Find more and smaller people, at about twice the time.")
def demo(folder: Path | None, out: Path, accurate: bool) -> None:
    """Index FOLDER (the built-in collection when none is named), run one search of each kind, and write a results
    page.

    \b
    Examples:
      contrapposto demo
      contrapposto demo ~/Pictures
    """
    from contrapposto import demo as collection
    from contrapposto.library import Library
    from contrapposto.search.pose_json import pose_from_json
    from contrapposto.search.pose_part import PosePart
    from contrapposto.search.query import Query
    from contrapposto.search.sequence_part import in_words
    from contrapposto.web.results import Answer, results_page

    folders = [folder] if folder is not None else [collection.photos(), collection.films()]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ContrappostoError(f"{out}: cannot be made ({error.strerror}); choose another place") from error
    with output.fetch_bar() as fetching, output.photos_bar() as progress, output.films_bar() as film_progress:
        library = Library(out / "demo.library", progress=fetching)
        report = library.index(*folders, accurate=accurate or None, progress=progress, film_progress=film_progress)
    show_report(report)
    media, number, person = _best_shown(library, folders[0])
    drawn = pose_from_json({name: list(place) for name, place in SKELETON.items()})
    asked: list[tuple[Query, Path | None, str]] = [
        (Query((PosePart(person.pose, metric=metric),), top=12), media.path, f"Asked with a photo, metric {metric}")
        for metric in (*METRICS, *FOR_PHOTOS)
    ]
    asked += [
        (
            Query((PosePart(drawn, metric=metric, mirror=True),), top=12),
            None,
            f"Asked with a skeleton, metric {metric}",
        )
        for metric in METRICS
    ]
    asked += [(Query((in_words(words),), top=12), None, f'Asked in words: "{words}"') for words in WORDS]
    answers = []
    for query, source, heading in asked:
        if source is not None:
            heading += f": person {number} of {path_text(source)}"
        hits = library.search(query)
        click.echo(heading)
        show_hits(hits)
        answers.append(Answer(query, (source,), tuple(hits), heading))
    page = out / "results.html"
    output.write_text(page, results_page(answers, library.folder))
    click.echo(f"Page: {path_text(page)}")


def _best_shown(library: Library, folder: Path) -> tuple[Media, int, Person]:
    """The person whose arms and whole pose are seen most surely, to ask with."""
    best: tuple[float, Media, int, Person] | None = None
    for media in library.media():
        photo = media.people and media.duration is None
        for number, person in enumerate(library.people(media.path) if photo else [], start=1):
            sure = float(person.pose.scores[5:].mean())
            if person.pose.visible[5:11].sum() >= 2 and (best is None or sure > best[0]):
                best = sure, media, number, person
    if best is None:
        raise ContrappostoError(f"{folder}: nobody was found in its photos; try a folder that shows people")
    return best[1:]
