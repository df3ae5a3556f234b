"""`contrapposto evaluate image-to-video`."""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.cli.protocols import kept, show


@click.command("image-to-video")
@click.option(
    "--data",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of films, or demo for the built-in ones; may be given several times.",
)
@click.option(
    "--distractors",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PHOTOS",
    help="Folder of photos to make distractors of; may be given several times.  [default: no distractors]",
)
@click.option(
    "--shots", type=click.IntRange(0), default=2000, show_default=True, help="Shots to make of --distractors."
)
@click.option(
    "--queries", type=click.IntRange(1), default=200, show_default=True, help="Photos of a screen for each level."
)
@click.option(
    "--level",
    type=click.Choice(["mild", "strong", "both"]),
    default="both",
    show_default=True,
    help="How hard the photos of a screen are.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="fused, local, global, nearest, tree, ivf (needs FAISS) or exhaustive; may be given several times.  "
    "[default: all]",
)
@click.option("--by-film", is_flag=True, help="Ask as often for each film, however long it is.")
@click.option(
    "--hours",
    type=click.FloatRange(min=0, min_open=True),
    help="Also measure what a query takes among so many hours of film, made of copies.",
)
@kept
def image_to_video(
    data: tuple[Path, ...],
    distractors: tuple[Path, ...],
    shots: int,
    queries: int,
    level: str,
    methods: tuple[str, ...],
    by_film: bool,
    hours: float | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Whether a photo of a screen finds its film, shot and second, among distractors made of photos.

    Frames of random seconds of the films are seen by a simulated camera, mild (turned by 10 degrees, 10 % of the
    screen lost) or strong (30 degrees, 30 %, blurred, with glare, moire, a colour cast and the screen's edge).
    recall@k: share of queries with the right shot among the first k answers; true_recall: by the shots of
    shots.csv; film_recall: with the right film; map: mean of 1 over the rank of the right shot; time_error: median
    seconds from the first answer to the frame, where its shot (film_time_error: its film) is right; seconds: of a
    query; bytes: stored; ratio: how many times less that is than all keypoints of all decoded frames; /grown: among
    --hours.

    \b
    Examples:
      contrapposto evaluate image-to-video --data demo --queries 50
      contrapposto evaluate image-to-video --data data/video --data demo --distractors data/captions/images
      contrapposto evaluate image-to-video --data data/video --level strong --method fused --hours 20 --json
    """
    from contrapposto.evaluation.image_to_video import evaluate_image_to_video

    levels = ("mild", "strong") if level == "both" else (level,)
    with output.fetch_bar() as fetching, output.films_bar() as films, output.photos_bar() as progress:
        summary = evaluate_image_to_video(
            data,
            distractors=distractors,
            shots=shots,
            queries=queries,
            levels=levels,
            methods=methods,
            by_film=by_film,
            hours=hours,
            out=out,
            overwrite=overwrite,
            fetching=fetching,
            film_progress=films,
            progress=progress,
        )
    show(summary, as_json)
