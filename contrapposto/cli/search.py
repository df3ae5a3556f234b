"""`contrapposto search`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from contrapposto.cli import output
from contrapposto.cli.hits import show_hits
from contrapposto.cli.stills import refuse_beside_still, search_still
from contrapposto.distances import METRICS as BY_JOINTS
from contrapposto.errors import QueryError
from contrapposto.text import path_text

if TYPE_CHECKING:
    from contrapposto.library import Library
    from contrapposto.records import Hit, Pose
    from contrapposto.search.query import Part, Query
    from contrapposto.search.sequence_part import SequencePart

METRICS = ("fused", *BY_JOINTS, "posebits", "embedding", "view-invariant")


@click.command()
@click.argument("words", required=False)
@click.option("--image", type=click.Path(path_type=Path), help="Ask with the pose of a person in this photo.")
@click.option("--person", type=click.IntRange(1), help="Which person of the photo, counted from 1.  [default: 1]")
@click.option("--still", type=click.Path(path_type=Path), help="Ask which film shows the picture in this photo.")
@click.option("--skeleton", type=click.Path(path_type=Path), help="Ask with the joints in this JSON file.")
@click.option(
    "--query", "query_file", type=click.Path(path_type=Path), help="Ask with a whole query in this JSON file."
)
@click.option(
    "--joints", default="all", show_default=True, help="Which joints count: groups or names, weights with =."
)
@click.option(
    "--metric", type=click.Choice(METRICS), default="fused", show_default=True, help="How poses are compared."
)
@click.option("--mirror", is_flag=True, help="The mirror image of the pose will do as well.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    metavar="PART=NUMBER",
    help="How much words, image or skeleton counts; below 0: unlike it.  [default: 1 each]",
)
@click.option(
    "--score",
    type=click.Choice(["probability", "hamming"]),
    default="probability",
    show_default=True,
    help="How words are scored: how surely they hold, or how many do not.",
)
@click.option(
    "--then",
    "later",
    multiple=True,
    metavar="WORDS|FILE.json",
    help="In films: what the same person does after that, in words or as a skeleton; may be given several times.",
)
@click.option(
    "--within",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="At most so long between two steps.  [default: any]",
)
@click.option("--where", help="Condition on the files: path, date, size, people.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many answers at most.")
@click.option(
    "--min-match", type=click.FloatRange(0, 1), default=0.0, help="Only answers that match this well, 0 to 1."
)
@click.option("--unfold", is_flag=True, help="Photos that look the same are answers of their own.")
@output.library_option
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Draw how the films found match over time, to this SVG file."
)
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with pictures to this file.")
def search(
    words: str | None,
    image: Path | None,
    person: int | None,
    still: Path | None,
    skeleton: Path | None,
    query_file: Path | None,
    joints: str,
    metric: str,
    mirror: bool,
    weights: tuple[str, ...],
    score: str,
    later: tuple[str, ...],
    within: float | None,
    where: str | None,
    top: int,
    min_match: float,
    unfold: bool,
    library: Path | None,
    as_json: bool,
    plot: Path | None,
    html: Path | None,
) -> None:
    """Find people in photos and moments in films by WORDS, or in the pose of a photo or a skeleton, or all of it at
    once; best first.

    Words say what the joints do: "left elbow bent, right hand above the head, kneeling", "three people with raised
    arms", "not sitting, seen from behind". Left and right are the person's own. What is left unsaid is left open.

    In films "then" asks for one pose after the other of the same person. Of a shot the best moment is shown.

    --still finds the moments of films that a photo of a screen, a still or a piece of one shows, and the items on
    show there (`contrapposto items`).

    A skeleton is {"keypoints": {"left_wrist": [x, y], ...}}, pixels with y down, names as in COCO, left and right
    the person's own; joints that are left out are left open. People as `describe --json` prints them will do.

    \b
    --joints takes all, head, limbs, torso, upper, lower, arms, legs, left_arm, right_leg ..., or single
    joints, with commas, and weights: arms,left_knee=0.5
    --where compares path (= with * and ?, ~ for a part), date, size and people:
    people = 2 and date >= 2023-06 and not path ~ "screenshots"
    --metric compares as the camera saw it: by keypoints that a network has put right after a look at the
    picture, and by what it sees there (fused), by keypoints alone (2d), by what it sees alone (embedding); in
    space (3d), in space however the person is turned (procrustes; view-invariant, as a network learned it), or
    by yes/no relations of joints (posebits); np- brings both bodies to one size first.

    \b
    Examples:
      contrapposto search "left elbow bent, right hand above head"
      contrapposto search "kneeling or sitting, arms crossed" --where "people = 1"
      contrapposto search "not standing" --image me.jpg --weight image=2
      contrapposto search --image me.jpg
      contrapposto search --image me.jpg --metric procrustes --min-match 0.5
      contrapposto search --image match.jpg --person 2 --joints arms --mirror
      contrapposto search --skeleton half.json --where "people = 1" --html found.html
      contrapposto search "arms down, then hands above the head within 2 s" --plot match.svg
      contrapposto search --skeleton ready.json --then serve.json --within 1.5
      contrapposto search --query query.json --json
      contrapposto search --still screen.jpg --html found.html
    """
    from contrapposto.library import Library
    from contrapposto.search.pose_json import load_json, pose_from_json
    from contrapposto.search.pose_part import PosePart
    from contrapposto.search.query import Query
    from contrapposto.search.sequence_part import in_words

    if still is not None:
        refuse_beside_still()
        search_still(still, library, where=where, top=top, min_match=min_match, as_json=as_json, html=html)
        return
    if plot is not None and plot.suffix.lower() != ".svg":
        raise QueryError(f"--plot {path_text(plot)}: the plot is an SVG file; name it .svg")
    with output.fetch_bar() as fetching:
        opened = Library(library, progress=fetching)
        sources: list[Path | None] = []
        if query_file is not None:
            _refuse_beside_query()
            query = Query.from_json(load_json(query_file))
            sources = [None] * len(query.parts)
        else:
            parts: list[Part] = []
            of_part = _weights(weights, words=words, image=image, skeleton=skeleton)
            if words is not None:
                parts.append(in_words(words, of_part["words"], score))
                sources.append(None)
            if image is not None:
                pose = _pose_of(opened, image, person, quiet=as_json)
                parts.append(PosePart(pose, joints, metric, mirror, of_part["image"]))
                sources.append(image)
            elif person is not None:
                raise QueryError("--person goes with --image")
            if skeleton is not None:
                pose = pose_from_json(load_json(skeleton))
                parts.append(PosePart(pose, joints, metric, mirror, of_part["skeleton"]))
                sources.append(None)
            if later or within is not None:
                parts, sources = [_sequence(parts, later, within, (joints, metric, mirror, score))], [None]
            query = Query(tuple(parts), where, top, min_match, unfold)
        for part in query.parts:
            _say_what_is_asked(part)
        hits = opened.search(query)
    if plot is not None:
        if not any(hit.time is not None for hit in hits):
            output.say("No film is among the answers: the plot is empty.")
        from contrapposto.web.timeline import timeline_svg

        output.write_text(plot, timeline_svg(opened.timelines(query, hits), hits))
        output.say(f"Plot: {path_text(plot)}")
    if html is not None:
        _write_page(html, query, sources, hits, opened)
    if as_json:
        output.print_json({"query": query.to_json(), "hits": [output.hit_json(hit) for hit in hits]})
    else:
        show_hits(hits)
    if not hits:
        output.say(opened.why_nothing(query))


def _say_what_is_asked(part: Part) -> None:
    """What was understood of words; and a remark when a pose shows less than half of the joints asked for: then
    little is compared."""
    from contrapposto.search.sequence_part import SequencePart
    from contrapposto.search.words_part import WordsPart

    if isinstance(part, WordsPart | SequencePart):
        output.say(f"Asked: {part.understood}")
    elif len(part.missing) > len(part.shown):
        names = ", ".join(part.shown)
        output.say(f"Only {names} are in the query; the other joints asked for ({part.joints}) are left open.")


def _sequence(
    parts: list[Part], later: tuple[str, ...], within: float | None, how: tuple[str, str, bool, str]
) -> SequencePart:
    """What is asked for as the first step, and what comes later. how: joints, metric and mirror for skeletons, and
    score for words."""
    from contrapposto.search.pose_json import load_json, pose_from_json
    from contrapposto.search.pose_part import PosePart
    from contrapposto.search.sequence_part import SequencePart, Step, in_words

    joints, metric, mirror, score = how
    if len(parts) != 1:
        given_now = "more than one is given" if parts else "nothing is given"
        raise QueryError(f"--then and --within need one first step, words or a photo or a skeleton: {given_now}")
    given: list[Part] = list(parts)
    for text in later:
        if text.lower().endswith(".json"):
            given.append(PosePart(pose_from_json(load_json(Path(text))), joints, metric, mirror))
        else:
            given.append(in_words(text, score=score))
    steps: list[Step] = []
    for part in given:
        steps += part.steps if isinstance(part, SequencePart) else (Step(replace(part, weight=1.0)),)
    if len(steps) < 2:
        raise QueryError("--within is for a sequence: say what comes after, with --then or in words")
    first, *rest = steps
    weight = parts[0].weight
    timed = (step if step.within is not None else Step(step.part, within) for step in rest)
    return SequencePart((first, *timed), weight)


def _weights(given: tuple[str, ...], **parts: object) -> dict[str, float]:
    """The weight of each kind of part, 1 where none is given. Raises QueryError for one that is no part."""
    weights = dict.fromkeys(parts, 1.0)
    for item in given:
        name, _, number = item.partition("=")
        if parts.get(name) is None:
            there = ", ".join(kind for kind, value in parts.items() if value is not None) or "nothing yet"
            raise QueryError(f"--weight {item}: write PART=NUMBER of a part that is asked with ({there})")
        try:
            weights[name] = float(number)
        except ValueError:
            raise QueryError(f"--weight {item}: {number!r} is no number") from None
    return weights


def _refuse_beside_query() -> None:
    """Raises QueryError when an option is given that would be passed over in silence."""
    context = click.get_current_context()
    for name in (
        "words",
        "image",
        "person",
        "skeleton",
        "joints",
        "metric",
        "mirror",
        "weights",
        "score",
        "later",
        "within",
        "where",
        "top",
        "min_match",
        "unfold",
    ):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            shown = {"words": "words", "weights": "--weight", "later": "--then"}.get(
                name, f"--{name.replace('_', '-')}"
            )
            raise QueryError(f"--query holds the whole query; give it without {shown}")


def _pose_of(library: Library, image: Path, person: int | None, *, quiet: bool) -> Pose:
    from contrapposto.search.pose_part import pose_of

    people = library.find_people(image)
    pose = pose_of(image, people, person or 1)
    if len(people) > 1 and person is None and not quiet:
        output.say(f"{path_text(image)} shows {len(people)} people; asking with person 1, choose with --person:")
        for number, found in enumerate(people, start=1):
            box = found.box
            output.say(
                f"  {number}: {box.width:.0f} x {box.height:.0f} pixels at {box.x:.0f}, {box.y:.0f}, "
                f"{int(found.pose.visible.sum())} joints, score {found.score:.2f}"
            )
    return pose


def _write_page(html: Path, query: Query, sources: list[Path | None], hits: list[Hit], library: Library) -> None:
    from contrapposto.web.results import Answer, results_page

    page = results_page([Answer(query, tuple(sources), tuple(hits))], library.folder)
    output.write_text(html, page)
    output.say(f"Page: {path_text(html)}")
