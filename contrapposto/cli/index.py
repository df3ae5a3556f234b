"""`contrapposto index`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contrapposto.cli import output
from contrapposto.cli.estimators import estimator_options, named
from contrapposto.text import clock, count, path_text

if TYPE_CHECKING:
    from contrapposto.indexing import IndexReport

SKIPPED = 1


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@output.library_option
@estimator_options
@click.option("--accurate", is_flag=True, help="Find more and smaller people, at about twice the time.")
@click.option(
    "--every",
    type=click.FloatRange(0.02, 60),
    metavar="SECONDS",
    help="Look at a frame of a film this often.  [default: 0.2, or as the library was made]",
)
@click.option("--workers", type=click.IntRange(1), help="Pictures looked at together.  [default: number of cores]")
@click.option("--rebuild", is_flag=True, help="Forget what was found before and start again.")
@click.option("--wait", is_flag=True, help="Wait while another process indexes into the library.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def index(
    folders: tuple[Path, ...],
    library: Path | None,
    estimator: str | None,
    pose_weights: Path | None,
    accurate: bool,
    every: float | None,
    workers: int | None,
    rebuild: bool,
    wait: bool,
    as_json: bool,
) -> None:
    """Find the people in all photos and films below FOLDERS and keep their poses in a library.

    Only new and changed files are opened; moved ones keep their people, deleted ones go. Without FOLDERS, those
    of earlier runs are brought up to date. A run that is stopped goes on where it was, also inside a film.

    A library keeps to its estimator, and has a copy of its trained weights; another one needs --rebuild.

    \b
    Examples:
      contrapposto index ~/Pictures
      contrapposto index --accurate --library team.library ~/Matches ~/Training
      contrapposto index --every 0.1 --library films.library ~/Films
      contrapposto index --library crf.library --estimator out/crf/heatmap.onnx ~/Pictures
      contrapposto index
    """
    from contrapposto.library import Library

    asked = estimator or pose_weights
    name, weights = named(estimator, pose_weights) if asked else (None, None)
    with output.fetch_bar() as fetching, output.photos_bar() as progress, output.films_bar() as film_progress:
        report = Library(library, progress=fetching).index(
            *folders,
            accurate=accurate or None,
            every=every,
            estimator=name,
            pose_weights=weights,
            workers=workers,
            rebuild=rebuild,
            wait=wait,
            progress=progress,
            film_progress=film_progress,
        )
    show_report(report)
    if as_json:
        output.print_json(report_json(report))
    if report.skipped:
        raise SystemExit(SKIPPED)


def show_report(report: IndexReport) -> None:
    """What a run did, in words on stderr."""
    output.list_skipped(report.skipped)
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
        f"Files: {changes or 'none'}. {count(report.people, 'person', 'people')} found in new and changed photos, "
        f"{count(sum(not item.partly for item in report.skipped), 'path')} skipped; {report.seconds:.1f} s."
    )
    if report.films:
        output.say(
            f"Films: {count(report.films, 'film')} of {clock(report.film_seconds)} worked through, "
            f"{count(report.shots, 'shot')}, {count(report.moments, 'distinct pose')} of people."
        )


def report_json(report: IndexReport) -> dict[str, Any]:
    """The report as JSON."""
    data = asdict(report)
    data["skipped"] = [
        {"path": path_text(item.path), "reason": item.reason, "partly": item.partly} for item in report.skipped
    ]
    data["film_seconds"] = round(report.film_seconds, 2)
    data["seconds"] = round(report.seconds, 2)
    return data
