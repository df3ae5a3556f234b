"""Mirror, pose vector, 2D distance, OKS: by hand, against plain loops, and by what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.geometry import Comparability

J = skeleton.INDEX
nan = math.nan
few = settings(max_examples=40, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 2**32 - 1)


def pose(**places: tuple[float, float]) -> NDArray[np.float64]:
    points = np.full((17, 2), nan)
    for name, place in places.items():
        points[J[name]] = place
    return points


def weights(**values: float) -> NDArray[np.float64]:
    return np.array([values.get(name, 0.0) for name in skeleton.KEYPOINTS])


def random_poses(seed: int, count: int, hidden: float = 0.25) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    points = random.uniform(-300, 300, (count, 17, 2))
    points[random.random((count, 17)) < hidden] = nan
    return points


def random_weights(seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed + 1)
    return random.uniform(0.1, 2, 17) * (random.random(17) > 0.2)


def turned(points: NDArray[np.float64], radians: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(radians), math.sin(radians)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def naive(
    query: NDArray[np.float64],
    other: NDArray[np.float64],
    weight: NDArray[np.float64],
    min_joints: int = 2,
    min_share: float = 0.5,
) -> tuple[float, list[float]]:
    """The 2D distance and its joint distances as the module's head says, in plain loops."""

    def seen(points: NDArray[np.float64], joint: int) -> bool:
        return math.isfinite(points[joint][0]) and math.isfinite(points[joint][1])

    nothing = (nan, [nan] * 17)
    asked = [joint for joint in range(17) if seen(query, joint) and weight[joint] > 0]
    shared = [joint for joint in asked if seen(other, joint)]
    share = sum(weight[joint] for joint in shared)
    if len(shared) < min_joints or share < min_share * sum(weight[joint] for joint in asked) - 1e-9:
        return nothing
    aligned = []
    for points in (query, other):
        xs, ys = ([points[joint][axis] for joint in shared] for axis in (0, 1))
        side = max(max(xs) - min(xs), max(ys) - min(ys))
        if side == 0:
            return nothing
        centre = [sum(weight[joint] * points[joint][axis] for joint in shared) / share for axis in (0, 1)]
        aligned.append(
            {joint: [(points[joint][axis] - centre[axis]) * 128 / side for axis in (0, 1)] for joint in shared}
        )
    joints = [nan] * 17
    for joint in shared:
        joints[joint] = math.dist(aligned[0][joint], aligned[1][joint])
    return sum(weight[joint] * joints[joint] for joint in shared) / share, joints


L_SHAPE = pose(left_shoulder=(0, 0), right_shoulder=(128, 0), left_hip=(0, 64))
OTHER = pose(left_shoulder=(10, 10), right_shoulder=(74, 10), left_hip=(10, 74))


def test_distance_by_hand() -> None:
    # Query: box 128 x 64, scale 1, mean (128/3, 64/3). Other: box 64 x 64, scale 2, so at (0,0), (128,0), (0,128)
    # about the mean (128/3, 128/3). In x they agree; in y the shoulders differ by -128/3 + 64/3 = -64/3, the hip
    # by (128 - 128/3) - (64 - 64/3) = 128/3. Mean: (64 + 64 + 128) / 9 = 256/9.
    found = geometry.pose_distances(L_SHAPE, OTHER[None])
    np.testing.assert_allclose(found, [256 / 9], rtol=1e-12)
    joints = geometry.joint_distances(L_SHAPE, OTHER[None])[0]
    assert joints[J["left_shoulder"]] == pytest.approx(64 / 3)
    assert joints[J["right_shoulder"]] == pytest.approx(64 / 3)
    assert joints[J["left_hip"]] == pytest.approx(128 / 3)
    assert np.isnan(joints).sum() == 14


def test_weighted_distance_by_hand() -> None:
    # Weights 1, 1, 2. Means in y: query (0 + 0 + 2 * 64) / 4 = 32, other 2 * 128 / 4 = 64. Shoulders differ by
    # -64 + 32 = -32, the hip by (128 - 64) - (64 - 32) = 32: every joint by 32.
    asked = weights(left_shoulder=1, right_shoulder=1, left_hip=2)
    joints = geometry.joint_distances(L_SHAPE, OTHER[None], asked)[0]
    np.testing.assert_allclose(joints[[J["left_shoulder"], J["right_shoulder"], J["left_hip"]]], 32)
    np.testing.assert_allclose(geometry.pose_distances(L_SHAPE, OTHER[None], asked), [32])


def test_box_is_of_the_shared_joints_only() -> None:
    # The far ankle, which the other does not see, must not change the scale.
    far = L_SHAPE.copy()
    far[J["left_ankle"]] = (0, 5000)
    np.testing.assert_allclose(geometry.pose_distances(far, OTHER[None]), [256 / 9])


