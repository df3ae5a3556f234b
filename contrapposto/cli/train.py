"""`contrapposto train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contrapposto.cli import output
from contrapposto.cli.recipes import PHOTOS, common, machine, need_torch, schedule, steps_bar
from contrapposto.cli.train_films import image_to_video
from contrapposto.cli.train_photos import log_ratio, mori, thin_slicing
from contrapposto.cli.train_poses import deeppose, heatmap
from contrapposto.text import path_text


@click.group()
def train() -> None:
    """Learn the networks of this package again (needs PyTorch: pip install 'contrapposto[training]')."""


@train.command()
@common("Folder of motion capture (docs/poses3d.md).")
def lifting(data: Path, out: Path, minutes: float | None, seed: int, as_json: bool) -> None:
    """The network that makes 3D keypoints of 2D ones, learned from the CMU part of the motion capture.

    \b
    Example:
      contrapposto train lifting --data data/poses3d --out out/lifting
    """
    need_torch()
    from contrapposto.training.lifting import LiftingOptions, train_lifting

    options = LiftingOptions(seed=seed) if minutes is None else LiftingOptions(seed=seed, minutes=minutes)
    with steps_bar() as progress:
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


@train.command()
@common(PHOTOS)
@machine()
@click.option(
    "--known",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="SET",
    help="Another set of people with known joints to learn from; may be given several times.  [default: none]",
)
@click.option(
    "--also",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PHOTOS",
    help="Folder of photos of people whose joints nobody marked; may be given several times.  [default: none]",
)
@click.option("--steps", type=click.IntRange(min=1), help="Steps of learning.  [default: the recipe's]")
@click.option("--batch", type=click.IntRange(min=2), help="People a step.  [default: 128, and 24 without a GPU]")
@click.option(
    "--most", type=click.IntRange(min=10), help="No more than so many people of each split.  [default: all]"
)
def default(
    data: Path,
    out: Path,
    known: tuple[Path, ...],
    also: tuple[Path, ...],
    steps: int | None,
    batch: int | None,
    most: int | None,
    as_json: bool,
    **where: Any,
) -> None:
    """The pose network that is shipped: keypoints and embeddings of people (docs/embeddings.md).

    MoveNet Thunder learns on, without a GPU its later layers alone. In --also it learns the keypoints on which
    several of its looks agree, and else keeps seeing what it saw; the people there are found first, and kept in
    OUT. With 6,000 people and 1,100 others a run takes 12 GB of memory. One that was broken off goes on when it is
    started again with the same options.

    \b
    Examples:
      contrapposto train default --data data/lspe --also data/captions --also data/paintings --out out/default
      contrapposto train default --data data/lspe --out out/default --minutes 20 --threads 2
    """
    need_torch()
    import torch

    from contrapposto.training.pose_network import FROZEN, SMALL_BATCH, PoseOptions, train_pose

    options = PoseOptions(most=most)
    timed = schedule(options.schedule, **where)
    if steps is not None:
        timed = replace(timed, steps=steps, check=max(1, steps // 12))
    if timed.device == "cpu" or not torch.cuda.is_available():
        batch, options = batch or SMALL_BATCH, replace(options, frozen=FROZEN)
    if batch is not None:
        options = replace(options, batch=batch, others=max(1, round(options.others * batch / options.batch)))
    options = replace(options, schedule=timed)
    with output.fetch_bar() as fetching, steps_bar() as progress:
        trained = train_pose(data, out, options, progress, known=known, also=also, fetching=fetching)
    if as_json:
        output.print_json(
            {
                "weights": path_text(trained.weights),
                "steps": trained.steps,
                "seconds": round(trained.seconds, 1),
                "pck@0.2": round(1 - trained.misses, 4),
                "first_ten_px": round(trained.first_ten, 4),
                "difference": trained.difference,
            }
        )
        return
    right = 100 * (1 - trained.misses)
    click.echo(
        f"{path_text(trained.weights)}: {trained.steps:,} steps; of held-out people's limb joints {right:.1f} % are"
        f" right (PCK@0.2), and the first ten by embedding are {trained.first_ten:.1f} px of 128 away"
    )


@train.command("view-invariant")
@common("Folder of motion capture (docs/poses3d.md).")
@machine()
def view_invariant(data: Path, out: Path, as_json: bool, **machine: Any) -> None:
    """The network that brings one pose seen from several sides to one place (Sun et al. 2020), by the CMU table.

    A run that was broken off goes on when it is started again with the same options.

    \b
    Example:
      contrapposto train view-invariant --data data/poses3d --out out/view-invariant
    """
    need_torch()
    from contrapposto.training.view_invariant import ViewInvariantOptions, train_view_invariant

    options = ViewInvariantOptions()
    options = replace(options, schedule=schedule(options.schedule, **machine))
    with steps_bar() as progress:
        trained = train_view_invariant(data, out, options, progress)
    if as_json:
        output.print_json(
            {
                "weights": path_text(trained.weights),
                "steps": trained.steps,
                "hit@1": round(trained.hit, 4),
                "difference": trained.difference,
            }
        )
        return
    click.echo(
        f"{path_text(trained.weights)}: {trained.steps:,} steps, hit@1 {trained.hit:.3f} between two views of the"
        " held-out clips"
    )


@train.command()
@common("Folder of pose embeddings that train default wrote: train.npz, val.npz, head.pt (docs/partial.md).")
def partial(data: Path, out: Path, minutes: float | None, seed: int, as_json: bool) -> None:
    """What asks for part of a pose among image embeddings: the language stream, masks, and queries by conditions.

    A run that was broken off goes on when it is started again with the same options.

    \b
    Example:
      contrapposto train partial --data out/default/embeddings --out out/partial
    """
    need_torch()
    from contrapposto.training.partial import PartialOptions, train_partial

    options = PartialOptions().with_seed(seed).within(minutes)
    with steps_bar() as progress:
        trained = train_partial(data, out, options, progress)
    if as_json:
        output.print_json(
            {
                "weights": [path_text(trained.language), path_text(trained.partial)],
                "apart": round(trained.apart, 4),
                "miss@10": round(trained.misses, 4),
                "masks": trained.masks,
                "difference": trained.difference,
            }
        )
        return
    click.echo(
        f"{path_text(trained.language)}: 1 - cos of held-out posebytes and pictures {trained.apart:.3f}\n"
        f"{path_text(trained.partial)}: {trained.masks} masks; of the first ten that a held-out set of conditions"
        f" finds, {100 * trained.misses:.0f} % do not meet it"
    )


for _command in (thin_slicing, mori, log_ratio, heatmap, deeppose, image_to_video):
    train.add_command(_command)
