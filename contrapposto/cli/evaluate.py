"""`contrapposto evaluate`."""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.cli.estimators import estimator_options, named
from contrapposto.cli.evaluate_stills import image_to_video
from contrapposto.cli.evaluate_words import language, words
from contrapposto.cli.protocols import common, show


@click.group()
def evaluate() -> None:
    """Measure against annotated data, by published protocols."""


evaluate.add_command(words)
evaluate.add_command(image_to_video)
evaluate.add_command(language)


@evaluate.command()
@common
@estimator_options
@click.option("--accurate", is_flag=True, help="Use the slower setting of the estimator.")
@click.option(
    "--boxes",
    metavar="found|given|FILE",
    default="found",
    show_default=True,
    help="Find the people too; or look for keypoints in the annotated boxes, or in a COCO file of detections.",
)
@click.option(
    "--min-keypoints", type=click.IntRange(1), default=1, show_default=True, help="Score people with this many."
)
def keypoints(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    estimator: str | None,
    pose_weights: Path | None,
    accurate: bool,
    boxes: str,
    min_keypoints: int,
) -> None:
    """How well people and their keypoints are found: OKS, AP and AR, PCK, PCKh, PCP, recall, false people.

    oks: mean over annotated people, COCO sigmas, area of the mask or 0.53 of the box, people not found count 0.
    ap, ap50, ap75, ar: by COCO's protocol. pck@0.2: share of the 12 limb joints within 0.2 of the torso's diagonal.
    pckh@0.5: within half of the head, neck to top. pcp@0.5: share of limbs whose ends both lie within half of its
    length. recall@oks0.5: share of people found with OKS at least 0.5. false_people_per_image: over photos listed
    as without people.

    With given boxes, movenet is Thunder with its second look.

    \b
    Examples:
      contrapposto evaluate keypoints --data data/coco
      contrapposto evaluate keypoints --data data/lspe --split test --accurate --out out/keypoints-lspe
      contrapposto evaluate keypoints --data data/lspe --split test --boxes given
      contrapposto evaluate keypoints --data data/lspe --split test --boxes given --estimator out/crf/heatmap.onnx
      contrapposto evaluate keypoints --data data/negatives
    """
    from contrapposto.evaluation.keypoints import evaluate_keypoints

    name, weights = named(estimator, pose_weights)
    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_keypoints(
            data,
            split,
            estimator=name,
            pose_weights=weights,
            boxes=boxes if boxes in ("found", "given") else Path(boxes),
            accurate=accurate,
            min_keypoints=min_keypoints,
            out=out,
            overwrite=overwrite,
            fetching=fetching,
            progress=progress,
        )
    show(summary, as_json)


@evaluate.command()
@common
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="random, imagenet, keypoints-2d, keypoints-2d-side-blind, keypoints-3d, procrustes, posebits, "
    "view-invariant, embedding, keypoints-put-right, fused, oracle, oracle-side-blind, oracle-3d or "
    "oracle-procrustes; may be given several times.  [default: all that fit the data]",
)
@click.option(
    "--embedding",
    "embeddings",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What train thin-slicing, mori or log-ratio wrote, as one more method, called as its folder; may be given"
    " several times.  [default: none]",
)
@estimator_options
@click.option("--accurate", is_flag=True, help="Use the slower setting of the estimator.")
def retrieval(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    methods: tuple[str, ...],
    embeddings: tuple[Path, ...],
    estimator: str | None,
    pose_weights: Path | None,
    accurate: bool,
) -> None:
    """The yardstick of pose retrieval: each person with all 12 limb joints asks for the others of the split.

    Items of the query's own scene are left out of its gallery. True distance: 2D, 12 joints, px of a 128-px pose;
    strict, and side-blind (names ending in /side-blind: the better of both assignments of left and right). Where
    3D is true (--data demo is the built-in collection; a folder of 3D poses is seen by simulated cameras) also by
    true 3D and Procrustes distance in mm (names ending in /3d and /procrustes).

    \b
    Examples:
      contrapposto evaluate retrieval --data data/lspe --split test
      contrapposto evaluate retrieval --data data/lspe --split test --method keypoints-2d --json
      contrapposto evaluate retrieval --data data/lspe --split test --estimator out/crf/heatmap.onnx
      contrapposto evaluate retrieval --data data/lspe --split test --embedding out/mori/mori.onnx
      contrapposto evaluate retrieval --data demo
      contrapposto evaluate retrieval --data data/poses3d --split bandai
    """
    from contrapposto.evaluation.retrieval import evaluate_retrieval

    name, weights = named(estimator, pose_weights)
    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_retrieval(
            data,
            split,
            methods=methods,
            embeddings=embeddings,
            estimator=name,
            pose_weights=weights,
            accurate=accurate,
            out=out,
            overwrite=overwrite,
            fetching=fetching,
            progress=progress,
        )
    show(summary, as_json)


