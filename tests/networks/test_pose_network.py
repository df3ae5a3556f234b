"""The pose network that ships: shapes, lengths, gradients, and that Thunder in it stays Thunder."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import Tensor, nn  # noqa: E402

from contrapposto.networks.pose_network import FEATURES, PoseNetwork  # noqa: E402
from contrapposto.networks.thunder import CELLS, SIDE, WIDTH, ThunderNetwork  # noqa: E402
from tests.networks.fixed import fixed, images, silent_parameters  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_one_look_gives_heatmaps_embedding_and_pose() -> None:
    network = fixed(PoseNetwork(ThunderNetwork()))
    given = images(2, SIDE)
    with torch.no_grad():
        found = network.found(given)
        heatmaps, embedding = network(given)
        alone = network.thunder(given)
    assert found.logits.shape == heatmaps.shape == (2, 17, CELLS, CELLS)
    assert found.embedding.shape == (2, 128)
    assert found.pose.shape == (2, 12, 2)
    torch.testing.assert_close(found.logits, alone)
    torch.testing.assert_close(heatmaps, torch.sigmoid(alone))
    torch.testing.assert_close(embedding, found.embedding)
    torch.testing.assert_close(torch.linalg.vector_norm(embedding, dim=1), torch.ones(2))
    assert float((embedding[0] - embedding[1]).abs().max()) > 1e-3


def test_nothing_is_left_out_when_it_does_not_learn() -> None:
    network = fixed(PoseNetwork(ThunderNetwork(), dropout=0.5))
    seen = torch.rand(1, WIDTH, 8, 8)
    with torch.no_grad():
        first, again = network.features(seen), network.features(seen)
        torch.testing.assert_close(first, again, rtol=0, atol=0)
        assert first.shape == (1, FEATURES)
        assert float(first.min()) == 0
        assert not torch.equal(network.train().features(seen), first)


class _Parts(nn.Module):
    """What the losses are made of, in one row a picture."""

    def __init__(self, *parts: str) -> None:
        super().__init__()
        self.network, self.parts = fixed(PoseNetwork(ThunderNetwork(), dropout=0.0)), parts

    def forward(self, given: Tensor) -> Tensor:
        found = self.network.found(given)
        return torch.cat([getattr(found, part).flatten(1) for part in self.parts], dim=1)


@pytest.mark.slow
def test_every_weight_is_moved_by_the_loss() -> None:
    """The embedding moves the trunk too, and of it alone what is behind it in no other way."""
    assert silent_parameters(_Parts("logits", "embedding", "pose"), images(2, SIDE)) == []
    silent = silent_parameters(_Parts("embedding"), images(2, SIDE))
    own = {".".join(name.split(".")[1:3]) if "thunder" in name else name.split(".")[1] for name in silent}
    assert own == {"pose", "thunder.branches", "thunder.top", "thunder.down", "thunder.heatmaps"}