@few
@given(seeds, st.booleans(), st.integers(2, 6), st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_distance_agrees_with_plain_loops(seed: int, usual: bool, least: int, share: float) -> None:
    poses = random_poses(seed, 12, hidden=0.35)
    weight = skeleton.DEFAULT_WEIGHTS if usual else random_weights(seed)
    rule = Comparability(least, share)
    distances = geometry.pose_distances(poses[0], poses, weight, rule)
    joints = geometry.joint_distances(poses[0], poses, weight, rule)
    for row, other in enumerate(poses):
        distance, each = naive(poses[0], other, weight, least, share)
        np.testing.assert_allclose(distances[row], distance, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(joints[row], each, rtol=1e-9, atol=1e-9)


def test_plain_loops_meet_both_outcomes() -> None:
    """The comparison above is worth something only if some pairs are comparable and some are not."""
    poses = random_poses(3, 60, hidden=0.35)
    found = np.isfinite(geometry.pose_distances(poses[0], poses))
    assert 10 < found.sum() < 60


@few
@given(seeds, st.floats(0.01, 100), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_moving_and_scaling_change_nothing(seed: int, scale: float, x: float, y: float) -> None:
    poses = random_poses(seed, 6)
    plain = geometry.pose_distances(poses[0], poses)
    np.testing.assert_allclose(geometry.pose_distances(poses[0] * scale + (x, y), poses), plain, atol=1e-6)
    np.testing.assert_allclose(geometry.pose_distances(poses[0], poses * scale + (x, y)), plain, atol=1e-6)


@few
@given(seeds, st.floats(0.3, 2 * math.pi - 0.3))
def test_turning_changes_the_distance(seed: int, radians: float) -> None:
    one = random_poses(seed, 1, hidden=0.1)[0]
    assert geometry.pose_distances(one, turned(one, radians)[None])[0] > 3


def test_a_quarter_turn_by_hand() -> None:
    # (0,0), (128,0), (0,64) turned by 90 degrees: (0,0), (0,128), (-64,0); mean (-64/3, 128/3), scale 1.
    # About their means: query (-128/3,-64/3), (256/3,-64/3), (-128/3,128/3); turned (64/3,-128/3), (64/3,256/3),
    # (-128/3,-128/3). Differences (64,-64/3), (-64,320/3), (0,-256/3).
    by_hand = (math.hypot(64, 64 / 3) + math.hypot(64, 320 / 3) + 256 / 3) / 3
    found = geometry.pose_distances(L_SHAPE, turned(L_SHAPE, math.pi / 2)[None])
    np.testing.assert_allclose(found, [by_hand])


@few
@given(seeds)
def test_no_distance_to_itself_and_symmetric_on_equal_joints(seed: int) -> None:
    poses = random_poses(seed, 2, hidden=0.0)
    poses[:, np.random.default_rng(seed).random(17) < 0.3] = nan  # both see the same joints
    assume(np.isfinite(poses[0, :, 0]).sum() >= 2)
    weight = random_weights(seed) + 0.1
    there = geometry.pose_distances(poses[0], poses, weight)
    back = geometry.pose_distances(poses[1], poses, weight)
    assert there[0] == pytest.approx(0, abs=1e-9)
    assert there[1] == pytest.approx(back[0], rel=1e-9)
    assert there[1] > 0


@few
@given(seeds)
def test_mirror_twice_is_identity_and_mirroring_both_changes_nothing(seed: int) -> None:
    poses = random_poses(seed, 5)
    np.testing.assert_array_equal(geometry.mirror(geometry.mirror(poses)), poses)
    weight = random_weights(seed)
    np.testing.assert_allclose(
        geometry.pose_distances(poses[0], poses, weight),
        geometry.pose_distances(geometry.mirror(poses[0]), geometry.mirror(poses), weight[skeleton.FLIP]),
        atol=1e-9,
    )


def test_mirror_by_hand() -> None:
    shown = geometry.mirror(pose(nose=(3, 1), left_wrist=(10, 20)))
    assert tuple(shown[J["nose"]]) == (-3, 1)
    assert tuple(shown[J["right_wrist"]]) == (-10, 20)
    assert np.isnan(shown[J["left_wrist"]]).all()
    depth = geometry.mirror(np.arange(51.0).reshape(17, 3))  # x, y, z
    assert tuple(depth[J["left_ankle"]]) == (-48, 49, 50)  # row 16, the right ankle


@few
@given(seeds, st.permutations(range(9)))
def test_order_and_company_of_the_gallery_do_not_matter(seed: int, order: list[int]) -> None:
    poses = random_poses(seed, 9)
    together = geometry.pose_distances(poses[0], poses)
    np.testing.assert_array_equal(geometry.pose_distances(poses[0], poses[order]), together[order])
    alone = [geometry.pose_distances(poses[0], one[None])[0] for one in poses]
    np.testing.assert_array_equal(alone, together)


@few
@given(seeds, st.integers(0, 16))
def test_a_joint_of_weight_0_or_unseen_changes_nothing(seed: int, joint: int) -> None:
    poses = random_poses(seed, 6)
    weight = random_weights(seed)
    weight[joint] = 0
    plain = geometry.pose_distances(poses[0], poses, weight)
    other, hidden, query = poses.copy(), poses.copy(), poses[0].copy()
    other[:, joint] += 1000
    hidden[:, joint] = nan
    query[joint] = nan
    np.testing.assert_array_equal(geometry.pose_distances(poses[0], other, weight), plain)
    np.testing.assert_array_equal(geometry.pose_distances(poses[0], hidden, weight), plain)
    heavy = np.where(np.arange(17) == joint, 5.0, weight)  # unseen in the query: its weight does not matter
    np.testing.assert_array_equal(geometry.pose_distances(query, poses, heavy), plain)


@few
@given(seeds, st.sampled_from([1e-12, 1e-3, 7.0, 1e6]))
def test_only_the_ratio_of_weights_counts(seed: int, factor: float) -> None:
    poses = random_poses(seed, 8, hidden=0.5)
    weight = random_weights(seed)
    np.testing.assert_allclose(
        geometry.pose_distances(poses[0], poses, weight * factor),
        geometry.pose_distances(poses[0], poses, weight),
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("gallery", "rule", "comparable"),
    [
        (pose(left_shoulder=(0, 0)), Comparability(), False),  # 1 shared joint
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(), True),  # 2 of 3, share .67
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(3), False),
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(2, 0.7), False),
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(2, 2 / 3), True),  # exactly the share
        (pose(left_shoulder=(4, 4), left_hip=(4, 4), right_shoulder=(4, 4)), Comparability(), False),  # one point
        (pose(left_shoulder=(0, 0), nose=(5, 5)), Comparability(), False),  # the nose was not asked for
        (pose(), Comparability(2, 0), False),
    ],
)
def test_when_poses_are_comparable(gallery: NDArray[np.float64], rule: Comparability, comparable: bool) -> None:
    found = geometry.pose_distances(L_SHAPE, gallery[None], None, rule)
    joints = geometry.joint_distances(L_SHAPE, gallery[None], None, rule)
    assert np.isfinite(found[0]) == comparable
    assert np.isfinite(joints).any() == comparable


