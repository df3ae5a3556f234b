"""The vectors of shots with the shipped weights: what they are made of, and that a moment finds its shot."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.features.rmac import DIMENSION as RMAC
from contrapposto.features.rmac import RMac, unit
from contrapposto.representations.shot_embedding import (
    DIMENSION,
    REPRESENTATION,
    RMAC_DIMENSION,
    WEIGHTS,
    ShotEncoder,
)
from contrapposto.weights.table import find

Array = NDArray[np.float32]


@pytest.fixture(scope="module")
def encoder() -> ShotEncoder:
    return ShotEncoder()


def shots(count: int, length: int) -> Array:
    """(count, length, RMAC) made-up shots, whose frames differ little."""
    rng = np.random.default_rng(0)
    scenes = rng.normal(size=(count, 1, RMAC))
    return unit(scenes + 0.4 * rng.normal(size=(count, length, RMAC)))


def test_it_is_what_it_says(encoder: ShotEncoder) -> None:
    assert (REPRESENTATION.unit, REPRESENTATION.dimension, REPRESENTATION.metric) == ("shot", DIMENSION, "cosine")
    assert RMAC_DIMENSION == RMAC
    assert (*RMac.weights, *ShotEncoder.weights) == WEIGHTS
    assert all(find(name).name == name for name in WEIGHTS)
    for length in (1, 2, 30):
        found = encoder.shot(shots(1, length)[0])
        assert found.shape == (DIMENSION,)
        assert found.dtype == np.float32
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    found = encoder.frame(shots(1, 1)[0, 0])
    assert found.shape == (DIMENSION,)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_a_frame_finds_its_shot(encoder: ShotEncoder) -> None:
    made = shots(40, 6)
    vectors = np.stack([encoder.shot(frames[:-1]) for frames in made])
    scores = np.stack([encoder.frame(frames[-1]) for frames in made]) @ vectors.T
    assert (scores.argmax(axis=1) == np.arange(40)).all()


def test_half_precision_changes_nothing_that_matters(encoder: ShotEncoder) -> None:
    made = shots(5, 3)
    for frames in made:
        exact = encoder.shot(frames)
        assert exact @ encoder.shot(frames.astype(np.float16)) > 0.999
        assert unit(exact.astype(np.float16)) @ exact > 0.9999


@pytest.mark.parametrize("shape", [(0, RMAC), (RMAC,), (3, RMAC - 1)])
def test_other_shapes_are_errors(encoder: ShotEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a shot needs R-MACs"):
        encoder.shot(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="a picture needs an R-MAC"):
        encoder.frame(np.zeros((2, RMAC), np.float32))
