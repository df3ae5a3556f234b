"""What is measured: figures placed by hand, mirror images, other cameras, unseen joints."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import geometry
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import FACE, LONGEST_LOOK, MEASURES, Figures
from contrapposto.posebits.table import DEGREES, INDEX, POSEBITS, Posebit
from contrapposto.skeleton import INDEX as JOINT
from contrapposto.skeleton import KEYPOINTS
from tests.posebits.figures import UPRIGHT, about, body, figures, people, picture, random_bodies

Array = NDArray[np.float64]

FOREARM_FORWARD = {"left_wrist": (0.18, 0.25, 0.25)}
SHIN_BACK = {"left_ankle": (0.10, -0.41, -0.41)}
LEFT_FOOT_INSIDE = {"left_ankle": (0.0, -0.41 - (0.41**2 - 0.1**2) ** 0.5, 0.0)}
LEFT_SHOULDER_UP = {"left_shoulder": (0.18, 0.89, 0.0)}
UPPER = tuple(name for name in KEYPOINTS if "knee" not in name and "ankle" not in name)


def turned(points: Array, turn: Array, names: tuple[str, ...], centre: tuple[float, float, float]) -> Array:
    """Some joints turned about a point."""
    moved = points.copy()
    rows = [JOINT[name] for name in names]
    moved[rows] = (points[rows] - centre) @ turn.T + centre
    return moved


TWISTED = turned(body(), about(1, 20), ("left_shoulder", "right_shoulder"), (0, 0.53, 0))
LOOKS_LEFT = turned(body(), about(1, 40), FACE, (0, 0.70, 0))
LOOKS_UP = turned(body(), about(0, -25), FACE, (0, 0.70, 0))
HEAD_TILTED_LEFT = turned(body(), about(2, -20), FACE, (0, 0.70, 0))
BOWS = turned(body(), about(0, 100), UPPER, (0, 0, 0))
LEANS_FORWARD = body() @ about(0, 30).T
LEANS_LEFT = body() @ about(2, -30).T
LIES_ON_THE_LEFT = body() @ about(2, -90).T
HANDSTAND = body() @ about(2, 180).T
FACES_RIGHT = body() @ about(1, 60).T

LONGER = LONGEST_LOOK
"""Four bones that lie in the picture are taken to look so much longer than they are."""

BY_HAND: list[tuple[str, str, Array, float]] = [
    ("angle", "left_shoulder left_elbow left_wrist", body(), 180),
    ("angle", "left_shoulder left_elbow left_wrist", body(**FOREARM_FORWARD), 90),
    ("angle", "left_hip left_knee left_ankle", body(**SHIN_BACK), 90),
    ("angle", "left_shoulder left_hip left_knee", body(), 180 - np.degrees(np.arctan(0.08 / 0.53))),
    (
        "less_bent",
        "left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist",
        body(**FOREARM_FORWARD),
        -90,
    ),
    ("distance", "left_wrist right_wrist", body(), 0.36),
    ("distance", "left_wrist left_shoulder", body(**FOREARM_FORWARD), np.hypot(0.28, 0.25)),
    ("wider", "left_ankle right_ankle left_shoulder right_shoulder", body(), 0.20 - 0.36),
    ("beyond", "left_wrist left_elbow", body(), 0.25 * 0.015 / np.hypot(0.18, 0.015)),
    ("toward_left", "left_wrist torso", body(), 0.18),
    ("toward_left", "right_wrist torso", body(), -0.18),
    ("toward_right", "right_wrist torso", body(), 0.18),
    ("up_the_spine", "left_wrist neck", body(), -0.53),
    ("up_the_spine", "head pelvis", body(), (0.70 * 3 + 0.73 * 2) / 5),
    ("in_front", "left_wrist torso", body(**FOREARM_FORWARD), 0.25),
    ("in_front", "left_wrist head", body(), -(0.12 + 0.10 * 2) / 5),
    ("nearer", "left_wrist right_wrist", body(**FOREARM_FORWARD), 0.25),
    ("nearer", "left_shoulder right_shoulder", FACES_RIGHT, -0.36 * np.sin(np.pi / 3)),
    ("higher", "left_wrist left_shoulder", body(), -0.53 * LONGER),
    ("to_the_right", "left_wrist right_wrist", body(), 0.36 * LONGER),
    ("tilt", "left_shoulder right_shoulder", body(**LEFT_SHOULDER_UP), 45),
    ("tilt", "right_shoulder left_shoulder", body(**LEFT_SHOULDER_UP), -45),
    ("off_ground", "left_wrist", body(), 0.82 * LONGER),
    ("off_ground", "neck", HANDSTAND, 0.0 * LONGER),
    ("carries", "left_ankle right_ankle", body(**LEFT_FOOT_INSIDE), 0.1 * LONGER),
    ("carries", "right_ankle left_ankle", body(**LEFT_FOOT_INSIDE), -0.1 * LONGER),
    ("from_up", "left_wrist left_elbow", body(), 180),
    ("from_up", "left_wrist left_elbow", body(**FOREARM_FORWARD), 90),
    ("from_level", "left_wrist left_elbow", body(), 90),
    ("from_level", "left_wrist left_elbow", body(**FOREARM_FORWARD), 0),
    ("from_level", "neck pelvis", LEANS_LEFT, 60),
    ("lean_forward", "", body(), 0),
    ("lean_forward", "", LEANS_FORWARD, 30),
    ("lean_forward", "", body() @ about(0, -30).T, -30),
    ("lean_forward", "", LEANS_LEFT, 0),
    ("lean_forward", "", BOWS, 100),
    ("lean_forward", "", HANDSTAND, 0),
    ("lean_left", "", LEANS_LEFT, 30),
    ("lean_left", "", LEANS_LEFT @ about(1, 77).T, 30),
    ("lean_left", "", BOWS, 0),
    ("lean_left", "", LIES_ON_THE_LEFT, 90),
    ("away", "", body(), 0),
    ("away", "", FACES_RIGHT, 60),
    ("away", "", body() @ about(1, -150).T, 150),
    ("away", "", BOWS, 0),
    ("away", "", LIES_ON_THE_LEFT, 0),
    ("away", "", HANDSTAND, 0),
    ("sideways", "", FACES_RIGHT, 60),
    ("sideways", "", body() @ about(1, -150).T, -30),
    ("sideways", "", LIES_ON_THE_LEFT @ about(1, 30).T, 30),
    ("twist", "", TWISTED, 20),
    ("head_turn", "", LOOKS_LEFT, 40),
    ("head_lift", "", LOOKS_UP, 25),
    ("head_lift", "", LOOKS_LEFT, 0),
    ("head_tilt", "", HEAD_TILTED_LEFT, 20),
]


@pytest.mark.parametrize(
    ("measure", "points", "figure", "value"),
    BY_HAND,
    ids=[f"{number} {case[0]} {case[1]}" for number, case in enumerate(BY_HAND)],
)
def test_measures_of_figures_placed_by_hand(measure: str, points: str, figure: Array, value: float) -> None:
    found = figures(figure).measure(measure, points.split())
    assert found.shape == (1,)
    # float32, and arccos at its ends
    assert found[0] == pytest.approx(value, abs=0.05 if measure in DEGREES else 1e-4)


def test_every_measure_has_a_hand_made_value() -> None:
    assert {case[0] for case in BY_HAND} == set(MEASURES) == {row.measure for row in POSEBITS}


def test_axes_are_those_of_the_body_frame() -> None:
    points = random_bodies(40)
    found = np.stack(Figures(picture(points), points).axes, axis=0).transpose(2, 0, 1)
    np.testing.assert_allclose(found, geometry.body_frame(points), atol=1e-5)


def test_points_are_scaled_to_a_usual_body() -> None:
    """A child near to the camera: half as large in space, three times as large in the picture."""
    child = Figures(picture(body())[None] * 3 + 50, body()[None] / 2)
    np.testing.assert_allclose(child.deep("left_wrist"), [UPRIGHT["left_wrist"]], atol=1e-6)
    np.testing.assert_allclose(child.flat("neck") - child.flat("pelvis"), [[0, 0.53 * LONGER]], atol=1e-5)
    assert child.metres_per_pixel[0] == pytest.approx(0.01 / 3 * LONGER)


def test_the_scale_of_a_picture_follows_the_four_bones_that_look_longest() -> None:
    """Arms that point at the camera look short, and change nothing; nor do arms that are not seen."""
    short = picture(body())[None].copy()
    elbows = [JOINT["left_elbow"], JOINT["right_elbow"]]
    short[0, [JOINT["left_wrist"], JOINT["right_wrist"]]] = short[0, elbows]
    assert Figures(short, body()[None]).metres_per_pixel[0] == pytest.approx(0.01 * LONGER)
    short[0, elbows] = np.nan
    assert Figures(short, body()[None]).metres_per_pixel[0] == pytest.approx(0.01 * LONGER)
    assert Figures(short, body()[None]).measure("distance", ("left_wrist", "right_wrist"))[0] == pytest.approx(0.36)


def other_side(name: str) -> str:
    swapped = {"left": "right", "right": "left"}
    return re.sub(r"(?<![a-z])(left|right)(?![a-z])", lambda found: swapped[found[0]], name)


def expected_in_the_mirror(asked: People, row: Posebit) -> Array:
    """The margin of a row in the mirror, from the people themselves: that of the other side's row. Where a row asks
    for the picture's right the answer turns about, and the hands, knees and feet change places too."""
    if row.measure != "to_the_right":
        return asked.margin(POSEBITS[INDEX[other_side(row.name)]])
    if row.name in {f"left_{joint}_right_of_right_{joint}" for joint in ("wrist", "knee", "ankle")}:
        return asked.margin(row)
    own = {"left_wrist": "right_wrist", "right_wrist": "left_wrist"}.get(row.name[: row.name.find("_right_of")])
    return -asked.margin(POSEBITS[INDEX[f"{own}_right_of_head" if own else row.name]])


