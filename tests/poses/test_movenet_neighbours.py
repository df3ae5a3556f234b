"""People who stand beside each other: nobody is taken for the neighbour."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from contrapposto import demo
from contrapposto.geometry import oks
from contrapposto.media.sampling import only
from contrapposto.poses import PoseEstimator, make_estimator
from contrapposto.records import Box
from tests.networks import need


@pytest.fixture(scope="module")
def movenet() -> PoseEstimator:
    need("movenet-multipose", "movenet-thunder")
    return make_estimator("movenet")


@pytest.mark.parametrize(
    "name", ["photo_002.jpg", "photo_142.jpg", "photo_219.jpg", "photo_254.jpg", "photo_257.jpg"]
)
def test_everybody_in_a_group_is_found_once(movenet: PoseEstimator, name: str) -> None:
    """In each photo the square around one person's box holds a neighbour, with whom Thunder answers."""
    found = movenet(np.asarray(Image.open(demo.photos() / name).convert("RGB")))
    real = [person for person in demo.truth().people if person.file == name]
    assert len(found) == len(real) >= 2
    alike = np.array(
        [[oks(person.pose.keypoints, who.seen_keypoints, 0.53 * who.box.area) for person in found] for who in real]
    )
    assert alike.max(axis=1).min() >= 0.5
    assert sorted(alike.argmax(axis=1)) == list(range(len(real))), "no person is found for two"


def test_only_keeps_the_grown_box() -> None:
    """A box of 4 x 2 grown by a quarter of 4: columns 2 to 7, rows 3 to 6."""
    image = np.arange(1, 12 * 10 * 3 + 1).reshape(10, 12, 3).astype(np.uint8) | 1
    kept = only(image, Box(3.0, 4.0, 4.0, 2.0), 0.25)
    inside = np.zeros((10, 12), bool)
    inside[3:7, 2:8] = True
    np.testing.assert_array_equal(kept[inside], image[inside])
    assert not kept[~inside].any()


def test_only_at_and_beyond_the_edge() -> None:
    image = np.full((6, 8, 3), 200, np.uint8)
    corner = only(image, Box(-5.0, -3.0, 7.0, 5.0), 0.0)
    assert corner[:2, :2].min() == 200
    assert corner.sum() == 200 * 2 * 2 * 3
    assert image.min() == 200, "the picture itself stays"
    for outside in (Box(-9.0, -9.0, 4.0, 4.0), Box(20.0, 1.0, 3.0, 3.0), Box(1.0, 9.0, 3.0, 3.0)):
        assert not only(image, outside, 0.1).any()
    np.testing.assert_array_equal(only(image, Box(-1.0, -1.0, 10.0, 8.0), 0.5), image)
