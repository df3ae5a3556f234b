"""The options that choose a pose estimator, alike in all commands that have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def estimator_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --estimator and --pose-weights, as `estimator` and `pose_weights`; see `named`."""
    estimator = click.option(
        "--estimator",
        metavar="NAME|FILE|FOLDER",
        help="movenet, agreement, heatmap, deeppose, or what train heatmap or deeppose wrote.  [default: movenet]",
    )
    weights = click.option(
        "--pose-weights",
        type=click.Path(path_type=Path),
        metavar="FILE|FOLDER",
        help="Trained network of --estimator heatmap (a file) or deeppose (a folder).",
    )
    return estimator(weights(command))


def named(estimator: str | None, pose_weights: Path | None) -> tuple[str, Path | None]:
    """Name and trained weights of the estimator that the options choose; weights alone tell whose they are. Raises
    DataError."""
    from contrapposto.poses import DEFAULT_ESTIMATOR, chosen

    if estimator is None and pose_weights is not None:
        return chosen(str(pose_weights))
    return chosen(estimator or DEFAULT_ESTIMATOR, pose_weights)
