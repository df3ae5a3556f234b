"""The networks on photos: shapes, stored outputs, gradients to every weight, and the published weights."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.errors import WeightsError

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks import efficientnet  # noqa: E402
from contrapposto.networks.efficientnet import Head, PoseEmbedder, Trunk  # noqa: E402
from contrapposto.networks.inception import InceptionNetwork  # noqa: E402
from contrapposto.networks.thin_slicing import SHAPES, ChannelNorm, ThinSlicingNetwork  # noqa: E402
from tests.networks.fixed import fixed, images, silent_parameters  # noqa: E402
from tests.networks.onnx_trunk import need_trunk  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def small_embedder() -> PoseEmbedder:
    return PoseEmbedder(Trunk("efficientnet-lite0"), Head())


def test_thin_slicing_has_the_published_shapes() -> None:
    network = fixed(ThinSlicingNetwork())
    found = []
    tensor = images(1, 112)
    for layer in network.trunk:
        tensor = layer(tensor)
        if isinstance(layer, torch.nn.MaxPool2d | torch.nn.Conv2d):
            found.append(tuple(tensor.shape[1:]))
    assert [found[place] for place in (0, 1, 2, 3, 6, 7)] == list(SHAPES)
    assert network.head[1].in_features == 4608
    assert network.head[1].out_features == 2048


@pytest.mark.parametrize(
    ("make", "side", "golden"),
    [
        (ThinSlicingNetwork, 112, [-0.00895, 0.1491, 0.05308, -0.03203, -0.03722, 0.1427, 0.06929, -0.0438]),
        (InceptionNetwork, 128, [0.03005, 0.01422, -0.03679, 0.04761, 0.03168, 0.01258, -0.03685, 0.05724]),
        (
            lambda: PoseEmbedder(Trunk("efficientnet-lite0"), Head()),
            96,
            [-0.00734, 0.10305, -0.09879, -0.00392, -0.02201, 0.10986, -0.06328, -0.00356],
        ),
    ],
    ids=["thin-slicing", "inception", "efficientnet-lite0"],
)
def test_outputs_are_those_that_are_stored(make, side: int, golden: list[float]) -> None:  # type: ignore[no-untyped-def]
    network = fixed(make())
    with torch.no_grad():
        both = network(images(2, side)).numpy()
        alone = network(images(2, side)[1:]).numpy()
    assert both.shape == (2, 128)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(both[1], alone[0], atol=1e-5)
    np.testing.assert_allclose([*both[0, :4], *both[1, :4]], golden, atol=2e-4)


def test_without_unit_length_vectors_have_any() -> None:
    network = fixed(InceptionNetwork(width=5, unit=False))
    with torch.no_grad():
        found = network(images(2, 64)).numpy()
    assert found.shape == (2, 5)
    assert (np.abs(np.linalg.norm(found, axis=1) - 1) > 1e-2).all()


def test_every_weight_is_moved_by_the_loss() -> None:
    """The published code of thin slicing never moved its first convolution."""
    assert silent_parameters(fixed(ThinSlicingNetwork(dropout=0.0)), images(2, 112)) == []
    assert silent_parameters(fixed(PoseEmbedder(Trunk(), Head(hidden=64, width=16))), images(2, 64)) == []


@pytest.mark.slow
def test_every_weight_of_inception_is_moved_by_the_loss() -> None:
    assert silent_parameters(fixed(InceptionNetwork()), images(2, 64)) == []


def test_the_normalisation_over_channels_is_pytorchs_with_its_gradient() -> None:
    given = torch.from_numpy(np.random.default_rng(0).normal(0, 60, (2, 7, 3, 4))).requires_grad_()
    reference = torch.nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)
    torch.testing.assert_close(ChannelNorm()(given).float(), reference(given).float(), rtol=1e-4, atol=1e-4)
    (wanted,) = torch.autograd.grad(reference(given).sum(), given)
    (found,) = torch.autograd.grad(ChannelNorm()(given).sum(), given)
    torch.testing.assert_close(found.float(), wanted.float(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "blocks", "million"), [("0", 16, 3.4), ("1", 21, 4.1), ("2", 21, 4.8)])
def test_trunks_have_the_published_sizes(name: str, blocks: int, million: float) -> None:
    trunk = Trunk(f"efficientnet-lite{name}")
    assert len(trunk._blocks) == blocks
    assert sum(parameter.numel() for parameter in trunk.parameters()) / 1e6 == pytest.approx(million, abs=0.05)


def test_a_map_is_a_32nd_rounded_up() -> None:
    trunk = fixed(Trunk())
    with torch.no_grad():
        assert trunk.map(images(1, 65)).shape == (1, 1280, 3, 3)
        assert trunk(images(1, 65)).shape == (1, 1280)


def test_a_foreign_state_dict_is_an_error() -> None:
    with pytest.raises(ValueError, match="efficientnet-lite2"):
        Trunk("efficientnet-lite9")
    with pytest.raises(WeightsError, match="efficientnet-lite0"):
        Trunk("efficientnet-lite0").load(Trunk("efficientnet-lite2").state_dict())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite2"])
def test_the_published_weights_give_what_the_onnx_file_gives(name: str) -> None:
    session = need_trunk(name)
    trunk = efficientnet.pretrained(name).eval()
    given = torch.cat([images(2, 161), images(2, 161, seed=3) * 0.3], dim=0)[..., :150]
    with torch.no_grad():
        found = trunk(given).numpy()
        last = trunk.map(given).numpy()
    features, wanted = session.run(["features", "map"], {"image": given.numpy()})
    np.testing.assert_allclose(found, features, atol=1e-4)
    np.testing.assert_allclose(last, wanted, atol=1e-4 * max(1.0, float(np.abs(wanted).max())))
