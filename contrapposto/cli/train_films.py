"""`contrapposto train image-to-video`: the vectors of shots by which a photo of a screen finds its film."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contrapposto.cli import output
from contrapposto.cli.recipes import decorated, machine, need_torch, run, schedule, steps_bar
from contrapposto.text import path_text

if TYPE_CHECKING:
    from contrapposto.networks.shot_encoder import Kind

_FOLDER = click.Path(path_type=Path)


@click.command("image-to-video")
@decorated(
    (
        click.option("--data", multiple=True, type=_FOLDER, help="Folder of films; may be given again."),
        click.option(
            "--stills",
            multiple=True,
            type=_FOLDER,
            help="Folder of photos, over which shots pan and zoom; may be given again.",
        ),
        click.option(
            "--encoder",
            type=click.Choice(["gru", "lstm", "mean", "max", "last"]),
            help="What makes one vector of the frames of a shot.  [default: the one that is shipped]",
        ),
        click.option(
            "--whiten", is_flag=True, help="Learn the PCA-whitening of the R-MACs anew too, from the same files."
        ),
        click.option(
            "--vgg16",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Weights of VGG16 (torchvision's state dict) to look with; search cannot use what comes of it.",
        ),
        *run(),
    )
)
@machine()
def image_to_video(
    data: tuple[Path, ...],
    stills: tuple[Path, ...],
    out: Path,
    encoder: Kind | None,
    whiten: bool,
    vgg16: Path | None,
    as_json: bool,
    **where: Any,
) -> None:
    """The vectors of shots by which a photo of a screen finds its film (Garcia and Vogiatzis 2018).

    Shots are those of films, and pans over photos; photos of a screen that shows them are simulated. All are looked
    at first, which takes longest; what was seen is kept in OUT/seen. A run that was broken off goes on when it is
    started again with the same options.

    \b
    Example:
      contrapposto train image-to-video --data films --stills photos --out out/image-to-video
    """
    if not (data or stills):
        raise click.UsageError("give a folder of films (--data), of photos (--stills), or both")
    need_torch()
    from contrapposto.training.shot_encoder import ShotEncoderOptions, train_shot_encoder

    options = ShotEncoderOptions(whiten=whiten, vgg16=str(vgg16 or ""))
    options = replace(
        options,
        kind=encoder or options.kind,
        schedule=schedule(options.schedule, **where),
        frames=replace(options.frames, seed=where["seed"]),
    )
    with output.fetch_bar() as fetching, steps_bar() as progress:
        trained = train_shot_encoder(data, stills, out, options, progress, fetching)
    if as_json:
        output.print_json(
            {
                "weights": path_text(trained.weights),
                "whitening": path_text(trained.whitening),
                "steps": trained.steps,
                "recall@1": round(trained.recall, 4),
                "recall@1/mean": round(trained.pooled, 4),
                "difference": trained.difference,
            }
        )
        return
    click.echo(
        f"{path_text(trained.weights)}: {trained.steps:,} steps, {trained.recall:.3f} of the simulated photos of"
        f" held-out shots find their own first, {trained.pooled:.3f} by the mean of the R-MACs"
    )
