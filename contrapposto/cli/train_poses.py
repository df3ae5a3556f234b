"""`contrapposto train heatmap` and `deeppose`: pose networks of our own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contrapposto.cli import output
from contrapposto.cli.recipes import Command, common, decorated, machine, need_torch, schedule, steps_bar
from contrapposto.text import path_text

POSES = "Folder of people with known joints: joints.npz or COCO persons.json (docs/evaluation.md)."

_KINDS = ["none", "softmax", "gaussian", "transformer", "crf"]


class _Size(click.ParamType):  # type: ignore[type-arg]
    """Rows and columns, as 256x192."""

    name = "ROWSxCOLUMNS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        found = re.fullmatch(r"(\d+)x(\d+)", str(value))
        if not found:
            self.fail(f"{value!r} is no size such as 256x192", param, ctx)
        return int(found[1]), int(found[2])


def _shared(command: Command) -> Command:
    """What both recipes are asked."""
    options = (
        click.option(
            "--views",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Freeze the first part of the trunk, which looks once at so many changed views of each person.",
        ),
        click.option("--seen", type=click.Path(path_type=Path), help="Keep what it saw here.  [default: OUT/seen]"),
        click.option("--steps", type=click.IntRange(min=1), help="Steps of learning.  [default: the recipe's]"),
        click.option(
            "--most", type=click.IntRange(min=2), help="No more than so many people of each split.  [default: all]"
        ),
    )
    return decorated(options)(command)


@click.command()
@common(POSES)
@machine()
@click.option(
    "--trunk",
    type=click.Choice(["efficientnet-lite0", "efficientnet-lite0-short", "resnet50"]),
    default="efficientnet-lite0",
    show_default=True,
    help="What sees the picture; resnet50 begins without weights, the short one learns faster on a CPU.",
)
@click.option("--size", type=_Size(), default="256x192", show_default=True, help="Pixels of the picture.")
@click.option("--width", type=click.IntRange(min=1), default=256, show_default=True, help="Of the decoder.")
@click.option(
    "--attention", type=click.Choice(_KINDS), default="none", show_default=True, help="Holistic attention."
)
@click.option("--parts", type=click.Choice(_KINDS), default="none", show_default=True, help="Part-wise attention.")
@_shared
def heatmap(
    data: Path,
    out: Path,
    trunk: Any,
    size: tuple[int, int],
    width: int,
    attention: Any,
    parts: Any,
    views: int,
    seen: Path | None,
    steps: int | None,
    most: int | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Heatmaps of keypoints (Xiao et al. 2018), with or without attention (docs/pose-networks.md).

    A run that was broken off goes on when it is started again with the same options.

    \b
    Examples:
      contrapposto train heatmap --data data/coco --out out/baseline --trunk resnet50 --device cuda
      contrapposto train heatmap --data data/lspe --out out/crf --trunk efficientnet-lite0-short
        --size 128x96 --width 64 --views 8 --steps 2000 --attention crf --parts softmax
    """
    need_torch()
    from contrapposto.training.heatmaps import HeatmapOptions, train_heatmap
    from contrapposto.training.pose_batches import PoseData

    options = HeatmapOptions(
        PoseData(trunk, *size, views=views, most=most, seed=where["seed"]),
        width,
        None if attention == "none" else attention,
        None if parts == "none" else parts,
    )
    options = replace(options, schedule=_steps(schedule(options.schedule, **where), steps))
    with output.fetch_bar() as fetching, steps_bar() as progress:
        trained = train_heatmap(data, out, options, progress, seen=seen, fetching=fetching)
    if as_json:
        output.print_json(
            {
                "weights": path_text(trained.weights),
                "steps": trained.steps,
                "seconds": round(trained.seconds, 1),
                "parameters": trained.parameters,
                "pck@0.2": round(1 - trained.misses, 4),
                "difference": trained.difference,
            }
        )
        return
    click.echo(
        f"{path_text(trained.weights)}: {trained.steps:,} steps, {100 * (1 - trained.misses):.1f} % of the limb"
        " joints of held-out people are right (PCK@0.2)"
    )


@click.command()
@common(POSES)
@machine()
@click.option(
    "--trunk",
    type=click.Choice(["alexnet", "efficientnet-lite0", "efficientnet-lite0-short", "resnet50"]),
    default="alexnet",
    show_default=True,
    help="What sees the picture; those of EfficientNet begin with ImageNet weights.",
)
@click.option("--size", type=_Size(), default="220x220", show_default=True, help="Pixels of the first stage.")
@click.option(
    "--square", type=click.IntRange(min=32), default=220, show_default=True, help="Pixels of later stages' squares."
)
@click.option("--stages", type=click.IntRange(min=1), default=3, show_default=True, help="Regressors in a row.")
@click.option(
    "--hidden", type=click.IntRange(min=1), default=4096, show_default=True, help="Units of each hidden layer."
)
@click.option("--batch", type=click.IntRange(min=1), default=128, show_default=True, help="People a step.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="First learning rate.  [default: 5e-4, as published, for alexnet; 1e-4 for others]",
)
@_shared
def deeppose(
    data: Path,
    out: Path,
    trunk: Any,
    size: tuple[int, int],
    square: int,
    stages: int,
    hidden: int,
    batch: int,
    rate: float | None,
    views: int,
    seen: Path | None,
    steps: int | None,
    most: int | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Keypoints as numbers, by a cascade of regressors (Toshev and Szegedy 2014; docs/pose-networks.md).

    A run that was broken off goes on when it is started again with the same options.

    \b
    Examples:
      contrapposto train deeppose --data data/coco --out out/deeppose --device cuda
      contrapposto train deeppose --data data/lspe --out out/deeppose --trunk efficientnet-lite0-short --size 128x96
        --square 64 --views 8 --hidden 1024 --steps 2000
    """
    need_torch()
    from contrapposto.training.deeppose import PUBLISHED_RATE, TRAINED_RATE, DeepPoseOptions, train_deeppose
    from contrapposto.training.pose_batches import PoseData

    options = DeepPoseOptions(
        PoseData(trunk, *size, views=views, batch=batch, most=most, seed=where["seed"]),
        stages=stages,
        square=square,
        hidden=hidden,
        rate=rate or (PUBLISHED_RATE if trunk == "alexnet" else TRAINED_RATE),
    )
    options = replace(options, schedule=_steps(schedule(options.schedule, **where), steps))
    with output.fetch_bar() as fetching, steps_bar() as progress:
        trained = train_deeppose(data, out, options, progress, seen=seen, fetching=fetching)
    right = [round(1 - misses, 4) for misses in trained.misses]
    if as_json:
        output.print_json(
            {
                "folder": path_text(trained.folder),
                "seconds": round(trained.seconds, 1),
                "parameters": trained.parameters,
                "pck@0.2": right,
                "difference": trained.difference,
            }
        )
        return
    shares = ", ".join(f"{100 * share:.1f}" for share in right)
    click.echo(
        f"{path_text(trained.folder)}: of the limb joints of held-out people, {shares} % are right after each stage"
        " (PCK@0.2)"
    )


def _steps(schedule: Any, steps: int | None) -> Any:
    """The schedule with so many steps, a tenth of them between two looks."""
    return schedule if steps is None else replace(schedule, steps=steps, check=max(1, steps // 10), patience=steps)
