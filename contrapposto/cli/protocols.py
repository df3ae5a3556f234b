"""What all commands of `contrapposto evaluate` share: their options, and how a summary is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contrapposto.cli import output


def common(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every protocol of one data folder."""
    data = click.option(
        "--data", required=True, type=click.Path(path_type=Path), help="Folder of annotated photos."
    )
    split = click.option("--split", help="Split to use, where the folder has splits.  [default: all of it]")
    return data(split(kept(command)))


def kept(command: Callable[..., None]) -> Callable[..., None]:
    """Options of what becomes of the results."""
    for option in reversed(
        [
            click.option(
                "--out",
                type=click.Path(path_type=Path),
                help="Keep configuration, predictions, per-query results and summary here; again with the same "
                "configuration, stored predictions are scored.  [default: nothing is kept]",
            ),
            click.option("--overwrite", is_flag=True, help="Replace what --out holds of another configuration."),
            click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
        ]
    ):
        command = option(command)
    return command


def show(summary: dict[str, Any], as_json: bool) -> None:
    """A summary object as JSON, or as a table with a column a method."""
    if as_json:
        output.print_json(summary)
        return
    split = f", split {summary['split']}" if summary["split"] else ""
    click.echo(f"{summary['task']} on {summary['data']}{split}: n = {summary['n']}, commit {summary['commit']}")
    measures = summary["measures"]
    names = list(dict.fromkeys(name for row in measures.values() for name in row))
    width = max([len(name) for name in names] + [10])
    columns = [max(len(method), 8) for method in measures]
    heads = zip(measures, columns, strict=True)
    click.echo(f"{'':{width}}  " + "  ".join(f"{method:>{size}}" for method, size in heads))
    for name in names:
        values = [row.get(name) for row in measures.values()]
        cells = (
            f"{'-' if v is None else format(v, '.3f'):>{size}}" for v, size in zip(values, columns, strict=True)
        )
        click.echo(f"{name:{width}}  " + "  ".join(cells))
