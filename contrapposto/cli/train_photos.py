"""`contrapposto train thin-slicing`, `mori` and `log-ratio`: the published pose embeddings of photos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contrapposto.cli import output
from contrapposto.cli.recipes import PHOTOS, Command, common, decorated, machine, need_torch, schedule, steps_bar
from contrapposto.text import path_text

if TYPE_CHECKING:
    from contrapposto.training.photo_task import Trained
    from contrapposto.training.targets import Target

_UNITS = {"2d": "px of 128", "3d": "mm", "procrustes": "mm", "posebits": "% of the posebits"}


def _target() -> Callable[[Command], Command]:
    """Which distance is learned."""
    return decorated(
        (
            click.option(
                "--target",
                type=click.Choice(list(_UNITS)),
                default="2d",
                show_default=True,
                help="Which distance between poses the embedding learns.",
            ),
        )
    )


@click.command("thin-slicing")
@common(PHOTOS)
@machine()
@_target()
def thin_slicing(data: Path, out: Path, target: Target, as_json: bool, **where: Any) -> None:
    """A pose embedding of photos by triplets whose negatives come closer (Kwak et al. 2016, Curro's thesis).

    A run that was broken off goes on when it is started again with the same options.

    \b
    Example:
      contrapposto train thin-slicing --data data/lspe --out out/thin-slicing --target 2d
    """
    need_torch()
    from contrapposto.training.thin_slicing import ThinSlicingOptions, train_thin_slicing

    options = ThinSlicingOptions(target=target)
    options = replace(options, schedule=schedule(options.schedule, **where))
    with steps_bar() as progress:
        trained = train_thin_slicing(data, out, options, progress)
    _report(trained, target, as_json)


@click.command()
@common(PHOTOS)
@machine()
@_target()
def mori(data: Path, out: Path, target: Target, as_json: bool, **where: Any) -> None:
    """A pose embedding of photos by triplets with a gap between near and far (Mori et al. 2015).

    A run that was broken off goes on when it is started again with the same options.

    \b
    Example:
      contrapposto train mori --data data/lspe --out out/mori --device cuda --threads 8
    """
    need_torch()
    from contrapposto.training.mori import MoriOptions, train_mori

    options = MoriOptions(target=target)
    options = replace(options, schedule=schedule(options.schedule, **where))
    with steps_bar() as progress:
        trained = train_mori(data, out, options, progress)
    _report(trained, target, as_json)


@click.command("log-ratio")
@common(PHOTOS)
@machine()
@_target()
@click.option(
    "--network",
    type=click.Choice(["efficientnet-lite0", "thin-slicing", "inception"]),
    default="efficientnet-lite0",
    show_default=True,
    help="What is trained; the first begins with ImageNet weights.",
)
@click.option(
    "--loss",
    type=click.Choice(["log-ratio", "dense-triplet", "distance"]),
    default="log-ratio",
    show_default=True,
    help="The paper's loss, its baseline, or how far distances are from true ones.",
)
def log_ratio(data: Path, out: Path, target: Target, network: Any, loss: Any, as_json: bool, **where: Any) -> None:
    """A pose embedding of photos whose distances have the ratios of the true ones (Kim et al. 2019).

    A run that was broken off goes on when it is started again with the same options.

    \b
    Example:
      contrapposto train log-ratio --data data/lspe --out out/log-ratio --target procrustes --minutes 30
    """
    need_torch()
    from contrapposto.training.log_ratio import LogRatioOptions, train_log_ratio

    options = LogRatioOptions(target=target, network=network, loss=loss)
    options = replace(options, schedule=schedule(options.schedule, **where))
    with steps_bar() as progress:
        trained = train_log_ratio(data, out, options, progress)
    _report(trained, target, as_json)


def _report(trained: Trained, target: Target, as_json: bool) -> None:
    """What an embedding of photos has become."""
    if as_json:
        output.print_json(
            {
                "weights": path_text(trained.weights),
                "steps": trained.steps,
                "seconds": round(trained.seconds, 1),
                "target": target,
                "unit": _UNITS[target],
                "error": round(trained.error, 4),
                "difference": trained.difference,
            }
        )
        return
    click.echo(
        f"{path_text(trained.weights)}: {trained.steps:,} steps, the first ten of a ranking of held-out photos are"
        f" {trained.error:.1f} {_UNITS[target]} away"
    )
