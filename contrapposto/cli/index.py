"""`contrapposto index`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contrapposto.cli import output
from contrapposto.text import count, path_text

if TYPE_CHECKING:
    from contrapposto.indexing import IndexReport

SKIPPED = 1


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@output.library_option
@click.option("--accurate", is_flag=True, help="Find more and smaller people, at about twice the time.")
@click.option("--workers", type=click.IntRange(1), help="Photos looked at together.  [default: number of cores]")
@click.option("--rebuild", is_flag=True, help="Forget what was found before and start again.")
@click.option("--wait", is_flag=True, help="Wait while another process indexes into the library.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def index(
    folders: tuple[Path, ...],
    library: Path | None,
    accurate: bool,
    workers: int | None,
    rebuild: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Find the people in all photos below FOLDERS and keep their poses in a library.

    Only new and changed photos are opened; moved ones keep their people, deleted ones go. Without FOLDERS, those
    of earlier runs are brought up to date. A run that is stopped goes on where it was.

    \b
    Examples:
      contrapposto index ~/Pictures
      contrapposto index --accurate --library team.library ~/Matches ~/Training
      contrapposto index
    """
    from contrapposto.library import Library

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        report = Library(library, progress=fetching).index(
            *folders,
            accurate=accurate or None,
            workers=workers,
            rebuild=rebuild,
            wait=wait,
            progress=progress,
        )
    show_report(report)
    if as_json:
        output.print_json(report_json(report))
    if report.skipped:
        raise SystemExit(SKIPPED)


def show_report(report: IndexReport) -> None:
    """What a run did, in words on stderr."""
    output.list_skipped(report.skipped)
    for film in report.films:
        output.say(f"film, not yet indexed: {path_text(film)}")
    changes = ", ".join(
        f"{number:,} {name}"
        for name, number in (
            ("new", report.new),
            ("changed", report.changed),
            ("moved", report.moved),
            ("removed", report.removed),
            ("unchanged", report.unchanged),
        )
        if number
    )
    output.say(
        f"Photos: {changes or 'none'}. {count(report.people, 'person', 'people')} found in new and changed photos, "
        f"{count(len(report.skipped), 'path')} skipped, {count(len(report.films), 'film')} not yet indexed; "
        f"{report.seconds:.1f} s."
    )


def report_json(report: IndexReport) -> dict[str, Any]:
    """The report as JSON."""
    data = asdict(report)
    data["skipped"] = [{"path": path_text(item.path), "reason": item.reason} for item in report.skipped]
    data["films"] = [path_text(film) for film in report.films]
    data["seconds"] = round(report.seconds, 2)
    return data
