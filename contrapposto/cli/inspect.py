"""`contrapposto inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.cli.estimators import estimator_options, named
from contrapposto.errors import ContrappostoError
from contrapposto.text import path_text


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@estimator_options
@click.option("--accurate", is_flag=True, help="Find more and smaller people, at about twice the time.")
@click.option(
    "--person", type=click.IntRange(1), default=1, show_default=True, help="Which person, most prominent first."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The picture to write.  [default: IMAGE-inspected.png, here]"
)
def inspect(
    image: Path, estimator: str | None, pose_weights: Path | None, accurate: bool, person: int, out: Path | None
) -> None:
    """What a pose estimator sees of one person in IMAGE, as pictures side by side in one PNG file.

    Always the crop, and the skeletons by movenet and by the estimator. Of movenet its looks; of a heatmap network
    the heatmaps, and its attention maps: of all scales, their sum, and of each joint; of deeppose each stage, and
    the squares that the next one is shown.

    \b
    Examples:
      contrapposto inspect me.jpg
      contrapposto inspect me.jpg --estimator out/crf/heatmap.onnx --out crf.png
      contrapposto inspect team.jpg --person 2 --estimator deeppose --pose-weights out/deeppose
    """
    from contrapposto import poses
    from contrapposto.indexing.photos import read_picture
    from contrapposto.poses.in_box import make_in_box
    from contrapposto.search.pose_part import pose_of
    from contrapposto.web.inspection import inspected
    from contrapposto.web.panels import page

    name, weights = named(estimator, pose_weights)
    photo = read_picture(image)
    with output.fetch_bar() as fetching:
        people = poses.make_estimator(accurate=accurate, progress=fetching)(photo.image)
        pose_of(image, people, person)
        network = make_in_box(name, pose_weights=weights, progress=fetching)
        rows = inspected(photo.image, people[person - 1], network, name)
    target = out or Path(f"{image.stem}-inspected.png")
    try:
        page(rows).save(target, "PNG")
    except OSError as error:
        raise ContrappostoError(f"{target}: cannot be written ({error.strerror}); choose another place") from error
    output.say(f"Picture: {path_text(target)}")