@pytest.mark.parametrize("row", POSEBITS, ids=lambda row: row.name)
def test_a_mirror_swaps_left_and_right_exactly(row: Posebit) -> None:
    points = random_bodies(60, seed=1)
    hidden = np.random.default_rng(2).random((60, 17)) < 0.03
    points[hidden] = np.nan
    asked = People(Figures(picture(points), points), np.ones((60, 17)))
    mirrored = People(Figures(geometry.mirror(picture(points)), geometry.mirror(points)), np.ones((60, 17)))
    np.testing.assert_array_equal(mirrored.margin(row), expected_in_the_mirror(asked, row))


@pytest.mark.parametrize("row", [row for row in POSEBITS if row.frame == "body"], ids=lambda row: row.name)
def test_rows_of_the_body_do_not_depend_on_the_camera(row: Posebit) -> None:
    points = random_bodies(30, seed=3)
    turn = about(1, 117) @ about(0, 40) @ about(2, -75)
    moved = 2.7 * points @ turn.T + [3, -1, 8]
    np.testing.assert_allclose(
        Figures(picture(moved), moved).measure(row.measure, row.points),
        Figures(picture(points), points).measure(row.measure, row.points),
        atol=2e-3 if row.unit == "m" else 0.2,
    )


@pytest.mark.parametrize(
    "row", [row for row in POSEBITS if row.family in ("torso", "direction")], ids=lambda row: row.name
)
def test_rows_that_go_by_the_ground_do_not_depend_on_where_somebody_faces(row: Posebit) -> None:
    if row.frame == "picture":
        return
    points = random_bodies(30, seed=4)
    moved = points @ about(1, 117).T / 3 + [3, -1, 8]
    np.testing.assert_allclose(
        Figures(picture(moved), moved).measure(row.measure, row.points),
        Figures(picture(points), points).measure(row.measure, row.points),
        atol=0.2,
    )


