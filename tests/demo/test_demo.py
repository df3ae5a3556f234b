"""The built-in collection: its truth is whole, consistent with its own cameras, and means what its names say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto import demo, skeleton
from contrapposto.demo import DemoPerson
from contrapposto.distances import pose_distances
from contrapposto.errors import DataError

J = skeleton.INDEX
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def people() -> tuple[DemoPerson, ...]:
    return demo.truth().people


def named(*poses: str) -> list[DemoPerson]:
    found = [person for person in demo.truth().people if person.pose in poses]
    assert len(found) >= 4 * len(poses)
    return found


def facing(person: DemoPerson) -> NDArray[np.float64]:
    """(17, 3) keypoints in the frame of the posture: x to its left, y up, z ahead; but for the camera's roll.

    The camera's tilt follows from where the hips are seen and the elevation at which they see the camera.
    """
    towards = -person.hips / np.linalg.norm(person.hips)
    reach = np.hypot(towards[1], towards[2])
    tilt = np.arctan2(towards[2], towards[1]) - np.arccos(np.sin(np.radians(person.elevation)) / reach)
    up = np.array([0.0, np.cos(tilt), np.sin(tilt)])
    level = towards - up * (towards @ up)
    level /= np.linalg.norm(level)
    x, y, z = (person.keypoints3d @ axis for axis in (np.cross(up, level), up, level))
    turn = np.radians(person.azimuth)
    return np.stack([x * np.cos(turn) + z * np.sin(turn), y, z * np.cos(turn) - x * np.sin(turn)], axis=1)


def joint(points: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    return points[J[name]]


def bend(points: NDArray[np.float64], first: str, middle: str, last: str) -> float:
    """Degrees between two limbs at their joint: 180 is straight."""
    one, two = points[J[first]] - points[J[middle]], points[J[last]] - points[J[middle]]
    return float(np.degrees(np.arccos(one @ two / np.linalg.norm(one) / np.linalg.norm(two))))


def test_every_photo_has_its_people_and_every_person_a_photo(people: tuple[DemoPerson, ...]) -> None:
    files = {path.name for path in demo.photos().iterdir()}
    assert {person.file for person in people} == files
    assert 240 <= len(files) <= 300
    for file in files:
        assert [person.number for person in demo.truth().of(file)] == list(range(1, len(demo.truth().of(file)) + 1))
    company = Counter(Counter(person.file for person in people).values())
    assert set(company) == {1, 2, 3}
    assert company[1] > company[2] > company[3] >= 20


def test_the_collection_is_small_enough_to_install() -> None:
    size = sum(path.stat().st_size for path in Path(demo.__file__).parent.rglob("*") if path.is_file())
    assert size < 11 * MEGABYTE


def test_the_stated_size_is_the_size_of_the_picture(people: tuple[DemoPerson, ...]) -> None:
    for person in people:
        with Image.open(demo.photos() / person.file) as image:
            assert image.size == person.size


def test_keypoints_are_the_projection_of_the_3d_ones(people: tuple[DemoPerson, ...]) -> None:
    for person in (*people, *demo.truth().film_people[::37]):
        width, height = person.size
        x, y, z = (person.keypoints3d + person.hips).T
        assert (z < 0).all()
        projected = np.stack([width / 2 - person.focal * x / z, height / 2 + person.focal * y / z], axis=1)
        np.testing.assert_allclose(person.keypoints, projected, atol=0.01)


def test_3d_keypoints_start_at_the_hips_and_have_human_size(people: tuple[DemoPerson, ...]) -> None:
    for person in people:
        np.testing.assert_allclose(skeleton.pelvis(person.keypoints3d), 0, atol=1e-5)
        thigh = np.linalg.norm(joint(person.keypoints3d, "left_hip") - joint(person.keypoints3d, "left_knee"))
        assert 0.2 < thigh < 0.55


def test_bones_have_the_same_length_in_every_pose_of_a_body(people: tuple[DemoPerson, ...]) -> None:
    for first, second in (("knee", "ankle"), ("elbow", "wrist")):
        lengths: dict[str, list[float]] = {}
        for person in people:
            for side in ("left", "right"):
                ends = [joint(person.keypoints3d, f"{side}_{name}") for name in (first, second)]
                lengths.setdefault(person.body, []).append(float(np.linalg.norm(ends[0] - ends[1])))
        assert len(lengths) == 10
        for of_body in lengths.values():
            assert np.std(of_body) / np.mean(of_body) < 0.05


def test_who_faces_the_camera_has_the_left_shoulder_at_larger_x(people: tuple[DemoPerson, ...]) -> None:
    upright = [who for who in people if who.ordinary and abs(who.azimuth) < 40 and who.pose != "triangle"]
    assert len(upright) > 60
    for person in upright:
        assert joint(person.keypoints, "left_shoulder")[0] > joint(person.keypoints, "right_shoulder")[0]
        assert joint(person.keypoints, "left_hip")[0] > joint(person.keypoints, "right_hip")[0]


def test_who_turns_the_back_shows_the_left_shoulder_at_smaller_x_and_no_nose(
    people: tuple[DemoPerson, ...],
) -> None:
    away = [who for who in people if who.pose in {"standing", "T-pose", "hands on hips", "arms overhead"}]
    away = [who for who in away if abs(who.azimuth) > 140]
    assert away
    for person in away:
        assert joint(person.keypoints, "left_shoulder")[0] < joint(person.keypoints, "right_shoulder")[0]
        assert not person.visible[J["nose"]]


def test_visible_keypoints_lie_in_the_picture_and_in_the_box(people: tuple[DemoPerson, ...]) -> None:
    for person in people:
        points = person.keypoints[person.visible]
        assert (points >= 0).all()
        assert (points < person.size).all()
        low = np.array([person.box.x, person.box.y])
        assert (points >= low - 1).all()
        assert (points <= low + np.array([person.box.width + 1, person.box.height + 1])).all()
        assert np.isnan(person.seen_keypoints[~person.visible]).all()
    share = np.mean([person.visible for person in people])
    assert 0.65 < share < 0.9


def test_the_far_ear_is_hidden_in_profile(people: tuple[DemoPerson, ...]) -> None:
    profiles = [who for who in people if who.pose in {"standing", "both arms forward", "looking up", "squat"}]
    profiles = [who for who in profiles if 65 < abs(who.azimuth) < 115]
    assert profiles
    for person in profiles:
        near, far = ("left", "right") if person.azimuth > 0 else ("right", "left")
        assert not person.visible[J[f"{far}_ear"]], person
        assert person.keypoints3d[J[f"{near}_ear"], 2] > person.keypoints3d[J[f"{far}_ear"], 2]


@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_a_raised_arm_is_above_the_head_and_the_other_hangs(side: str, other: str) -> None:
    for person in named(f"{side} arm raised"):
        points = facing(person)
        assert joint(points, f"{side}_wrist")[1] > joint(points, "nose")[1] + 0.15
        assert joint(points, f"{other}_wrist")[1] < joint(points, f"{other}_elbow")[1]


@pytest.mark.parametrize(("side", "sign"), [("left", 1), ("right", -1)])
def test_pointing_goes_to_the_named_side(side: str, sign: int) -> None:
    for person in named(f"pointing {side}"):
        points = facing(person)
        reach = joint(points, f"{side}_wrist") - joint(points, f"{side}_shoulder")
        assert sign * reach[0] > 0.8 * np.linalg.norm(reach)


@pytest.mark.parametrize(("side", "sign"), [("left", 1), ("right", -1)])
def test_looking_aside_turns_the_nose_there(side: str, sign: int) -> None:
    for person in named(f"looking {side}"):
        points = facing(person)
        ears = (joint(points, "left_ear") + joint(points, "right_ear")) / 2
        assert sign * (joint(points, "nose") - ears)[0] > 0.05


def test_a_t_pose_is_straight_and_level() -> None:
    for person in named("T-pose"):
        points = facing(person)
        span = joint(points, "left_wrist") - joint(points, "right_wrist")
        assert span[0] > 0.95 * np.linalg.norm(span)
        assert bend(points, "left_shoulder", "left_elbow", "left_wrist") > 150


def test_hands_on_hips_are_near_the_hips_with_bent_elbows_outside() -> None:
    for person in named("hands on hips"):
        points = facing(person)
        for side, sign in (("left", 1), ("right", -1)):
            assert bend(points, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist") < 125
            assert sign * (joint(points, f"{side}_elbow") - joint(points, f"{side}_wrist"))[0] > 0.05
            near = np.linalg.norm(joint(points, f"{side}_wrist") - joint(points, f"{side}_hip"))
            assert near < 0.35


@pytest.mark.parametrize("pose", ["squat", "deep squat", "sitting on a box"])
def test_bent_knees_point_ahead(pose: str) -> None:
    for person in named(pose):
        points = facing(person)
        for side in ("left", "right"):
            assert bend(points, f"{side}_hip", f"{side}_knee", f"{side}_ankle") < 130
            assert joint(points, f"{side}_knee")[2] > joint(points, f"{side}_hip")[2] + 0.1


def test_a_lunge_puts_the_named_foot_ahead() -> None:
    for side, other in (("left", "right"), ("right", "left")):
        for person in named(f"lunge with the {side} leg"):
            points = facing(person)
            assert joint(points, f"{side}_ankle")[2] > joint(points, f"{other}_ankle")[2] + 0.3


def test_kneeling_knees_are_as_low_as_the_feet() -> None:
    for person in named("kneeling on both knees"):
        points = facing(person)
        for side in ("left", "right"):
            shin = np.linalg.norm(joint(points, f"{side}_knee") - joint(points, f"{side}_ankle"))
            assert abs(joint(points, f"{side}_knee")[1] - joint(points, f"{side}_ankle")[1]) < 0.3 * shin


def test_a_handstand_is_upside_down() -> None:
    for person in named("handstand"):
        points = facing(person)
        assert joint(points, "left_ankle")[1] > 0.5
        assert joint(points, "left_wrist")[1] < joint(points, "nose")[1] < 0
        assert not person.ordinary


def test_lying_is_flat() -> None:
    for person in named("lying on the back", "lying on the left side"):
        points = facing(person)
        assert np.ptp(points[:, 1]) < 0.45 * np.ptp(points, axis=0).max()


def test_one_pose_is_nearer_to_itself_than_to_others_from_the_front(people: tuple[DemoPerson, ...]) -> None:
    poses = ("T-pose", "arms overhead", "squat", "hands on hips", "walking", "hands up")
    front = [who for who in people if who.pose in poses and abs(who.azimuth) < 70]
    assert len(front) >= 15
    points = np.array([person.keypoints for person in front])
    right = 0
    for row, person in enumerate(front):
        distances = pose_distances("2d", person.keypoints, points)
        distances[row] = np.inf
        right += front[int(distances.argmin())].pose == person.pose
    assert right / len(front) > 0.7


def test_films_are_cut_into_shots_without_gaps() -> None:
    films = demo.truth().films
    assert set(films) == {path.name for path in demo.films().iterdir()}
    assert len(films) == 3
    for film in films.values():
        assert len(film.shots) >= 3
        assert film.shots[0].start == 0
        assert film.shots[-1].end == film.frames
        assert all(shot.end == after.start for shot, after in zip(film.shots, film.shots[1:], strict=False))
        assert 8 <= film.frames / film.rate <= 15
    assert sum(shot.fade for film in films.values() for shot in film.shots) == 1


def test_every_frame_of_a_film_has_the_people_of_its_shot() -> None:
    truth = demo.truth()
    counts = Counter((person.file, person.frame) for person in truth.film_people)
    for film in truth.films.values():
        for shot in film.shots:
            in_shot = {counts[film.file, frame] for frame in range(shot.start, shot.end)}
            assert len(in_shot) == 1
            assert in_shot <= {1, 2}


def test_people_of_a_film_move_little_from_frame_to_frame_and_jump_at_a_cut() -> None:
    truth = demo.truth()
    for film in truth.films.values():
        tracks = {
            who.frame: who.keypoints for who in truth.film_people if who.file == film.file and who.number == 1
        }
        steps = np.array([np.abs(tracks[f + 1] - tracks[f]).mean() for f in range(film.frames - 1)])
        cuts = [shot.start - 1 for shot in film.shots[1:]]
        inside = np.delete(steps, cuts)
        assert 0.3 < inside.mean() < 8
        assert inside.max() < 25


def test_arrays_cannot_be_written(people: tuple[DemoPerson, ...]) -> None:
    for values in (people[0].keypoints, people[0].keypoints3d, people[0].visible, people[0].hips):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


def test_unknown_names_have_nobody() -> None:
    assert demo.truth().of("no such photo.jpg") == ()
    assert demo.truth().at("no such film.mp4", 0) == ()


def test_a_damaged_collection_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "truth.npz").write_bytes(b"not an archive")
    monkeypatch.setattr(demo, "_HOME", tmp_path)
    demo.truth.cache_clear()
    try:
        with pytest.raises(DataError, match=r"truth\.npz.*install"):
            demo.truth()
    finally:
        demo.truth.cache_clear()
