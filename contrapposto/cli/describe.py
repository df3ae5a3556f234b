"""`contrapposto describe`."""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.cli.search import write_text
from contrapposto.text import count, path_text


@click.command()
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--accurate", is_flag=True, help="Find more and smaller people, at about twice the time.")
@click.option("--json", "as_json", is_flag=True, help="Print boxes and keypoints as JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with the drawn skeletons to this file.")
def describe(image: Path, accurate: bool, as_json: bool, html: Path | None) -> None:
    """The people in IMAGE: boxes and 17 keypoints with scores, most prominent person first.

    Pixels of the picture as it is shown, x right, y down. Left and right are the person's own. A keypoint that is
    not seen has no place (null). Nobody in the picture is a normal answer.

    \b
    Examples:
      contrapposto describe me.jpg
      contrapposto describe --json team.jpg
      contrapposto describe --html seen.html team.jpg
    """
    from contrapposto.indexing import find_people
    from contrapposto.poses import DEFAULT_ESTIMATOR, make_estimator

    with output.fetch_bar() as fetching:
        people = find_people(image, make_estimator(DEFAULT_ESTIMATOR, accurate=accurate, progress=fetching))
    if html is not None:
        from contrapposto.web.results import people_page

        write_text(html, people_page(image, people))
        output.say(f"Page: {path_text(html)}")
    if as_json:
        rows = [output.person_json(number, person) for number, person in enumerate(people, start=1)]
        output.print_json({"path": path_text(image), "people": rows})
        return
    click.echo(f"{path_text(image)}: {count(len(people), 'person', 'people')}")
    for number, person in enumerate(people, start=1):
        box = person.box
        click.echo(
            f"person {number}: {box.width:.0f} x {box.height:.0f} pixels at {box.x:.0f}, {box.y:.0f}, "
            f"score {person.score:.2f}"
        )
        for row in output.keypoints_json(person.pose):
            place = f"{row['x']:8.1f} {row['y']:8.1f}" if row["visible"] else f"{'unseen':>17}"
            click.echo(f"  {row['name']:<15} {place}  {row['score']:.2f}")
