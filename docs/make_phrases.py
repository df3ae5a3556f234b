"""Measures the columns `share` and `share_of_both` of contrapposto/language/phrases.csv again, on the built-in
collection: python docs/make_phrases.py"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from contrapposto import demo, skeleton
from contrapposto.language import phrases
from contrapposto.language.conditions import every, holds
from contrapposto.posebits.answers import People
from contrapposto.records import Pose

TABLE = Path(phrases.__file__).with_name(phrases.FILE)


def table(text: str) -> str:
    """The table with its shares measured: of all people of the collection, with all their keypoints, those for whom
    a phrase is true and worth saying; of a phrase for either side the mean of both."""
    poses = [Pose(one.keypoints, np.ones(skeleton.COUNT), one.keypoints3d) for one in demo.truth().people]
    people = People.of(poses)
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        measured: dict[bool, list[float]] = {False: [], True: []}
        for phrase in phrases.read([*_lines([row])]):
            conditions = [phrase.condition, *([phrase.when] if phrase.when else [])]
            measured[phrase.pair].append(float(holds(every(conditions), people).mean()))
        row["share"] = f"{np.mean(measured[False]):.3f}"
        row["share_of_both"] = f"{np.mean(measured[True]):.3f}" if measured[True] else ""
    return "\n".join([*_lines(rows), ""])


def _lines(rows: list[dict[str, str]]) -> list[str]:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().splitlines()


if __name__ == "__main__":
    TABLE.write_text(table(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
