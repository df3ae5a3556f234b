"""`contrapposto search --still`: the moments of films that a photo of a screen shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from contrapposto.cli import output
from contrapposto.errors import QueryError
from contrapposto.text import clock, count, path_text, printable

if TYPE_CHECKING:
    from contrapposto.library import Library
    from contrapposto.records import Item, StillHit

BESIDE = ("still", "where", "top", "min_match", "library", "as_json", "html")
"""Parameters of `contrapposto search` that go with a photo of a screen."""


def refuse_beside_still() -> None:
    """Raises QueryError when the command was given an option that a photo of a screen does not go with."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in BESIDE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            shown = parameter.opts[0] if isinstance(parameter, click.Option) else name
            raise QueryError(
                "--still goes with --where, --top, --min-match, --json, --html and --library only: leave out "
                f"{shown}"
            )


def search_still(
    image: Path,
    library: Path | None,
    *,
    where: str | None,
    top: int,
    min_match: float,
    as_json: bool,
    html: Path | None,
) -> None:
    """Finds the moments that a photo shows, and says them as lines or JSON, and on a page."""
    from contrapposto.library import Library

    with output.fetch_bar() as fetching:
        opened = Library(library, progress=fetching)
        hits = opened.search_still(image, top=top, where=where, min_match=min_match)
    if html is not None:
        from contrapposto.web.stills import stills_page

        output.write_text(html, stills_page(image, hits, opened.folder))
        output.say(f"Page: {path_text(html)}")
    if as_json:
        rows = [{"rank": rank, **still_json(hit)} for rank, hit in enumerate(hits, start=1)]
        output.print_json({"still": path_text(image), "hits": rows})
    else:
        show_stills(hits)
    if not hits:
        output.say(_why_nothing(opened, where, min_match))


def show_stills(hits: Sequence[StillHit]) -> None:
    """Answers as lines on stdout, each with the items on show."""
    from contrapposto.items import when

    for rank, hit in enumerate(hits, start=1):
        points = count(hit.inliers, "matched point") if hit.inliers else "by looks alone"
        place = f"{path_text(hit.path)}  at {clock(hit.time)} (shot {hit.shot.number})"
        click.echo(f"{rank:3d}  match {hit.match:.2f}  {place}  {points}, likeness {hit.likeness:.2f}")
        for copy in hit.copies:
            click.echo(f"{'':5}same film: {path_text(copy)}")
        for item in hit.items:
            link = f"  {printable(item.link)}" if item.link else ""
            click.echo(f"{'':5}{printable(item.name)} ({when(item, hit.time)}){link}")


def still_json(hit: StillHit) -> dict[str, Any]:
    """One answer, with the items near it. outline: corners of the frame in pixels of the photo."""
    return {
        "path": path_text(hit.path),
        "time": output.seconds_json(hit.time),
        "shot": output.shot_json(hit.shot),
        "match": round(float(hit.match), 4),
        "inliers": hit.inliers,
        "likeness": _finite(hit.likeness, 4),
        "outline": None if hit.outline is None else [[_finite(x, 2), _finite(y, 2)] for x, y in hit.outline],
        "copies": [path_text(copy) for copy in hit.copies],
        "items": [item_json(item) | {"away": output.seconds_json(item.away(hit.time))} for item in hit.items],
    }


def item_json(item: Item) -> dict[str, Any]:
    """Seconds, and a box in pixels of the frame."""
    return {
        "name": item.name,
        "start": output.seconds_json(item.start),
        "end": output.seconds_json(item.end),
        "box": None if item.box is None else output.box_json(item.box),
        "link": item.link,
        "picture": item.picture,
    }


def _finite(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def _why_nothing(library: Library, where: str | None, min_match: float) -> str:
    if not any(media.shots for media in library.media()):
        return "The library holds no films yet; index some into it: contrapposto index FOLDER"
    loose = " or ".join(
        ([f"a --where other than {where!r}"] if where else []) + (["a lower --min-match"] if min_match else [])
    )
    return f"No film in the library shows this picture{f'; try {loose}' if loose else ''}."
