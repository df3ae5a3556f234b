"""What travels between the stages: frozen dataclasses whose shapes are checked when they are made.

Image frame: pixels of the picture as it is shown (after its EXIF turn), x right, y down, the origin at the
top-left corner of the top-left pixel. Missing is missing: an unseen keypoint is NaN.

Camera frame (3D): metres, the origin in the middle of the hips, x to the picture's right, y up in the picture, z
towards the camera; right-handed. Someone who stands upright and faces the camera has x to the own left, y up and z
forward out of the chest: there the camera frame and the body frame (`geometry.body_frame`) are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

EMBEDDING = 128
"""Numbers of a pose embedding."""


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned box in the image frame: corner x, y, then width and height, all in pixels."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        values = (self.x, self.y, self.width, self.height)
        if not np.isfinite(values).all() or self.width < 0 or self.height < 0:
            raise ValueError(f"a box needs finite numbers and a width and height of at least 0, got {values}")

    @property
    def area(self) -> float:
        """Pixels squared."""
        return self.width * self.height

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1; 0 where both boxes are empty."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(width, 0.0) * max(height, 0.0)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    @staticmethod
    def around(points: NDArray[np.floating], margin: float = 0.0) -> Box:
        """Smallest box around the seen (finite) rows of (K, 2) points, grown on each side by `margin` times
        its larger side. Raises ValueError when no point is seen."""
        seen = points[np.isfinite(points).all(axis=1)]
        if len(seen) == 0:
            raise ValueError("a box around points needs at least one seen point")
        low, high = seen.min(axis=0), seen.max(axis=0)
        grow = margin * float((high - low).max())
        return Box(
            float(low[0]) - grow,
            float(low[1]) - grow,
            float(high[0] - low[0]) + 2 * grow,
            float(high[1] - low[1]) + 2 * grow,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """The 17 canonical keypoints of one person.

    keypoints: (17, 2) float64 pixels in the image frame (or any 2D frame with y down), NaN where unseen.
    scores: (17,) float64 in 0..1, the estimator's confidence in each keypoint; 0 where unseen.
    keypoints3d: (17, 3) float64 metres in the camera frame, NaN where unknown; all NaN without a 3D estimate.
    fused: (17, 2) float64, the keypoints put right by what the picture looks like, in the frame of `keypoints`,
    NaN where these are; all NaN when no picture was looked at.
    embedding: (128,) float32 of unit length, the picture of the person as the pose embedding network sees it; all
    NaN when no picture was looked at.
    """

    keypoints: NDArray[np.float64]
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    keypoints3d: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    fused: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    embedding: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        points = np.array(self.keypoints, dtype=np.float64)
        if points.shape != (skeleton.COUNT, 2):
            raise ValueError(f"expected keypoints of shape ({skeleton.COUNT}, 2), got {points.shape}")
        seen = np.isfinite(points).all(axis=1)
        points[~seen] = np.nan
        scores = np.array(self.scores, dtype=np.float64) if np.size(self.scores) else seen.astype(np.float64)
        if scores.shape != (skeleton.COUNT,):
            raise ValueError(f"expected scores of shape ({skeleton.COUNT},), got {scores.shape}")
        scores[~seen] = 0.0
        if not ((scores >= 0) & (scores <= 1)).all():
            raise ValueError("keypoint scores must lie in 0..1")
        if np.size(self.keypoints3d):
            deep = np.array(self.keypoints3d, dtype=np.float64)
        else:
            deep = np.full((skeleton.COUNT, 3), np.nan)
        if deep.shape != (skeleton.COUNT, 3):
            raise ValueError(f"expected 3D keypoints of shape ({skeleton.COUNT}, 3), got {deep.shape}")
        deep[~np.isfinite(deep).all(axis=1)] = np.nan
        fused = np.array(self.fused, dtype=np.float64) if np.size(self.fused) else np.full_like(points, np.nan)
        if fused.shape != (skeleton.COUNT, 2):
            raise ValueError(f"expected fused keypoints of shape ({skeleton.COUNT}, 2), got {fused.shape}")
        fused[~np.isfinite(fused).all(axis=1)] = np.nan
        looks = np.array(self.embedding, dtype=np.float32)
        looks = looks if looks.size else np.full(EMBEDDING, np.nan, np.float32)
        if looks.shape != (EMBEDDING,):
            raise ValueError(f"expected an embedding of shape ({EMBEDDING},), got {looks.shape}")
        fields: list[tuple[str, NDArray[Any]]] = [
            ("keypoints", points),
            ("scores", scores),
            ("keypoints3d", deep),
            ("fused", fused),
            ("embedding", looks),
        ]
        for name, values in fields:
            values.setflags(write=False)
            object.__setattr__(self, name, values)

    @property
    def visible(self) -> NDArray[np.bool_]:
        """(17,) True where the keypoint is seen."""
        seen: NDArray[np.bool_] = np.isfinite(self.keypoints[:, 0])
        return seen

    @property
    def score(self) -> float:
        """Mean keypoint score over all 17, 0..1."""
        return float(self.scores.mean())


@dataclass(frozen=True, slots=True)
class Person:
    """One person in a picture: where, how sure, and the pose. `score` is 0..1."""

    box: Box
    score: float
    pose: Pose

    def scaled(self, scale: tuple[float, float]) -> Person:
        """In a picture that is larger by these factors along x and y."""
        box, (x, y) = self.box, scale
        return Person(
            Box(box.x * x, box.y * y, box.width * x, box.height * y),
            self.score,
            replace(self.pose, keypoints=self.pose.keypoints * scale, fused=self.pose.fused * scale),
        )


@dataclass(frozen=True, slots=True)
class Media:
    """One indexed file.

    content: hash of the file's bytes (people belong to it, so a moved or copied file keeps them);
    modified: nanoseconds since the epoch, as the file system says; taken: ISO date and time from EXIF, or None;
    width, height: pixels as shown, 0 if the file could not be read; people: number found, in a film the most at one
    time; rows: people stored, in a film one for each distinct pose; shots, segments: numbers stored of a film, 0
    for a photo; duration: seconds of a film, None for a photo or where it is not known; until: seconds of a film
    that are worked through, None where all is;
    fingerprint: 64-bit perceptual hash of the picture, None without one;
    problem: why the file was skipped, or None.
    """

    path: Path
    root: Path
    content: str
    size: int
    modified: int
    width: int = 0
    height: int = 0
    people: int = 0
    taken: str | None = None
    fingerprint: int | None = None
    problem: str | None = None
    rows: int = 0
    shots: int = 0
    segments: int = 0
    duration: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """Part of a film without a cut. number: from 1 in the film; start, end: seconds, `end` that of the next shot's
    first frame; kind: how it begins: "start" of the film, "cut", "fade" or "dissolve"."""

    number: int
    start: float
    end: float
    kind: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path that was left out, or (`partly`) is indexed as far as it could be read, and why, in the user's
    words."""

    path: Path
    reason: str
    partly: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PartResult:
    """What one part of a query found in one person.

    distance: in `unit`; match: 0..1, what the part contributes; mirrored: the query's mirror image fitted better;
    joint_distances: (17,) in `unit`, NaN where a joint was not compared; unlike: the part has a weight below 0, and
    a far pose matches well.
    """

    metric: str
    distance: float
    unit: str
    match: float
    mirrored: bool
    joint_distances: NDArray[np.float64]
    unlike: bool = False

    def best(self, count: int = 3) -> list[str]:
        """Names of the compared keypoints that fit best, best first; never one of the worse half."""
        ordered = self._ordered()
        return ordered[: min(count, (len(ordered) + 1) // 2)]

    def worst(self, count: int = 3) -> list[str]:
        """Names of the compared keypoints that fit worst, worst first; never one of the better half."""
        ordered = self._ordered()
        return ordered[::-1][: min(count, len(ordered) // 2)]

    @property
    def joints(self) -> dict[str, float]:
        """Distance of each compared keypoint by name, in `unit`."""
        pairs = zip(skeleton.KEYPOINTS, self.joint_distances, strict=True)
        return {name: float(distance) for name, distance in pairs if np.isfinite(distance)}

    def _ordered(self) -> list[str]:
        order = np.argsort(self.joint_distances, kind="stable")
        return [skeleton.KEYPOINTS[j] for j in order if np.isfinite(self.joint_distances[j])]


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One condition of a part in words. words: what it says; probability: 0..1 that it holds, None where what it
    needs is not seen."""

    words: str
    probability: float | None

    @property
    def held(self) -> bool | None:
        """Whether it rather holds than not; None where that cannot be told."""
        return None if self.probability is None else self.probability >= 0.5


@dataclass(frozen=True, slots=True)
class WordsResult:
    """What a part in words found in one person.

    understood: the part, as it was understood; match: 0..1, what the part contributes; distance: how many
    posebits that it asks for do not hold; conditions: what it asks for, one by one; unlike: the part has a weight
    below 0, and people of whom it does not hold match well.
    """

    understood: str
    match: float
    distance: float
    conditions: tuple[ConditionResult, ...]
    unlike: bool = False

    @property
    def unit(self) -> str:
        """Of the distance."""
        return "posebits"


@dataclass(frozen=True, slots=True, eq=False)
class StepResult:
    """The moment that meets a step of a sequence. time, start, end: seconds; box, pose: of the frame at `time`;
    why: what the step found in it."""

    time: float
    start: float
    end: float
    box: Box
    pose: Pose
    why: PartResult | WordsResult | SequenceResult


@dataclass(frozen=True, slots=True, eq=False)
class SequenceResult:
    """What a sequence found in one person. understood: in words; distance: seconds from the first to the last step;
    match: 0..1, what the part contributes; steps: in their order; unlike: the part has a weight below 0, and people
    who do not do this match well."""

    understood: str
    distance: float
    match: float
    steps: tuple[StepResult, ...]
    unlike: bool = False

    @property
    def unit(self) -> str:
        """Of the distance."""
        return "s"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is shown in a film. content: of the film; start, end: seconds; box: where, in pixels of the
    full frame, None for anywhere; link: an address, picture: a file or an address, empty where there is none."""

    content: str
    start: float
    end: float
    name: str
    box: Box | None = None
    link: str = ""
    picture: str = ""

    def away(self, time: float) -> float:
        """Seconds from a second to when it is shown; 0 while it is."""
        return max(self.start - time, time - self.end, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class StillHit:
    """One answer to a photo of a screen: the moment of a film that it shows, at most one in a shot.

    time: second of the frame; match: 0..1, how sure; matched: (K, 2, 2) float64, keypoints of the photo and of the
    frame that fit one view of a plane, x, y in pixels of the upright photo, then of the full frame, none where the
    answer stands on looks alone; likeness: cosine of what photo and segment look like as a whole, -1..1; outline:
    (4, 2) float64, the corners of the frame (top left, then clockwise) in pixels of the photo, None without
    `matched`; copies: other paths with the same content; items: what is on show within some seconds, the nearest in
    time first.
    """

    path: Path
    time: float
    shot: Shot
    match: float
    matched: NDArray[np.float64]
    likeness: float
    outline: NDArray[np.float64] | None = None
    copies: tuple[Path, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def inliers(self) -> int:
        """Number of matched keypoints."""
        return len(self.matched)


Why = PartResult | WordsResult | SequenceResult
"""What a part of a query found in a person."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: a person in a file. `number` counts the file's people from 1; `why` has one entry per part of
    the query, in its order; `copies` are other paths with the same content, or with the same picture in another
    file (unless unfolded). In a film `number` is that of the person's track in the shot; `time` is the second of
    the frame that fits best, `start` and `end` from when and until when the person keeps to what was asked for,
    `shot` the shot; None for a photo."""

    path: Path
    number: int
    box: Box
    pose: Pose
    match: float
    why: tuple[Why, ...]
    copies: tuple[Path, ...] = ()
    time: float | None = None
    start: float | None = None
    end: float | None = None
    shot: Shot | None = None

    @property
    def distance(self) -> float:
        """Distance of the first part, in its unit."""
        return self.why[0].distance
