"""MoveNet Thunder as a PyTorch network: its shapes, and the published weights give what the ONNX file gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contrapposto import demo, weights
from contrapposto.errors import DataError
from contrapposto.media.sampling import Region
from contrapposto.poses.heatmap import as_input
from contrapposto.poses.heatmaps import decode
from contrapposto.poses.thunder import Thunder
from tests.networks import need
from tests.poses.small_networks import write_heatmaps

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.thunder import CELLS, HEATMAPS, SIDE, WIDTH, Convolution, ThunderNetwork  # noqa: E402
from tests.networks.fixed import fixed, images, silent_parameters  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_shapes() -> None:
    network = fixed(ThunderNetwork())
    with torch.no_grad():
        found = network.found(images(2, SIDE))
        alone = network(images(2, SIDE)[1:])
    assert found.logits.shape == (2, 17, CELLS, CELLS)
    assert found.map.shape == (2, WIDTH, 8, 8)
    assert float(found.map.min()) == 0
    assert 0 < float(found.map.max()) <= 6
    torch.testing.assert_close(found.logits[1:], alone, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("blocks", [0, 1, 2, 5, 16])
def test_it_can_go_on_from_any_block(blocks: int) -> None:
    network = fixed(ThunderNetwork())
    with torch.no_grad():
        whole = network.found(images(2, SIDE))
        found = network.ended(network.begun(images(2, SIDE), blocks))
    assert torch.equal(found.logits, whole.logits)
    assert torch.equal(found.map, whole.map)


def test_it_is_as_large_as_mobilenet_of_that_width() -> None:
    """Three convolutions enter, 16 blocks have three each, and one leaves; then branches, pyramid and heatmaps."""
    layers = [layer for layer in ThunderNetwork().modules() if isinstance(layer, Convolution)]
    wide = [layer.inner for layer in layers if layer.inner.out_channels == 1680]
    assert len(layers) == 3 + 3 * 16 + 1 + 3 + 1 + 2 * 3 + 3
    assert [layer.groups for layer in wide] == [1, 1680] * 3, "each channel of the 3x3 ones is on its own"
    assert sum(layer.inner.weight.numel() for layer in layers) == pytest.approx(6.1e6, rel=0.02)


def test_a_stride_pads_below_and_at_the_right_alone() -> None:
    """As TensorFlow does it: of 4 x 4 pixels the first one of each 3 x 3 is a corner of the picture."""
    layer = Convolution(1, 2, 3, 2, bias=False)
    with torch.no_grad():
        layer.inner.weight[:] = torch.arange(1.0, 10).reshape(3, 3)
        given = torch.zeros(1, 1, 4, 4)
        given[0, 0, 0, 0], given[0, 0, 3, 3] = 1, 10
        found = layer(given)
    assert found.shape == (1, 2, 2, 2)
    assert found[0, 0].tolist() == [[1, 0], [0, 50]]


@pytest.mark.slow
def test_every_weight_is_moved_by_the_loss() -> None:
    assert silent_parameters(fixed(ThunderNetwork()), images(2, SIDE)) == []


def test_the_published_weights_give_what_the_onnx_file_gives() -> None:
    """The very heatmaps; and the keypoints, that the file finds by more than its heatmaps, within a cell."""
    need("movenet-thunder")
    import onnx
    import onnxruntime

    path = weights.path("movenet-thunder")
    model = onnx.load(str(path))
    (name,) = [output for node in model.graph.node for output in node.output if output.endswith(HEATMAPS)]
    model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    photo = np.asarray(Image.open(demo.photos() / "photo_010.jpg").convert("RGB"))
    whole = Region(photo.shape[1] / 2, photo.shape[0] / 2, max(photo.shape[:2]))
    patch = whole.cut(photo, SIDE)
    (wanted,) = session.run([name], {session.get_inputs()[0].name: patch[None].astype(np.int32)})
    network = ThunderNetwork.of(path).eval()
    with torch.no_grad():
        logits = network(torch.from_numpy(as_input(patch[None])))
    np.testing.assert_allclose(logits.numpy(), wanted.transpose(0, 3, 1, 2), atol=2e-3)
    places, heights = decode(torch.sigmoid(logits[0]).numpy())
    estimate = Thunder()(photo, whole)
    sure = estimate.scores > 0.4
    assert sure.sum() > 10
    away = np.linalg.norm(whole.to_picture(places * SIDE / CELLS, SIDE) - estimate.points, axis=1)
    assert away[sure].max() < whole.side / CELLS
    assert np.abs(heights - estimate.scores)[sure].max() < 0.2


def test_what_is_not_thunder_is_an_error(tmp_path: Path) -> None:
    other = write_heatmaps(tmp_path / "other.onnx")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no ONNX")
    for path, said in (
        (other, "its 0 convolutions are not the 65 of MoveNet Thunder"),
        (weights.path("pose-network"), "not the 65 of MoveNet Thunder"),
        (damaged, "cannot be read as ONNX"),
        (tmp_path / "none.onnx", "cannot be read as ONNX"),
    ):
        with pytest.raises(DataError, match=said):
            ThunderNetwork.of(path)


def test_another_width_is_not_thunder() -> None:
    need("movenet-lightning")
    with pytest.raises(DataError, match="convolutions are not the 65 of MoveNet Thunder"):
        ThunderNetwork.of(weights.path("movenet-lightning"))