@pytest.mark.parametrize("row", [row for row in POSEBITS if row.frame == "picture"], ids=lambda row: row.name)
def test_rows_of_the_picture_need_no_depth_and_no_place(row: Posebit) -> None:
    points = random_bodies(30, seed=5)
    unknown = np.full_like(points, np.nan)
    np.testing.assert_allclose(
        Figures(picture(points) * 4.2 - 900, unknown).measure(row.measure, row.points),
        Figures(picture(points), points).measure(row.measure, row.points),
        atol=1e-3 if row.unit == "m" else 0.1,
    )


@pytest.mark.parametrize("row", POSEBITS, ids=lambda row: row.name)
def test_a_row_needs_exactly_its_joints(row: Posebit) -> None:
    """With one keypoint hidden at a time it is unknown when that is one of `joints`, and known else."""
    points = np.repeat(random_bodies(1, seed=6), len(KEYPOINTS), axis=0)
    points[np.arange(len(KEYPOINTS)), np.arange(len(KEYPOINTS))] = np.nan
    known = np.isfinite(people(*points).margin(row))
    assert {name for name, there in zip(KEYPOINTS, known, strict=True) if not there} == set(row.joints)


@pytest.mark.parametrize("row", [row for row in POSEBITS if "head" in row.points], ids=lambda row: row.name)
def test_any_part_of_the_face_tells_where_the_head_is(row: Posebit) -> None:
    points = np.repeat(random_bodies(1, seed=7), len(FACE) + 1, axis=0)
    for number in range(len(FACE) + 1):
        hidden = [JOINT[name] for name in FACE if name != (*FACE, "")[number]]
        points[number, hidden] = np.nan
    known = np.isfinite(people(*points).margin(row))
    assert known.tolist() == [True] * len(FACE) + [False]


def test_somebody_unseen_answers_nothing() -> None:
    nobody = people(np.full((17, 3), np.nan), body())
    for row in POSEBITS:
        assert np.isfinite(nobody.margin(row)).tolist() == [False, True], row.name
