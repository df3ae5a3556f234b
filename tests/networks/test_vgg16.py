"""The trunk of VGG16: its layers, names and maps, and files that hold no such weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import WeightsError
from contrapposto.features.rmac import rmac

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.vgg16 import CHANNELS, DEVIATION, MEAN, Vgg16Trunk, vgg16_maps  # noqa: E402


def test_its_layers_are_those_of_configuration_d() -> None:
    """13 convolutions, 14,714,688 numbers, named as in torchvision's files."""
    state = Vgg16Trunk().state_dict()
    numbers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    assert list(state) == [f"features.{number}.{kind}" for number in numbers for kind in ("weight", "bias")]
    assert sum(tensor.numel() for tensor in state.values()) == 14_714_688


@pytest.mark.slow
def test_weights_on_the_disk_make_maps(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trunk = Vgg16Trunk().eval()
    torch.save({**trunk.state_dict(), "classifier.0.weight": torch.zeros(3)}, tmp_path / "vgg16.pth")
    maps = vgg16_maps(tmp_path / "vgg16.pth", 128)
    picture = np.random.default_rng(0).integers(0, 255, (90, 160, 3)).astype(np.uint8)
    found = maps(picture)
    assert found.shape == (CHANNELS, 72 // 16, 128 // 16)
    assert found.min() >= 0
    assert np.linalg.norm(rmac(found)) == pytest.approx(1, abs=1e-5)
    grey = np.full((64, 64, 3), 100, np.uint8)
    wanted = trunk.features((torch.full((1, 3, 128, 128), 100 / 255) - _column(MEAN)) / _column(DEVIATION))
    np.testing.assert_allclose(maps(grey), wanted[0].detach().numpy(), atol=1e-6)


def _column(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values)[:, None, None]


def test_other_files_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.pth"
    with pytest.raises(WeightsError, match=r"vgg16\.pth holds no weights of VGG16"):
        vgg16_maps(path, 128)
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="no weights of VGG16"):
        vgg16_maps(path, 128)
    torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="no weights of VGG16"):
        vgg16_maps(path, 128)
