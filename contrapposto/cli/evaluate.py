"""`contrapposto evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contrapposto.cli import output


def _common(command: Callable[..., None]) -> Callable[..., None]:
    """Options of every protocol."""
    for option in reversed(
        [
            click.option(
                "--data", required=True, type=click.Path(path_type=Path), help="Folder of annotated photos."
            ),
            click.option("--split", help="Split to use, where the folder has splits.  [default: all of it]"),
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


@click.group()
def evaluate() -> None:
    """Measure against annotated data, by published protocols."""


@evaluate.command()
@_common
@click.option("--accurate", is_flag=True, help="Use the slower setting of the estimator.")
@click.option(
    "--min-keypoints", type=click.IntRange(1), default=1, show_default=True, help="Score people with this many."
)
def keypoints(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    accurate: bool,
    min_keypoints: int,
) -> None:
    """How well people and their keypoints are found: OKS, PCK, recall, false people.

    oks: mean over annotated people, COCO sigmas, area of the mask or 0.53 of the box, people not found count 0.
    pck@0.2: share of the 12 limb joints within 0.2 of the torso's diagonal. recall@oks0.5: share of people found
    with OKS at least 0.5. false_people_per_image: over photos listed as without people.

    \b
    Examples:
      contrapposto evaluate keypoints --data data/coco
      contrapposto evaluate keypoints --data data/lspe --split test --accurate --out out/keypoints-lspe
      contrapposto evaluate keypoints --data data/negatives
    """
    from contrapposto.evaluation.keypoints import evaluate_keypoints

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_keypoints(
            data,
            split,
            accurate=accurate,
            min_keypoints=min_keypoints,
            out=out,
            overwrite=overwrite,
            fetching=fetching,
            progress=progress,
        )
    _show(summary, as_json)


@evaluate.command()
@_common
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="random, imagenet, keypoints-2d, keypoints-2d-side-blind, oracle or oracle-side-blind; may be given "
    "several times.  [default: all]",
)
@click.option("--accurate", is_flag=True, help="Use the slower setting of the estimator.")
def retrieval(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    methods: tuple[str, ...],
    accurate: bool,
) -> None:
    """The yardstick of pose retrieval: each photo with all 12 limb joints asks for the others of its split.

    Items of the query's own scene are left out of its gallery. True distance: 2D, 12 joints, px of a 128-px pose;
    strict, and side-blind (names ending in /side-blind: the better of both assignments of left and right).

    \b
    Examples:
      contrapposto evaluate retrieval --data data/lspe --split test
      contrapposto evaluate retrieval --data data/lspe --split test --method keypoints-2d --json
    """
    from contrapposto.evaluation.retrieval import evaluate_retrieval

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_retrieval(
            data,
            split,
            methods=methods,
            accurate=accurate,
            out=out,
            overwrite=overwrite,
            fetching=fetching,
            progress=progress,
        )
    _show(summary, as_json)


def _show(summary: dict[str, Any], as_json: bool) -> None:
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
