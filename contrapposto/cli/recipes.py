"""What the commands of `contrapposto train` share."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contrapposto.cli import output
from contrapposto.errors import ContrappostoError

if TYPE_CHECKING:
    from contrapposto.training.loop import Device, Schedule

Command = TypeVar("Command", bound=Callable[..., Any])

PHOTOS = "Folder of photos with known joints and a split train and val (docs/evaluation.md)."


def common(data: str) -> Callable[[Command], Command]:
    """The options that every recipe has; data: what the folder of the option --data holds."""
    return decorated((click.option("--data", required=True, type=click.Path(path_type=Path), help=data), *run()))


def run() -> tuple[Callable[[Any], Any], ...]:
    """Where the run of a recipe goes, how long it takes, and what it says."""
    return (
        click.option(
            "--out",
            required=True,
            type=click.Path(path_type=Path),
            help="Weights, learning curve and options go here.",
        ),
        click.option(
            "--minutes",
            type=click.FloatRange(min=0, min_open=True),
            help="Stop after about this long.  [default: the recipe's]",
        ),
        click.option("--seed", type=int, default=0, show_default=True, help="Start of all random numbers."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    )


def machine() -> Callable[[Command], Command]:
    """Where the recipes run that use the loop of `training/loop.py`."""
    options = (
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            help="Where to train; auto is a GPU if there is one.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="Threads of PyTorch; as many more make the batches.",
        ),
    )
    return decorated(options)


def decorated(options: tuple[Callable[[Any], Any], ...]) -> Callable[[Command], Command]:
    """A command with these options, listed in their order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def need_torch() -> None:
    """Raises ContrappostoError without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        raise ContrappostoError("training needs PyTorch; run pip install 'contrapposto[training]'")


def schedule(default: Schedule, minutes: float | None, seed: int, device: Device, threads: int) -> Schedule:
    """A recipe's schedule with what was asked for."""
    limit = default.minutes if minutes is None else minutes
    return replace(default, minutes=limit, seed=seed, device=device, threads=threads, workers=threads)


@contextmanager
def steps_bar() -> Iterator[Callable[[int, int, str], None]]:
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
