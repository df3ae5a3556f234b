"""The view-invariant network: shapes, unseen joints, simplification and its ONNX file."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.poses.lifting import encode

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.keypoint_embedder import DIMENSION, KeypointEmbedder  # noqa: E402
from contrapposto.training.export import residual_perceptron  # noqa: E402


@pytest.fixture(scope="module")
def network() -> KeypointEmbedder:
    torch.manual_seed(0)
    network = KeypointEmbedder(32, 2)
    for _ in range(20):  # running statistics that are not the initial ones
        network(torch.randn(64, 51) * 2 + 1)
    return network.eval()


def test_a_simplified_network_gives_the_same_and_is_written_exactly(network: KeypointEmbedder) -> None:
    import onnxruntime

    given = torch.randn(10, 51)
    with torch.no_grad():
        before = network(given)
        assert before.shape == (10, DIMENSION)
        network.simplify()
        after = network(given)
    torch.testing.assert_close(after, before, atol=1e-2, rtol=0)
    written = residual_perceptron(network.folded(), {"name": "test"}, given="in", found="out")
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"in": given.numpy()})
    np.testing.assert_allclose(found, after.numpy(), atol=1e-4)


def test_unseen_joints_do_not_change_with_their_coordinates(network: KeypointEmbedder) -> None:
    """What is unseen is NaN; a score that is left beside it, or a coordinate of the two, changes nothing."""
    rng = np.random.default_rng(0)
    points, scores = rng.normal(size=(1, 17, 2)) * 50, np.full((1, 17), 0.8)
    points[0, 9] = np.nan
    others, sure = points.copy(), scores.copy()
    others[0, 9] = (np.nan, 12.0)
    sure[0, 9] = 0.3
    with torch.no_grad():
        first, second = (network(torch.from_numpy(encode(*pair))) for pair in ((points, scores), (others, sure)))
    torch.testing.assert_close(first, second, atol=0, rtol=0)
