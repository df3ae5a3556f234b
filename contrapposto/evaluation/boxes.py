"""Boxes in which the keypoints of one person each are looked for: annotated ones, or those of a detector's file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import Item
from contrapposto.records import Box

PERSON = 1
"""COCO's category."""

NOBODY = -1
"""`PersonBox.person` where it is not known whose box it is."""


@dataclass(frozen=True, slots=True)
class PersonBox:
    """score: of the detector, 1 for annotated boxes; person: position among the item's people, or `NOBODY`."""

    box: Box
    score: float = 1.0
    person: int = NOBODY


def annotated_boxes(items: Sequence[Item]) -> list[list[PersonBox]]:
    """Per item the boxes of the people with a labelled keypoint: as the set states them, else (joints.npz) around
    all joints, grown as those that the pose networks learn from."""
    return [
        [
            PersonBox(person.box, person=number)
            for number, person in enumerate(item.people)
            if np.isfinite(person.keypoints).all(axis=1).any()
        ]
        for item in items
    ]


def read_detections(path: Path, items: Sequence[Item]) -> list[list[PersonBox]]:
    """Per item the boxes of people in a COCO file of detections, a list of {image_id, category_id, bbox, score}, in
    the order of the file. image_id: as in the set's COCO JSON, or the name of the photo; other photos are passed
    over. Raises DataError when the file is not so, or is of none of these photos."""
    found: dict[int, list[PersonBox]] = {number: [] for number in range(len(items))}
    known: dict[Any, int] = {item.file.name: number for number, item in enumerate(items)}
    known |= {item.image_id: number for number, item in enumerate(items) if item.image_id is not None}
    met = False
    try:
        for row in json.loads(path.read_text(encoding="utf-8")):
            number = known.get(row["image_id"])
            if number is None or row["category_id"] != PERSON:
                continue
            met = True
            found[number].append(PersonBox(Box(*map(float, row["bbox"])), float(row["score"])))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: not a COCO file of detections ({type(error).__name__} {error}); it is a list of objects with "
            "image_id, category_id, bbox and score"
        ) from error
    if not met and items:
        raise DataError(f"{path}: has no person in any of these photos; give detections of this set and split")
    return list(found.values())
