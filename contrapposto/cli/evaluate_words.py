"""`contrapposto evaluate words` and `evaluate language`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.cli.protocols import common, show


def _embeddings(command: Callable[..., None]) -> Callable[..., None]:
    """The option that names image embeddings."""
    return click.option(
        "--embeddings",
        type=click.Path(path_type=Path),
        help="Folder of pose embeddings, SPLIT.npz each (docs/partial.md).  [default: photos are looked at]",
    )(command)


@click.command()
@common
@_embeddings
@click.option(
    "--lifted",
    is_flag=True,
    help="Truth in space are the true keypoints of photos, lifted to 3D, so all posebits are asked.",
)
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="probability, hamming, mean-query or chance; probability-true and hamming-true are given the true 2D "
    "keypoints; by image embeddings (--embeddings): conditional, conditional-rounded, conditional-direction, "
    "origin-mask, condition-network, embedding-mean-query, embedding-mean-direction, fused and fused-single; "
    "imagenet-mean; may be given several times.  "
    "[default: all that fit the data]",
)
def words(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    embeddings: Path | None,
    lifted: bool,
    methods: tuple[str, ...],
) -> None:
    """Whether people who are asked for in words are found: posebits, and random conjunctions of 2, 3 and 4 of them.

    precision@k: share of the first k who truly meet the question, mean over every posebit and value with at least
    55 people each way; /FAMILY: over those of a family; /true, /false: by the value; /two, /three, /four: over 200
    conjunctions. JSON has k = 1 to 10. Truth are the true joints: in 3D of projected motion capture (splits bandai,
    the default, and cmu) and of the demo collection (--data demo), in 2D of annotated photos.

    \b
    Examples:
      contrapposto evaluate words --data data/poses3d
      contrapposto evaluate words --data data/lspe --split test --method probability --method hamming
      contrapposto evaluate words --data data/lspe --split test --embeddings out/default/embeddings --lifted
    """
    from contrapposto.evaluation.words import evaluate_words

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_words(
            data,
            split,
            methods=methods,
            embeddings=embeddings,
            lifted=lifted,
            out=out,
            overwrite=overwrite,
            fetching=fetching,
            progress=progress,
        )
    if not as_json:
        summary["measures"] = {
            method: {name: value for name, value in row.items() if re.search(r"@(1|5|10)(/|$)", name)}
            for method, row in summary["measures"].items()
        }
    show(summary, as_json)


@click.command()
@common
@_embeddings
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="image, posebyte, image+posebyte or chance; may be given several times.  [default: all]",
)
def language(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    embeddings: Path | None,
    methods: tuple[str, ...],
) -> None:
    """Whether pictures are found by a posebyte: by the language stream, in the space of image embeddings.

    Each person with all 12 limb joints asks for the others of the split, without its own scene: by the picture, or
    by the complete posebyte of its true joints, lifted. hit_rank50@k: share of queries one of whose k true nearest
    is among the first 51; true nearest by the 2D distance of the joints, or (/posebits) by their posebits.

    \b
    Example:
      contrapposto evaluate language --data data/lspe --split test --embeddings out/default/embeddings
    """
    from contrapposto.evaluation.language import evaluate_language

    with output.fetch_bar() as fetching:
        summary = evaluate_language(
            data, split, embeddings=embeddings, methods=methods, out=out, overwrite=overwrite, fetching=fetching
        )
    show(summary, as_json)
