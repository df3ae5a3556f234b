"""The regressors of the cascade: published shapes, gradients, and what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.deeppose import CELLS, SIDE, WIDTH, AlexTrunk, Exported, Head, Stage  # noqa: E402
from contrapposto.networks.efficientnet import Trunk  # noqa: E402
from contrapposto.training.export import write  # noqa: E402
from tests.networks.fixed import fixed, silent_parameters  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_the_published_trunk_has_its_shapes() -> None:
    """C(55x55x96) - P - C(27x27x256) - P - C(13x13x384) - C(13x13x384) - C(13x13x256) - P."""
    found = []
    tensor = torch.zeros(1, 3, SIDE, SIDE)
    with torch.no_grad():
        for layer in AlexTrunk().layers:
            tensor = layer(tensor)
            if isinstance(layer, torch.nn.Conv2d):
                found.append(tuple(tensor.shape[1:]))
    assert found == [(96, 55, 55), (256, 27, 27), (384, 13, 13), (384, 13, 13), (256, 13, 13)]
    assert tensor.shape[1] * tensor.shape[2] * tensor.shape[3] == CELLS * WIDTH == 9216


def test_the_published_stage_is_as_large_as_that_of_krizhevsky() -> None:
    stage = Stage(AlexTrunk(), torch.nn.Identity(), Head(CELLS * WIDTH, 14))
    hidden = [layer.out_features for layer in stage.modules() if isinstance(layer, torch.nn.Linear)]
    assert hidden == [4096, 4096, 28]
    assert [layer.p for layer in stage.modules() if isinstance(layer, torch.nn.Dropout)] == [0.6, 0.6]


def test_places_begin_in_the_middle_and_every_weight_is_moved() -> None:
    first, last, width = fixed(Trunk()).parts()
    stage = Stage(first, last, Head(width * 2, 5, hidden=16, dropout=0.0))
    images = torch.randn(2, 3, 32, 64)
    assert stage(images).shape == (2, 5, 2)
    assert float(stage(images).detach().abs().max()) < 0.1
    assert silent_parameters(stage, images) == []


@pytest.mark.slow
def test_what_is_written_is_the_stage(tmp_path: Path) -> None:
    first, last, width = fixed(Trunk()).parts()
    whole = Exported(first, Stage(None, last, Head(width * 4, 12, hidden=32)))
    torch.nn.init.normal_(whole.stage.head.last.weight)
    path = tmp_path / "stage-1.onnx"
    difference = write(whole, [torch.rand(3, 3, 64, 64)], path, "a test", found=("joints",), more={"sigma": "1.5"})
    assert difference < 1e-4
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    assert session.get_modelmeta().custom_metadata_map["sigma"] == "1.5"
    assert session.run(None, {"image": torch.rand(5, 3, 64, 64).numpy()})[0].shape == (5, 12, 2)
