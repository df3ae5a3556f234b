"""What the names of motion capture clips say of the people in them, against the posebits of their frames.

The names of the Bandai table, such as dataset-2_raise-up-left-hand_tired_012, tell action and side of a whole clip.
Clips begin and end with the arms down, so a row counts as true of a clip when it is in `SHARE` of its frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.people3d import SEED, TESTED
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.training.bodies import head_turns, with_face
from contrapposto.training.cameras import ALL_ROUND, photograph
from contrapposto.training.detector import Detections, detect, exactly
from contrapposto.training.poses3d import Motion

SHARE = 0.1
"""Of the frames of a clip."""

UPRIGHT = replace(ALL_ROUND, low=-5.0, high=15.0, level=1.0, roll=2.0, any_roll=0.0)
"""Cameras all round that stand and are held nearly level: what leans in a picture then leans in the world."""

_ARMS = tuple(
    f"{action}-{hands}" for action in ("raise-up", "wave") for hands in ("left-hand", "right-hand", "both-hands")
)
_WALKS = ("walk", "walk-back", "walk-left", "walk-right", "walk-turn-left", "walk-turn-right")
_RUNS = ("run", "dash")


@dataclass(frozen=True, slots=True)
class Words:
    """Words, the actions that they fit, those that they do not fit, and the rows that should tell these apart: a
    name, or several with "|" between of which one is enough. Clips of other actions do not count."""

    words: str
    fits: tuple[str, ...]
    others: tuple[str, ...]
    rows: tuple[str, ...]


def _raised(side: str, other: str) -> Words:
    fits = tuple(action for action in _ARMS if other not in action)
    rest = tuple(action for action in _ARMS if other in action)
    rows = (f"above_{side}_shoulder", "above_head", f"well_above_{side}_shoulder", "above_head_along_body")
    named = tuple(f"{side}_wrist_{row}" for row in rows)
    return Words(f"{side} hand raised", fits, (*rest, *_WALKS, *_RUNS), (*named, f"{side}_forearm_up"))


WORDS: tuple[Words, ...] = (
    _raised("left", "right"),
    _raised("right", "left"),
    Words("bowing", ("bow",), (*_ARMS, *_WALKS), ("leaning_forward",)),
    Words("running", _RUNS, _WALKS, ("left_knee_strongly_bent|right_knee_strongly_bent",)),
    Words(
        "walking or running",
        (*_WALKS, *_RUNS),
        (*_ARMS, "bow"),
        ("left_ankle_in_front_of_right_ankle", "right_ankle_in_front_of_left_ankle"),
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """All frames of the table, each seen by a random camera. action: (C,) of each clip; clip: (F,) of each frame;
    true: what there is; detections: what the simulated detector reports."""

    action: NDArray[np.str_]
    clip: NDArray[np.int64]
    true: People
    detections: Detections


def frames_of(motion: Motion) -> Frames:
    """Always the same views of the frames. The names of the clips hold the action between the first two "_"."""
    rng = np.random.default_rng(SEED)
    views = photograph(with_face(motion, head_turns(rng, len(motion))), rng, UPRIGHT)
    exact = exactly(views)
    true = People(Figures(exact.keypoints, views.points3d), exact.scores)
    action = np.array([name.partition("_")[2].partition("_")[0] for name in motion.clips])
    return Frames(action, motion.clip, true, detect(views, rng, TESTED))


def clip_scores(action: NDArray[np.str_], clip: NDArray[np.int64], people: People) -> dict[str, float]:
    """Precision and recall of the rows of `WORDS`, by names such as "left hand raised: left_wrist_above_head:
    recall"; left out where no clip fits the words, or none is answered with true.

    action: (C,) of the clips; clip: (F,) the clip of each of the people. A frame that is unknown is not true.
    """
    scores: dict[str, float] = {}
    frames = np.maximum(np.bincount(clip, minlength=len(action)), 1)
    for words in WORDS:
        fits, counts = np.isin(action, words.fits), np.isin(action, (*words.fits, *words.others))
        for name in words.rows:
            margins = [people.margin(POSEBITS[INDEX[row]]) for row in name.split("|")]
            true = np.any([np.nan_to_num(margin, nan=-1.0) > 0 for margin in margins], axis=0)
            held = np.bincount(clip, true, len(action)) / frames >= SHARE
            right = float((held & fits & counts).sum())
            for kind, of in (("precision", held & counts), ("recall", fits)):
                if fits.any() and of.any():
                    scores[f"{words.words}: {name}: {kind}"] = right / float(of.sum())
    return scores