@evaluate.command()
@common
@click.option("--accurate", is_flag=True, help="Use the slower setting of the estimator.")
def match(data: Path, split: str | None, out: Path | None, overwrite: bool, as_json: bool, accurate: bool) -> None:
    """Whether a stated match is the chance that two people are alike, for each metric.

    Alike: a true distance under 15 px of a 128-px pose; in space under 200 mm (3d) or 0.35 of the body size
    (np-3d), without the turn under 150 mm (procrustes) or 0.25 (np-procrustes). largest_gap: between the stated
    match and the share found alike, over bins of at least 20 pairs. fitted_half, fitted_steepness: the curve that
    fits this data best. --out keeps the bins.

    \b
    Examples:
      contrapposto evaluate match --data data/lspe --split val
      contrapposto evaluate match --data demo
    """
    from contrapposto.evaluation.calibration import evaluate_match

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_match(
            data, split, accurate=accurate, out=out, overwrite=overwrite, fetching=fetching, progress=progress
        )
    show(summary, as_json)


@evaluate.command()
@common
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="lifted, blazepose-full, blazepose-heavy, flat or mean; lifted-true and flat-true are given the true 2D "
    "keypoints; may be given several times.  [default: all that fit the data]",
)
def joints3d(
    data: Path, split: str | None, out: Path | None, overwrite: bool, as_json: bool, methods: tuple[str, ...]
) -> None:
    """How well 3D keypoints are estimated: on projected motion capture, or on the demo collection (--data demo).

    mpjpe, n-mpjpe, pa-mpjpe: mm over the 12 limb joints, with the hips at the origin; moved and scaled; moved,
    scaled and turned. pck3d@150: share within 150 mm. agreement: of yes/no relations (bent, near, in front, above,
    beyond), 0.5 by chance. Splits of the motion capture: bandai (the default) and cmu (clips held
    out from training).

    \b
    Examples:
      contrapposto evaluate joints3d --data data/poses3d --method lifted --method flat
      contrapposto evaluate joints3d --data demo --method lifted --method blazepose-heavy
    """
    from contrapposto.evaluation.joints3d import evaluate_joints3d

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_joints3d(
            data, split, methods=methods, out=out, overwrite=overwrite, fetching=fetching, progress=progress
        )
    show(summary, as_json)


@evaluate.command("cross-view")
@common
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="random, keypoints-2d, lifted-3d, lifted-procrustes, view-invariant or oracle; may be given several times."
    "  [default: all]",
)
def cross_view(
    data: Path, split: str | None, out: Path | None, overwrite: bool, as_json: bool, methods: tuple[str, ...]
) -> None:
    """Whether a pose is found again in what another camera sees (after Pr-VIPE, Sun et al. 2020).

    500 poses of motion capture are seen by four cameras; each camera's pictures ask the gallery of each other one.
    hit@k: share of the queries with a correct pose among the first k, one that is at most 0.1 of the body size away
    after moving, scaling and turning (the query's own is in the gallery). By what a simulated detector reports;
    names that end in /true: by the true 2D keypoints. Splits: bandai (the default) and cmu (clips held out from
    training).

    \b
    Examples:
      contrapposto evaluate cross-view --data data/poses3d
      contrapposto evaluate cross-view --data data/poses3d --split cmu --method view-invariant --json
    """
    from contrapposto.evaluation.cross_view import evaluate_cross_view

    with output.fetch_bar() as fetching:
        summary = evaluate_cross_view(data, split, methods=methods, out=out, overwrite=overwrite, fetching=fetching)
    show(summary, as_json)


