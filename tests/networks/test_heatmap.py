"""The simple baseline and attention on it: shapes, what attends what, and what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.attention import KINDS, CrfMasks  # noqa: E402
from contrapposto.networks.efficientnet import Trunk  # noqa: E402
from contrapposto.networks.heatmap import Decoder, Exported, HeatmapNetwork, ShortLast  # noqa: E402
from contrapposto.networks.resnet import ResNet50  # noqa: E402
from contrapposto.training.export import write  # noqa: E402
from tests.networks.fixed import fixed, silent_parameters  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def trained(network: torch.nn.Module) -> torch.nn.Module:
    """With weights of a usual size, so that all of it counts."""
    for name, weight in network.named_parameters():
        if weight.dim() > 1 and "unary" not in name:
            torch.nn.init.normal_(weight, std=(2 / weight[0].numel()) ** 0.5)
    return network.eval()


def test_the_decoder_has_the_published_shapes_and_weights() -> None:
    decoder = Decoder(2048, 17, (8, 6))
    shapes = [tuple(layer[0].weight.shape) for layer in decoder.layers]
    assert shapes == [(2048, 256, 4, 4), (256, 256, 4, 4), (256, 256, 4, 4)]
    with torch.no_grad():
        assert decoder.eval()(torch.randn(1, 2048, 8, 6)).shape == (1, 17, 64, 48)


@pytest.mark.slow
def test_resnet_50_with_its_decoder_is_as_large_as_published() -> None:
    """34.0 million weights (Xiao et al. 2018, table 2)."""
    network = ResNet50()
    decoder = Decoder(2048, 17, (8, 6))
    count = sum(weight.numel() for part in (network, decoder) for weight in part.parameters())
    assert count == pytest.approx(34.0e6, rel=2e-3)
    with torch.no_grad():
        assert network.eval().first(torch.randn(1, 3, 64, 64)).shape == (1, 1024, 4, 4)
        assert network(torch.randn(1, 3, 64, 64)).shape == (1, 2048, 2, 2)


def test_the_parts_of_efficientnet_are_the_whole_one_but_for_its_last_convolution() -> None:
    trunk = fixed(Trunk())
    first, last, width = trunk.parts()
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        seen = first(images)
        whole = torch.nn.functional.relu6(trunk._bn1(trunk._conv_head(last(seen))))
        torch.testing.assert_close(whole, trunk.map(images))
    assert seen.shape == (2, 112, 4, 6)
    assert last(seen).shape == (2, width, 2, 3)
    assert ShortLast()(seen).shape == (2, ShortLast.width, 2, 3)


@pytest.mark.parametrize("holistic", [None, "softmax", "crf"])
@pytest.mark.parametrize("parts", [None, *KINDS])
def test_masks_attend_the_map_and_the_parts(holistic, parts) -> None:  # type: ignore[no-untyped-def]
    """Against features attended one by one: a part's mask before its own 1x1 convolution."""
    decoder = trained(Decoder(6, 3, (2, 2), 5, holistic, parts))
    torch.nn.init.normal_(decoder.bias)
    seen = torch.randn(2, 6, 2, 2)
    with torch.no_grad():
        found = decoder.found(seen)
        tensors = [seen]
        for layer in decoder.layers:
            tensors.append(layer(tensors[-1]))
        last = tensors[-1]
        if holistic:
            sizes = [tuple(mask.shape) for mask in found.scales]
            assert sizes == [(2, 1, 2, 2), (2, 1, 4, 4), (2, 1, 8, 8), (2, 1, 16, 16)]
            every = [mask(tensor) for mask, tensor in zip(decoder.holistic, tensors, strict=True)]
            total = sum(
                mask.repeat_interleave(16 // mask.shape[2], 2).repeat_interleave(16 // mask.shape[3], 3)
                for mask in every
            )
            torch.testing.assert_close(found.holistic, total)
            last = last * total
        else:
            assert found.scales == ()
            assert found.holistic is None
        masks = decoder.parts(last) if parts else torch.ones(2, 3, 16, 16)
        for joint in range(3):
            attended = last * masks[:, joint : joint + 1]
            wanted = (attended * decoder.final.weight[joint]).sum(dim=1) + decoder.bias[joint]
            torch.testing.assert_close(found.heatmaps[:, joint], wanted, atol=1e-5, rtol=1e-4)
    assert (found.parts is None) == (parts is None)


def test_each_scale_has_its_own_masks() -> None:
    """The published code used the first map for two scales, and kernels of one cell."""
    decoder = Decoder(6, 3, (8, 6), 5, "crf", "crf")
    assert [mask.unary.in_channels for mask in decoder.holistic] == [6, 5, 5, 5]
    assert len({id(mask) for mask in decoder.holistic}) == 4
    assert [mask.kernel.shape[-1] for mask in decoder.holistic] == [3, 3, 5, 11]
    assert isinstance(decoder.parts, CrfMasks)
    assert decoder.parts.kernel.shape == (3, 1, 11, 11)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_weight_is_moved_by_the_loss(kind) -> None:  # type: ignore[no-untyped-def]
    network = HeatmapNetwork(None, ShortLast(), Decoder(ShortLast.width, 12, (2, 2), 8, kind, kind))
    trained(network).train()
    if kind == "transformer":
        for masks in (*network.decoder.holistic, network.decoder.parts):
            torch.nn.init.normal_(masks.place[-1].weight, std=0.1)
    assert silent_parameters(network, torch.randn(4, 112, 4, 4)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_written_is_the_network(kind, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    first, _, _ = fixed(Trunk()).parts()
    network = HeatmapNetwork(None, ShortLast(), Decoder(ShortLast.width, 12, (2, 2), 8, kind, kind))
    whole = Exported(first, trained(network))
    assert whole.names == ("heatmaps", "scale0", "scale1", "scale2", "scale3", "holistic", "parts")
    images = torch.rand(3, 3, 64, 64) * 2 - 1
    difference = write(whole, [images], tmp_path / "heatmap.onnx", "a test", found=whole.names)
    assert difference < 1e-4
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "heatmap.onnx"))
    found = dict(zip(whole.names, session.run(None, {"image": images.numpy()}), strict=True))
    assert found["heatmaps"].shape == (3, 12, 16, 16)
    assert found["parts"].shape == (3, 12, 16, 16)
    assert np.isfinite(found["heatmaps"]).all()
