"""`contrapposto items`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from contrapposto.cli import output
from contrapposto.cli.stills import item_json
from contrapposto.errors import QueryError
from contrapposto.text import clock, count, path_text, printable

if TYPE_CHECKING:
    from contrapposto.library import Library
    from contrapposto.records import Media

LEFT_OUT = 1

film_option = click.option("--film", help="Only of this film: its path, or its name alone.")
wait_option = click.option("--wait", is_flag=True, help="Wait while another process indexes into the library.")


@click.group()
def items() -> None:
    """Items on show in films: attach a table of them, list them, remove them.

    A photo of a screen (`contrapposto search --still PHOTO`) answers with the items on show at that moment.
    """


@items.command("add")
@click.argument("table", metavar="ITEMS.csv", type=click.Path(path_type=Path))
@output.library_option
@wait_option
def add_items(table: Path, library: Path | None, wait: bool) -> None:
    """Attach the items of a table to films of the library.

    The table is a CSV file in UTF-8 whose first row names its columns: film (a path, or the name of a film of the
    library), start and end (12.5, m:ss or h:mm:ss), name; and where they are known box (x y width height, in pixels
    of the full frame), link and picture. Separators are commas or semicolons.

    Every row is checked by itself: what is wrong is said and left out (exit status 1), the others are kept. Rows
    that the library has already change nothing.

    \b
    Example:
      contrapposto items add wardrobe.csv
    """
    from contrapposto.library import Library

    report = Library(library).add_items(table, wait=wait)
    for problem in report.problems:
        output.say(printable(problem))
    known = f", {report.known:,} known before" if report.known else ""
    problems = f", {count(len(report.problems), 'problem')}" if report.problems else ""
    output.say(f"{count(report.added, 'item')} added{known}{problems}.")
    if report.problems:
        raise SystemExit(LEFT_OUT)


@items.command("list")
@film_option
@output.library_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_items(film: str | None, library: Path | None, as_json: bool) -> None:
    """List the items, film by film in order of time.

    \b
    Examples:
      contrapposto items list
      contrapposto items list --film street.mp4 --json
    """
    from contrapposto.library import Library

    opened = Library(library)
    content = None if film is None else _film(opened, film).content
    found = [(path, item) for path, item in opened.items() if content in (None, item.content)]
    found.sort(key=lambda pair: (pair[0] is None, str(pair[0]), pair[1].start, pair[1].end, pair[1].name))
    if as_json:
        rows = [{"film": None if path is None else path_text(path), **item_json(item)} for path, item in found]
        output.print_json({"items": rows})
        return
    for path, item in found:
        place = "(no film)" if path is None else path_text(path)
        link = f"  {printable(item.link)}" if item.link else ""
        click.echo(f"{place}  {clock(item.start)} to {clock(item.end)}  {printable(item.name)}{link}")
    if not found:
        output.say("No items; attach some: contrapposto items add ITEMS.csv")


@items.command("remove")
@film_option
@click.option("--name", help="Only those of this name.")
@click.option("--all", "everything", is_flag=True, help="All items of the library.")
@output.library_option
@wait_option
def remove_items(film: str | None, name: str | None, everything: bool, library: Path | None, wait: bool) -> None:
    """Remove items of a film, or of a name, or both, or all.

    \b
    Examples:
      contrapposto items remove --film street.mp4
      contrapposto items remove --film street.mp4 --name "red coat"
      contrapposto items remove --all
    """
    from contrapposto.library import Library

    if everything and (film is not None or name is not None):
        raise QueryError("--all removes every item; leave out --film and --name, or --all")
    if not everything and film is None and name is None:
        raise QueryError("say which items: --film, --name or both; --all removes every one")
    opened = Library(library)
    of = None if film is None else _film(opened, film).path
    removed = opened.remove_items(film=of, name=name, wait=wait)
    output.say(f"{count(removed, 'item')} removed.")


def _film(library: Library, name: str) -> Media:
    from contrapposto.items import film_named

    return film_named(name, Path.cwd(), library.media())
