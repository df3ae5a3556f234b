"""The scan of many poses: the answers of all exact distances, ties and odd poses included."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.distances import METRICS, Comparability, pose_distances
from contrapposto.scan import Gallery, nearest_by, reaching
from contrapposto.scan import gallery as module

nan = math.nan
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine code for any number of people."""
    monkeypatch.setattr(module, "FEW", 1)
    monkeypatch.setattr(module, "AFTER", 0)


def poses(metric: str, seed: int, count: int, hidden: float = 0.2) -> NDArray[np.float32]:
    """Similar to one pose, each at its own place (and in 2D of its own size), some joints hidden."""
    random = np.random.default_rng(seed)
    axes = METRICS[metric].dimension
    scale = 200 if axes == 2 else 0.5
    points = random.normal(0, scale, (17, axes)) + random.normal(0, scale / 3, (count, 17, axes))
    if axes == 2:
        points *= random.uniform(0.2, 3, (count, 1, 1))
    points += random.normal(0, 5 * scale, (count, 1, axes))
    points[random.random((count, 17)) < hidden] = nan
    return points.astype(np.float32)


def all_exact(
    distances: NDArray[np.float64], k: int, rows: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    rows = np.arange(len(distances)) if rows is None else rows
    rows = rows[np.isfinite(distances[rows])]
    order = np.lexsort((rows, distances[rows]))[:k]
    return rows[order], distances[rows[order]]


def assert_same(
    found: tuple[NDArray[np.intp], NDArray[np.float64]], expected: tuple[NDArray[np.intp], NDArray[np.float64]]
) -> None:
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("hidden", [0.0, 0.25])
def test_nearest_is_the_answer_of_all_exact_distances(metric: str, hidden: float) -> None:
    many = poses(metric, 1, 3000, hidden)
    many[1500:1540] = many[7]  # ties with the query and among each other
    many[2000:2100] = many[8]
    gallery = Gallery(many)
    some = np.flatnonzero(np.random.default_rng(2).random(3000) < 0.3)
    arms = np.isin(skeleton.KEYPOINTS, skeleton.GROUPS["arms"]).astype(float)
    for query, weights, k in ((7, None, 20), (8, arms, 100), (9, None, 1), (10, arms, 5000)):
        exact = pose_distances(metric, many[query], many, weights)
        assert_same(gallery.nearest(metric, many[query], weights, k=k), all_exact(exact, k))
        assert_same(gallery.nearest(metric, many[query], weights, k=k, threads=2), all_exact(exact, k))
        assert_same(gallery.nearest(metric, many[query], weights, k=k, rows=some), all_exact(exact, k, some))


@pytest.mark.parametrize("metric", METRICS)
def test_mirror_and_comparability(metric: str) -> None:
    from contrapposto.geometry import mirror

    many = poses(metric, 3, 1000, 0.4)
    many[500] = mirror(many[4])
    weights = np.linspace(0.2, 1, 17)
    rule = Comparability(6, 0.7)
    plain = pose_distances(metric, many[4], many, weights, rule)
    other = pose_distances(metric, mirror(many[4]), many, weights[skeleton.FLIP], rule)
    both = np.fmin(plain, other)
    assert 0 < np.isnan(both).sum() < 1000
    gallery = Gallery(many)
    found = gallery.nearest(metric, many[4], weights, rule, k=50, mirror=True)
    assert_same(found, all_exact(both, 50))
    assert set(found[0][:2].tolist()) == {4, 500}
    bounds = gallery.lower_bounds(metric, many[4], weights, rule, mirror=True)
    assert (bounds[np.isfinite(both)] <= both[np.isfinite(both)]).all()


@few
@given(
    seeds, st.sampled_from(list(METRICS)), st.integers(2, 17), st.sampled_from(["plain", "flat", "small", "far"])
)
def test_bounds_are_below_the_distances_and_close(seed: int, metric: str, joints: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    many = poses(metric, seed, 300).astype(np.float64)
    if kind == "flat":  # nearly on a line, more so from pose to pose
        many[:, :, 1:] *= np.geomspace(1, 1e-9, 300)[:, None, None]
    elif kind == "small":  # the joints asked for close together
        many[:, 5:11] = many[:, 5:6] + (many[:, 5:11] - many[:, 5:6]) * np.geomspace(1, 1e-8, 300)[:, None, None]
    elif kind == "far":
        many += 1e4
    weights = np.where(random.permutation(17) < joints, random.uniform(0.1, 2, 17), 0)
    if kind == "small":
        weights = np.where(np.isin(np.arange(17), range(5, 11)), 1.0, 0.0)
    gallery = Gallery(many)
    for query in (many[0], many[250]):
        exact = pose_distances(metric, query, many, weights)
        bounds = gallery.lower_bounds(metric, query, weights)
        comparable = np.isfinite(exact)
        assert not np.isnan(bounds[comparable]).any()
        assert (bounds[~comparable & np.isfinite(bounds)] == 0).all()  # not decided by float32
        assert (bounds[comparable] <= exact[comparable]).all()
        if kind == "plain" and joints > 6:
            slack = exact[comparable] - bounds[comparable]
            assert np.median(slack) < 1e-3 * np.median(exact[comparable]) + 1e-12
        assert_same(gallery.nearest(metric, query, weights, k=9), all_exact(exact, 9))


@pytest.mark.parametrize("metric", METRICS)
def test_few_need_their_exact_distance(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where many turns are nearly as good as another, so that float32 can tell nothing about some people."""
    random = np.random.default_rng(7)
    many = random.normal(size=(20_000, 17, METRICS[metric].dimension)).astype(np.float32)
    looked_at = []

    def counted(
        name: str, query: NDArray[np.floating], some: NDArray[np.floating], *rest: object
    ) -> NDArray[np.float64]:
        looked_at.append(len(some))
        return pose_distances(name, query, some, *rest)

    monkeypatch.setattr(module, "pose_distances", counted)
    gallery = Gallery(many)
    if METRICS[metric].rotate:
        assert (gallery.lower_bounds(metric, many[9]) == 0).sum() > 20
    found = gallery.nearest(metric, many[9], k=20)
    assert sum(looked_at) < 1000
    assert_same(found, all_exact(pose_distances(metric, many[9], many), 20))


@pytest.mark.parametrize("metric", METRICS)
def test_nobody_and_nothing_to_compare(metric: str) -> None:
    many = poses(metric, 5, 200, 0.0)
    empty = Gallery(many[:0])
    assert len(empty) == 0
    assert len(empty.nearest(metric, many[0], k=3)[0]) == 0
    gallery = Gallery(many)
    unseen = np.full_like(many[0], nan)
    point = np.ones_like(many[0])
    for query, weights in ((unseen, None), (point, None), (many[0], np.zeros(17))):
        assert len(gallery.nearest(metric, query, weights, k=3)[0]) == 0
        assert np.isnan(gallery.lower_bounds(metric, query, weights)).all()
    assert len(gallery.nearest(metric, many[0], k=3, rows=np.zeros(0, np.intp))[0]) == 0
    hidden = many.copy()
    hidden[:150] = nan
    rows, _ = Gallery(hidden).nearest(metric, many[160], k=100)
    assert len(rows) == 50
    assert rows.min() == 150


def test_a_straight_arm_cannot_be_turned() -> None:
    many = poses("3d", 6, 300, 0.0)
    straight = many[0].copy()
    for place, name in enumerate(("left_shoulder", "left_elbow", "left_wrist")):
        straight[skeleton.INDEX[name]] = (place, place, 0)
    arm = np.isin(skeleton.KEYPOINTS, ("left_shoulder", "left_elbow", "left_wrist")).astype(float)
    assert len(Gallery(many).nearest("procrustes", straight, arm, k=3)[0]) == 0
    many[200:] = straight  # nor can such people be compared with a bent one
    exact = pose_distances("procrustes", many[0], many, arm)
    assert np.isnan(exact[200:]).all()
    assert_same(Gallery(many).nearest("procrustes", many[0], arm, k=250), all_exact(exact, 250))


def test_wrong_input() -> None:
    gallery = Gallery(poses("2d", 7, 10))
    with pytest.raises(ValueError, match="3d compares poses of 3 coordinates a joint, these have 2"):
        gallery.nearest("3d", np.zeros((17, 3)), k=1)
    with pytest.raises(ValueError, match="unknown metric"):
        gallery.lower_bounds("2D", np.zeros((17, 2)))
    with pytest.raises(ValueError, match=r"query of shape \(17, 2\)"):
        gallery.nearest("2d", np.zeros((16, 2)), k=1)
    with pytest.raises(ValueError, match="k must be at least 1"):
        gallery.nearest("2d", np.zeros((17, 2)), k=0)
    with pytest.raises(ValueError, match=r"points of shape \(N, 17, 2 or 3\)"):
        Gallery(np.zeros((4, 17, 4)))


@few
@given(seeds, st.integers(1, 40), st.floats(0, 0.3), st.booleans())
def test_reaching_needs_only_lower_bounds(seed: int, k: int, slack: float, compiled: bool) -> None:
    random = np.random.default_rng(seed)
    exact = np.round(random.random(200), 1)  # many ties
    exact[random.random(200) < 0.2] = nan
    bounds = np.where(random.random(200) < 0.1, 0, np.nan_to_num(exact) - slack * random.random(200))
    bounds[np.isnan(exact) & (random.random(200) < 0.5)] = nan
    bounds = np.nextafter(bounds.astype(np.float32), np.float32(-1)) if compiled else bounds
    asked: list[NDArray[np.intp]] = []

    def look(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        asked.append(rows)
        return exact[rows]

    assert_same(nearest_by(bounds, look, k, compiled=compiled), all_exact(exact, k))
    rows, distances = reaching(bounds, look, k, compiled=compiled)
    np.testing.assert_array_equal(distances, exact[rows])
    assert set(rows) >= set(np.flatnonzero(exact <= all_exact(exact, k)[1][-1]))


def test_keep_best_keeps_the_smallest() -> None:
    from contrapposto.scan.best import keep_best

    values = np.random.default_rng(8).random(1000).astype(np.float32)
    values[::7] = nan
    for k in (1, 2, 3, 50, 1000):
        best = np.full(k, np.inf, np.float32)
        keep_best(best, values[:300], -1.0)
        keep_best(best, values[300:], -1.0)
        assert best[0] == best.max()
        expected = np.sort(values[~np.isnan(values)])[:k]
        np.testing.assert_array_equal(np.sort(best)[: len(expected)], expected)
        half = np.full(3, np.inf, np.float32)
        keep_best(half, values, 0.5)
        assert np.sort(half).tolist() == np.sort(values[values > 0.5])[:3].tolist()


def test_layout_by_hand() -> None:
    from contrapposto.scan.compiled import LANES
    from contrapposto.scan.layout import Layout

    points = np.full((LANES + 1, 17, 2), nan)
    points[:, 0], points[:, 2] = (10, 20), (30, 24)  # side 20, middle (20, 22)
    points[LANES, 2] = (nan, 24)
    laid = Layout.of(points)
    assert laid.blocks.shape == (2, 17, 2, LANES)
    assert laid.blocks[0, 0, :, 5].tolist() == [-0.5, pytest.approx(-0.1)]
    assert laid.blocks[0, 2, :, 5].tolist() == [0.5, pytest.approx(0.1)]
    assert np.isnan(laid.blocks[0, 1]).all()
    assert np.isnan(laid.blocks[1, 2]).all()
    assert np.isnan(laid.blocks[1, :, :, 1:]).all()
    assert laid.sizes[0, 3] == 20
    assert laid.codes[laid.sets[0]].tolist() == [0b101] * LANES
    assert laid.codes[laid.sets[1, :2]].tolist() == [0b1, 0]


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


QUESTION = """
import sys, numpy as np
from contrapposto.scan import Gallery, gallery
points = np.random.default_rng(0).normal(0, 1, (gallery.FEW - {fewer}, 17, 2)).astype(np.float32)
for _ in range(2 + gallery.AFTER // len(points)):
    rows, _ = Gallery(points[:{people}]).nearest('2d', points[5], k=2)
print(rows[0], 'numba' in sys.modules)
"""


def test_few_people_never_load_the_machine_code() -> None:
    assert python(QUESTION.format(fewer=1, people=1000)) == "5 False"


def test_machine_code_without_a_folder_to_keep_it_in(tmp_path: Path) -> None:
    """A file stands where the cache folders would be made, and the package's own folder is not written to."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    cache = str(blocked / "cache")
    code = """
import numba.core.caching as caching
def refuse(*_): raise OSError
caching.InTreeCacheLocator.ensure_cache_path = refuse
from contrapposto.scan.best import keep_best
import numpy as np
best = np.full(1, np.inf, np.float32)
keep_best(best, np.array([3, 2, 4], np.float32), 0.0)
print(best[0])
"""
    found = python(code, CONTRAPPOSTO_CACHE=cache, HOME=cache, XDG_CACHE_HOME=cache)
    assert found == "2.0"


def test_machine_code_is_kept_in_the_cache_folder(tmp_path: Path) -> None:
    code = """
import numpy as np
from contrapposto.scan.best import keep_best
keep_best(np.full(1, np.inf, np.float32), np.ones(3, np.float32), 0.0)
print(sum(keep_best.stats.cache_hits.values()))
"""
    assert python(code, CONTRAPPOSTO_CACHE=str(tmp_path)) == "0"
    assert list((tmp_path / "compiled").rglob("*.nbc"))
    assert python(code, CONTRAPPOSTO_CACHE=str(tmp_path)) == "1"
