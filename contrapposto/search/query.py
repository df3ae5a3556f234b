"""The one query object, for Python, the command line (`--query FILE`) and whatever comes later.

JSON form:

    {"parts": [{"pose": {"keypoints": {"left_wrist": [120, 40], "left_elbow": [110, 90], ...}},
                "joints": "arms", "metric": "2d", "mirror": false, "weight": 1.0},
               {"words": "right hand above the head, not kneeling", "score": "probability", "weight": 2.0},
               {"then": [{"words": "arms down"}, {"words": "hands above the head", "within": 2}]}],
     "where": "people = 1", "top": 20, "min_match": 0.0, "unfold": false}

A pose is written as `pose_json` says; the people that `contrapposto describe --json` lists can be pasted as they
are.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from contrapposto.errors import QueryError
from contrapposto.search import where as conditions
from contrapposto.search.pose_json import pose_from_json
from contrapposto.search.pose_part import Lift, PosePart
from contrapposto.search.sequence_part import SequencePart, step_from_json
from contrapposto.search.words_part import WordsPart

Part = PosePart | WordsPart | SequencePart
"""What a query can be made of."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: parts (all of them count), a condition on files as text, and how many answers at most.

    min_match: least match of an answer, 0..1; unfold: photos that look the same are answers of their own.
    """

    parts: tuple[Part, ...]
    where: str | None = None
    top: int = 20
    min_match: float = 0.0
    unfold: bool = False
    condition: conditions.Condition | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.parts:
            raise QueryError("nothing is asked: give words, a photo or a skeleton")
        if self.top < 1:
            raise QueryError(f"the number of answers must be at least 1, got {self.top}")
        if not 0 <= self.min_match <= 1:
            raise QueryError(f"the least match must lie in 0..1, got {reprlib.repr(self.min_match)}")
        if self.where is not None:
            object.__setattr__(self, "condition", conditions.parse(self.where))

    @property
    def of_pictures(self) -> bool:
        """Whether whole pictures are asked for: so many people, or two in a relation."""
        return any(isinstance(part, WordsPart) and part.asked.scene is not None for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "parts": [part.to_json() for part in self.parts],
            "where": self.where,
            "top": self.top,
            "min_match": self.min_match,
            "unfold": self.unfold,
        }

    def lifted(self, lift: Callable[[], Lift]) -> Query:
        """The same, each part that needs it with 3D keypoints; `lift` makes the estimator, once if at all."""
        if not any(_needs_lifting(part) for part in self.parts):
            return self
        made = lift()
        parts = (
            part if isinstance(part, WordsPart) or not _needs_lifting(part) else part.lifted(made)
            for part in self.parts
        )
        return replace(self, parts=tuple(parts))

    @staticmethod
    def from_json(data: Any) -> Query:
        """From the JSON form. Raises QueryError that names the key that is wrong, unknown keys among them."""
        _check_keys(data, {"parts", *_OPTIONS}, "the query")
        parts = data.get("parts")
        if not isinstance(parts, list):
            raise QueryError("the query needs a list of parts, each with a pose")
        for key, (kinds, words) in _OPTIONS.items():
            value = data.get(key)
            if value is not None and (
                not isinstance(value, kinds) or isinstance(value, bool) != (kinds == (bool,))
            ):
                raise QueryError(f"{key!r} in the query must be {words}")
        options = {key: data[key] for key in _OPTIONS if data.get(key) is not None}
        return Query(tuple(_part_from_json(part, number) for number, part in enumerate(parts, 1)), **options)


_OPTIONS: dict[str, tuple[tuple[type, ...], str]] = {
    "where": ((str,), "a text"),
    "top": ((int,), "a whole number"),
    "min_match": ((int, float), "a number"),
    "unfold": ((bool,), "true or false"),
}
"""Keys of the JSON form beside the parts: kinds of value, in code and in words."""


_POSE_OPTIONS: dict[str, tuple[type, ...]] = {
    "joints": (str,),
    "metric": (str,),
    "mirror": (bool,),
    "weight": (int, float),
}
_SEQUENCE_OPTIONS: dict[str, tuple[type, ...]] = {"weight": (int, float)}
_WORDS_OPTIONS: dict[str, tuple[type, ...]] = {"score": (str,), "weight": (int, float)}


def _needs_lifting(part: Part) -> bool:
    return not isinstance(part, WordsPart) and part.needs_lifting


def _part_from_json(data: Any, number: int) -> Part:
    place = f"part {number} of the query"
    if isinstance(data, Mapping) and "then" in data:
        options = _options(data, _SEQUENCE_OPTIONS, "then", place)
        if not isinstance(data["then"], list):
            raise QueryError(f"'then' in {place} must be a list of steps")
        steps = (
            step_from_json(step, f"step {count} of {place}", partial(_single, beside=("within",)))
            for count, step in enumerate(data["then"], start=1)
        )
        return SequencePart(tuple(steps), **options)
    return _single(data, place)


def _single(data: Any, place: str, beside: tuple[str, ...] = ()) -> PosePart | WordsPart:
    """beside: keys that are read elsewhere."""
    if isinstance(data, Mapping) and "words" in data:
        options = _options(data, _WORDS_OPTIONS, "words", place, beside)
        if not isinstance(data["words"], str):
            raise QueryError(f"'words' in {place} must be a text, got {reprlib.repr(data['words'])}")
        return WordsPart(data["words"], **options)
    options = _options(data, _POSE_OPTIONS, "pose", place, beside)
    if "pose" not in data:
        raise QueryError(f"{place} has no pose and no words")
    return PosePart(pose_from_json(data["pose"]), **options)


def _options(
    data: Any, kinds: Mapping[str, tuple[type, ...]], main: str, place: str, beside: tuple[str, ...] = ()
) -> dict[str, Any]:
    _check_keys(data, {main, *kinds, *beside}, place)
    options = {key: data[key] for key in kinds if key in data}
    for key, value in options.items():
        if not isinstance(value, kinds[key]) or (key == "weight" and isinstance(value, bool)):
            raise QueryError(f"{key!r} in {place} has a value of the wrong kind: {reprlib.repr(value)}")
    return options


def _check_keys(data: Any, known: set[str], place: str) -> None:
    if not isinstance(data, Mapping):
        raise QueryError(f"{place} must be a JSON object")
    unknown = [key for key in data if key not in known]
    if unknown:
        raise QueryError(f"unknown key {unknown[0]!r} in {place}; there are {', '.join(sorted(known))}")