@evaluate.command()
@common
def posebits(data: Path, split: str | None, out: Path | None, overwrite: bool, as_json: bool) -> None:
    """How well yes/no relations of joints are told from detected people: the table of posebits, row by row.

    True 2D and 3D joints against found ones; of annotated photos 2D alone, and rows of the picture. agreement: mean
    of the share right among those who truly have a posebit and among those who have it not, over rows with at least
    10 people each way (rows: how many); accuracy: share of answers that are right; brier, ece: mean square and
    calibration error of the stated chances; known: share that is answered; /FAMILY: over the rows of a family.
    worst: the lowest agreements. clips (split bandai): precision and recall of rows against the actions that the
    files' names tell, by true and by found joints. per_query.csv in --out has one line a posebit.

    \b
    Examples:
      contrapposto evaluate posebits --data demo
      contrapposto evaluate posebits --data data/lspe --split test
      contrapposto evaluate posebits --data data/poses3d --split bandai --out out/posebits-bandai
    """
    from contrapposto.evaluation.posebits import evaluate_posebits

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_posebits(data, split, out=out, overwrite=overwrite, fetching=fetching, progress=progress)
    show(summary, as_json)


@evaluate.command()
@common
@click.option(
    "--every",
    type=click.FloatRange(0.02, 60),
    default=0.2,
    show_default=True,
    help="Seconds between frames looked at.",
)
def moments(data: Path, split: str | None, out: Path | None, overwrite: bool, as_json: bool, every: float) -> None:
    """Whether moments in films are found at the right second, asked for with skeletons, words and sequences.

    Films are indexed, each query asks for five answers. recall@k: share of queries with an answer among the first k
    that lies within 0.5 s of a right moment (of a sequence both steps); time_error: mean seconds from the first
    answer to the nearest right moment of its film; chance@k: of seconds drawn by chance; /KIND: by kind of query;
    people_a_minute: distinct poses kept. --data demo: the built-in films, whose joints are known in every frame; a
    folder of clips: those that the table of moments knows.

    \b
    Examples:
      contrapposto evaluate moments --data demo
      contrapposto evaluate moments --data data/video --every 0.1
    """
    from contrapposto.evaluation.moments import evaluate_moments

    with output.fetch_bar() as fetching, output.films_bar() as progress:
        summary = evaluate_moments(
            data, split, every=every, out=out, overwrite=overwrite, fetching=fetching, progress=progress
        )
    show(summary, as_json)


@evaluate.command()
@common
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=0.2,
    show_default=True,
    help="Seconds from one look at a film to the next.",
)
def tracks(data: Path, split: str | None, out: Path | None, overwrite: bool, as_json: bool, every: float) -> None:
    """How well people are followed through the shots of films, smoothed, and thinned to distinct poses.

    --data demo has truth; of a folder of clips only counts are told. iou: a tracker that knows boxes only.
    idf1: of identities, 0 to 1; crossing, turning: 200 scenes each of two people who cross, or meet and turn back.
    found: share of the true people found and followed, with oks and pck@0.2; /smoothed: after smoothing. distance:
    from the true pose to the stored one, px of a 128-px pose, where all samples are stored, or distinct poses
    (/moments). A stored person takes 544 bytes.

    \b
    Examples:
      contrapposto evaluate tracks --data demo
      contrapposto evaluate tracks --data data/video --every 0.4 --out out/tracks-video
    """
    from contrapposto.evaluation.tracks import evaluate_tracks

    with output.fetch_bar() as fetching, output.photos_bar() as progress:
        summary = evaluate_tracks(
            data, split, every=every, out=out, overwrite=overwrite, fetching=fetching, progress=progress
        )
    show(summary, as_json)


@evaluate.command()
@common
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="histogram, features, tracks or transnet; may be given several times.  [default: all that are installed]",
)
@click.option(
    "--rendered",
    type=click.Path(path_type=Path),
    metavar="PHOTOS",
    help="Folder of photos: render films from them and from the films without borders, and use these instead.",
)
def shots(
    data: Path,
    split: str | None,
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    methods: tuple[str, ...],
    rendered: Path | None,
) -> None:
    """Whether the borders between shots are found: in films with shots.csv, or the demo films (--data demo).

    precision, recall, f1: a border counts within 0.25 s, one to one. /cut, /fade, /dissolve: the kind is right too;
    found: share of the true borders of a kind that are found as any kind. uncut_false: borders given in films that
    have none. ms_per_frame: milliseconds for a frame, once it is decoded. --rendered makes 51 films with 510
    borders, 170 of each kind; its splits are test (the default) and tune.

    \b
    Examples:
      contrapposto evaluate shots --data data/video
      contrapposto evaluate shots --data demo --method histogram --method tracks
      contrapposto evaluate shots --data data/video --rendered data/captions/images --method histogram
    """
    from contrapposto.evaluation.shots import evaluate_shots

    with output.photos_bar() as progress:
        summary = evaluate_shots(
            data, split, rendered=rendered, methods=methods, out=out, overwrite=overwrite, progress=progress
        )
    show(summary, as_json)
