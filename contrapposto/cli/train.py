"""`contrapposto train`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.errors import ContrappostoError
from contrapposto.text import path_text


@click.group()
def train() -> None:
    """Learn the networks of this package again (needs PyTorch: pip install 'contrapposto[training]')."""


@train.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="Folder of motion capture (docs/poses3d.md)."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Weights, learning curve and options go here."
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop after about this long.  [default: the recipe's]",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Start of all random numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def lifting(data: Path, out: Path, minutes: float | None, seed: int, as_json: bool) -> None:
    """The network that makes 3D keypoints of 2D ones, learned from the CMU part of the motion capture.

    \b
    Example:
      contrapposto train lifting --data data/poses3d --out out/lifting
    """
    if importlib.util.find_spec("torch") is None:
        raise ContrappostoError("training needs PyTorch; run pip install 'contrapposto[training]'")
    from contrapposto.training.lifting import LiftingOptions, train_lifting

    options = LiftingOptions(seed=seed) if minutes is None else LiftingOptions(seed=seed, minutes=minutes)
    with _steps_bar() as progress:
        trained = train_lifting(data, out, options, progress)
    if as_json:
        output.print_json(
            {
                "weights": path_text(trained.weights),
                "steps": trained.steps,
                "error_mm": round(1000 * trained.error, 2),
                "difference_mm": 1000 * trained.difference,
            }
        )
        return
    click.echo(
        f"{path_text(trained.weights)}: {trained.steps:,} steps, {1000 * trained.error:.1f} mm on held-out clips"
    )


@contextmanager
def _steps_bar() -> Iterator[Callable[[int, int, str], None]]:
    """A bar over steps on stderr; without a terminal, the lines about the error alone."""
    from tqdm import tqdm

    bar = tqdm(unit=" steps", desc="Training", mininterval=0.3, disable=None)

    def progress(done: int, total: int, message: str) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if message:
            bar.set_postfix_str(message)
            if not sys.stderr.isatty():
                output.say(f"{done:,} of {total:,} steps: {message}")

    try:
        yield progress
    finally:
        bar.close()