def test_a_query_on_one_point_or_without_joints_is_not_comparable() -> None:
    point = pose(left_shoulder=(4, 4), right_shoulder=(4, 4), left_hip=(4, 4))
    for query, weight in ((point, None), (pose(), None), (L_SHAPE, np.zeros(17))):
        assert np.isnan(geometry.pose_distances(query, OTHER[None], weight)).all()
        assert np.isnan(geometry.joint_distances(query, OTHER[None], weight)).all()


def test_half_seen_points_are_unseen() -> None:
    half = OTHER.copy()
    half[J["left_hip"]] = (10, nan)
    two = OTHER.copy()
    two[J["left_hip"]] = nan
    assert geometry.pose_distances(L_SHAPE, half[None]) == geometry.pose_distances(L_SHAPE, two[None])


def test_blocks_equal_single_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    poses = random_poses(11, 23)
    whole = geometry.pose_distances(poses[0], poses)
    joints = geometry.joint_distances(poses[0], poses)
    monkeypatch.setattr(geometry, "_ROWS_AT_ONCE", 5)  # 23 rows: four blocks and a rest of 3
    np.testing.assert_array_equal(geometry.pose_distances(poses[0], poses), whole)
    np.testing.assert_array_equal(geometry.joint_distances(poses[0], poses), joints)


def test_more_rows_than_one_block() -> None:
    poses = random_poses(12, 7)
    count = geometry._ROWS_AT_ONCE + 1
    many = np.resize(poses, (count, 17, 2)).astype(np.float32)
    found = geometry.pose_distances(poses[0], many)
    single = geometry.pose_distances(poses[0], poses.astype(np.float32))
    np.testing.assert_array_equal(found, np.resize(single, count))  # the last row is a block of its own


