"""Poses to words: one sentence about a person, of what is surely true and worth saying.

In the manner of the automatic captions of PoseScript (Delmas et al. 2022): choose what is salient, drop what
follows from it, join the sides, fill the words into a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from contrapposto import skeleton
from contrapposto.language.conditions import All, Bit, Condition, Either, every
from contrapposto.language.phrases import PARTS, Phrase, phrases
from contrapposto.posebits.answers import People
from contrapposto.posebits.table import Posebit
from contrapposto.records import Pose

LEVEL = 0.8
"""Least probability of a posebit that is said, also after the correction for what is rare."""

LIKELY = 0.6
"""Least probability of what must hold for a phrase to be worth saying, where it is known."""

MOST = 8
"""Most facts of a sentence."""

MOST_OF_PART = {"posture": 1, "view": 1, "lean": 2, "torso": 2, "legs": 3, "arms": 4, "head": 1}
"""Most facts of each part."""

COMMON = 0.5
"""What holds for a larger share of people is said only where there is little else."""

FEW = 4
"""So many facts are no longer little."""

RAREST = 0.01
"""A smaller share of people counts as this one: the built-in collection has a few hundred people."""

PAIR = 1.25
"""How much more is told by one phrase about both sides, which takes the place of two."""

ENOUGH = 2
"""A limb is seen when so many of its three joints are; the head, when so many of its five keypoints are."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of a pose. seen: what little of the body is seen, empty where most of it is; said: the phrases,
    in the order of the sentence."""

    seen: str
    said: tuple[Phrase, ...]

    @property
    def condition(self) -> Condition | None:
        """What the sentence says of the pose, which is true of it; None where it says nothing."""
        return every([phrase.condition for phrase in self.said]) if self.said else None

    @property
    def words(self) -> str:
        """The sentence without what is seen; empty where nothing is said."""
        deeds = [phrase.words for phrase in self.said if phrase.part in _DEEDS]
        things: dict[str, str] = {}
        for phrase in self.said:
            if phrase.part not in _DEEDS:
                before = things.get(phrase.subject)
                things[phrase.subject or phrase.words] = f"{before} and {phrase.words}" if before else phrase.text
        rest = _listed(list(things.values()))
        text = ", ".join([*deeds, f"with {rest}" if deeds else rest] if things else deeds)
        return f"{text[0].upper()}{text[1:]}." if text else ""

    @property
    def sentence(self) -> str:
        """All of it."""
        if not self.seen:
            return self.words or "Nothing of the pose is sure."
        if not self.words:
            return f"{self.seen}."
        return f"{self.seen}: {self.words[0].lower()}{self.words[1:]}"


_DEEDS = ("posture", "view", "lean")


def sentence(pose: Pose) -> str:
    """One English sentence about a pose, such as "Standing, seen from the front, with the left hand above the head
    and the right arm hanging." Words after a colon, if there is one, or all of them, can be parsed, and what they
    ask for is true of the pose."""
    return described(pose).sentence


def described(pose: Pose) -> Description:
    """What is worth saying of a pose, and sure."""
    people = People.of([pose])
    known: dict[str, float] = {}

    def chance(row: Posebit) -> float:
        if row.name not in known:
            known[row.name] = float(np.nan_to_num(people.probability(row)[0], nan=-1.0))
        return known[row.name]

    return Description(_seen(pose), _chosen(chance))


def _sureness(plain: Condition, chance: Callable[[Posebit], float], unknown: float = 0.0) -> float:
    """Of the least sure posebit of a condition in posebits alone, 0..1, and of the surest alternative. chance: that
    a row is true, below 0 where unknown; unknown: how sure an unknown one counts."""
    if isinstance(plain, Bit):
        value = chance(plain.row)
        return unknown if value < 0 else value if plain.value else 1 - value
    assert isinstance(plain, All | Either)
    parts = [_sureness(part, chance, unknown) for part in plain.parts]
    return min(parts) if isinstance(plain, All) else max(parts)


def _least_posebits(plain: Condition) -> int:
    """How many posebits must be told right to see that a condition in posebits alone holds."""
    if isinstance(plain, Bit):
        return 1
    assert isinstance(plain, All | Either)
    parts = [_least_posebits(part) for part in plain.parts]
    return sum(parts) if isinstance(plain, All) else min(parts)


def _chosen(chance: Callable[[Posebit], float]) -> tuple[Phrase, ...]:
    """Posture and view first, then what is rarest and surest, but nothing about a settled topic."""
    news = {phrase: _news(phrase, chance) for phrase in phrases()}
    first = {"posture": 2, "view": 1}
    order = sorted(
        (phrase for phrase in news if news[phrase] > 0),
        key=lambda phrase: (first.get(phrase.part, 0), news[phrase]),
        reverse=True,
    )
    said: list[Phrase] = []
    settled: set[str] = set()
    for phrase in order:
        room = sum(other.part == phrase.part for other in said) < MOST_OF_PART[phrase.part]
        new = phrase.share <= COMMON or phrase.part in first or len(said) < FEW
        if len(said) < MOST and room and new and not settled.intersection(phrase.about):
            said.append(phrase)
            settled.update(phrase.settles)
    place = {phrase: number for number, phrase in enumerate(phrases())}
    return tuple(sorted(said, key=lambda phrase: (PARTS.index(phrase.part), _side(phrase), place[phrase])))


def _side(phrase: Phrase) -> int:
    """0 for both sides or none, 1 left, 2 right."""
    return 1 if phrase.text.startswith("the left") else 2 if phrase.text.startswith("the right") else 0


def _news(phrase: Phrase, chance: Callable[[Posebit], float]) -> float:
    """Bits of news that a phrase tells, weighed by how sure it is; 0 where it is not sure or not worth saying."""
    share = max(phrase.share, RAREST) ** (1 / _least_posebits(phrase.plain))
    sure = _corrected(_sureness(phrase.plain, chance), share)
    if sure < LEVEL or (phrase.when and _sureness(phrase.when, chance, unknown=1.0) < LIKELY):
        return 0.0
    return (PAIR if phrase.pair else 1.0) * sure * -math.log2(max(phrase.share, RAREST))


def _corrected(chance: float, share: float) -> float:
    """By Bayes' rule, a chance that took true and false to be equally common, for what is true of a share of
    people: of what is rare more is wrongly seen. What is common gains nothing."""
    rare = min(share, 0.5)
    return chance * rare / (chance * rare + (1 - chance) * (1 - rare))


def _listed(things: Sequence[str]) -> str:
    if len(things) < 2:
        return "".join(things)
    last = ", and " if any(" and " in thing for thing in things) else " and "
    return last.join([", ".join(things[:-1]), things[-1]])


_SEEN = (
    ("the head", skeleton.GROUPS["head"]),
    ("the torso", skeleton.GROUPS["torso"]),
    ("the left arm", skeleton.GROUPS["left_arm"]),
    ("the right arm", skeleton.GROUPS["right_arm"]),
    ("the left leg", skeleton.GROUPS["left_leg"]),
    ("the right leg", skeleton.GROUPS["right_leg"]),
)
_MERGED = (
    (("the left arm", "the right arm"), "both arms"),
    (("the left leg", "the right leg"), "both legs"),
    (("the head", "the torso", "both arms"), "the upper body"),
)


def _seen(pose: Pose) -> str:
    """What is seen where that is less than the torso, one arm and one leg."""
    parts = [
        name
        for name, joints in _SEEN
        if sum(pose.visible[skeleton.INDEX[joint]] for joint in joints) >= (3 if name == "the torso" else ENOUGH)
    ]
    if "the torso" in parts and any("arm" in part for part in parts) and any("leg" in part for part in parts):
        return ""
    for several, one in _MERGED:
        if set(several) <= set(parts):
            parts = [one if part == several[0] else part for part in parts if part not in several[1:]]
    if not parts:
        return "Hardly anything of the body is visible"
    single = len(parts) == 1 and not parts[0].startswith("both")
    return f"Only {_listed(parts)} {'is' if single else 'are'} visible"