def test_empty_gallery_and_wrong_input() -> None:
    assert geometry.pose_distances(L_SHAPE, np.zeros((0, 17, 2))).shape == (0,)
    assert geometry.joint_distances(L_SHAPE, np.zeros((0, 17, 2))).shape == (0, 17)
    with pytest.raises(ValueError, match=r"query of shape \(17, 2\), got \(16, 2\)"):
        geometry.pose_distances(np.zeros((16, 2)), OTHER[None])
    for wrong in (np.ones(16), np.full(17, -1.0), np.full(17, nan)):
        with pytest.raises(ValueError, match="17 finite weights"):
            geometry.pose_distances(L_SHAPE, OTHER[None], wrong)
    with pytest.raises(ValueError, match="min_joints must be at least 2, got 1"):
        Comparability(min_joints=1)
    with pytest.raises(ValueError, match="min_share"):
        Comparability(min_share=1.5)


def test_pose_vector_by_hand() -> None:
    # Seen: (0,0), (128,0), (0,64); mean (128/3, 64/3); larger side 128.
    vector = geometry.pose_vector(L_SHAPE).reshape(17, 2)
    np.testing.assert_allclose(vector[J["left_shoulder"]], (-1 / 3, -1 / 6), rtol=1e-6)
    np.testing.assert_allclose(vector[J["right_shoulder"]], (2 / 3, -1 / 6), rtol=1e-6)
    np.testing.assert_allclose(vector[J["left_hip"]], (-1 / 3, 1 / 3), rtol=1e-6)
    assert np.count_nonzero(vector) == 6


def test_pose_vectors_of_poses_without_a_shape_are_zero() -> None:
    empty = np.full((17, 2), nan)
    point = pose(nose=(7, 7), left_hip=(7, 7))
    single = pose(nose=(7, 7))
    vectors = geometry.pose_vector(np.stack([empty, point, single]))
    assert vectors.shape == (3, 34)
    assert vectors.dtype == np.float32
    assert not vectors.any()


@few
@given(seeds, st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_pose_vector_ignores_place_and_size(seed: int, scale: float, shift: float) -> None:
    poses = random_poses(seed, 4)
    vectors = geometry.pose_vector(poses)
    np.testing.assert_allclose(geometry.pose_vector(poses * scale + shift), vectors, atol=1e-5)
    assert np.isfinite(vectors).all()
    for one, vector in zip(poses, vectors, strict=True):
        np.testing.assert_array_equal(geometry.pose_vector(one), vector)
        corners = vector.reshape(17, 2)[np.isfinite(one[:, 0])]
        assert np.ptp(corners, axis=0).max() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(corners.mean(axis=0), 0, atol=1e-5)


def test_pose_vector_of_nobody() -> None:
    assert geometry.pose_vector(np.zeros((0, 17, 2))).shape == (0, 34)


def test_weighted_mean_by_hand() -> None:
    joints = np.array([[1.0, nan, 4.0], [nan, nan, nan], [2.0, 3.0, nan]])
    # (1 * 1 + 3 * 4) / 4; nothing; (1 * 2 + 2 * 3) / 3
    np.testing.assert_allclose(geometry.weighted_mean(joints, np.array([1.0, 2, 3])), [13 / 4, nan, 8 / 3])


def test_oks_by_hand() -> None:
    # nose: 2 * sigma = .052, squared .002704; hip: .214, squared .045796; area 10,000; both 5 px off (3, 4).
    # exp(-25 / (2 * 10,000 * .002704)) = exp(-25 / 54.08) = .62984; exp(-25 / 915.92) = .97307. The ankle is
    # labelled and not predicted: 0. The knee is predicted and not labelled: not counted.
    truth = pose(nose=(100, 100), left_hip=(50, 200), left_ankle=(50, 400))
    guess = pose(nose=(103, 104), left_hip=(47, 196), left_knee=(0, 0))
    by_hand = (math.exp(-25 / 54.08) + math.exp(-25 / 915.92) + 0) / 3
    assert by_hand == pytest.approx(0.53430, abs=1e-4)
    assert geometry.oks(guess, truth, 10_000) == pytest.approx(by_hand, rel=1e-9)


def test_oks_ends() -> None:
    truth = pose(nose=(100, 100), left_hip=(50, 200))
    assert geometry.oks(truth, truth, 10_000) == 1
    assert geometry.oks(pose(), truth, 10_000) == 0
    assert geometry.oks(truth + 1e6, truth, 10_000) == 0
    with pytest.raises(ValueError, match="at least one labelled joint"):
        geometry.oks(truth, pose(), 10_000)
    one = np.array([[0.0, 0.0]])  # another set of joints: sigma .5, (2 sigma)^2 = 1, d^2 = 2, area 1: exp(-1)
    assert geometry.oks(one + 1, one, 1.0, np.array([0.5])) == pytest.approx(math.exp(-1))
