"""Weights rounded to bytes: what rounding changes, and that files hold bytes without loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import Tensor, nn  # noqa: E402

from contrapposto.training.export import SMALL, round_to_bytes, same, write  # noqa: E402


class Small(nn.Module):
    """Convolutions, one of them of each channel on its own, and layers that see all."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 96, 3, padding=1)
        self.alone = nn.Conv2d(96, 96, 5, groups=96, bias=False)
        self.last = nn.Linear(96, 2000)
        self.little = nn.Linear(96, 5)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.relu(self.alone(torch.relu(self.first(images)))).mean((2, 3))
        return self.last(seen), self.little(seen)


@pytest.fixture
def network() -> Small:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    made = Small()
    with torch.no_grad():
        made.first.weight[3] = 0
        made.last.weight[7] *= 1000
    return made


def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (3, 3, 12, 12)).astype(np.float32))


def stored(path: Path) -> dict[str, Any]:
    import onnx
    from onnx import numpy_helper

    return {item.name: numpy_helper.to_array(item) for item in onnx.load(str(path)).graph.initializer}


def write_both(network: nn.Module, path: Path) -> float:
    return write(network, [images()], path, "a test", found=("many", "few"))


def test_rounding_moves_no_weight_by_more_than_half_a_level(network: Small) -> None:
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    round_to_bytes(network)
    for name, value in network.named_parameters():
        moved = (value.detach() - before[name]).abs()
        if name in ("first.weight", "alone.weight", "last.weight"):
            assert value.numel() >= SMALL
            level = before[name].flatten(1).abs().amax(1) / 127
            assert (moved.flatten(1).amax(1) <= level * 0.5001).all(), "of its own channel"
            assert float(moved.max()) > 0
            numbers = (value.detach().flatten(1) / level[:, None]).nan_to_num()
            assert float((numbers - numbers.round()).abs().max()) < 1e-3
            assert float(numbers.abs().max()) == pytest.approx(127, abs=1e-3)
        else:
            assert torch.equal(value, before[name].half().float()), name
    assert not network.first.weight[3].any(), "a channel of zeros stays so"
    after = {name: value.detach().clone() for name, value in network.named_parameters()}
    round_to_bytes(network)
    assert all(torch.equal(value, after[name]) for name, value in network.named_parameters())


def test_a_rounded_network_is_written_as_bytes_without_loss(network: Small, tmp_path: Path) -> None:
    assert write_both(network, tmp_path / "whole.onnx") < 1e-5
    round_to_bytes(network)
    assert write_both(network, tmp_path / "bytes.onnx") < 1e-5
    assert same(network, tmp_path / "bytes.onnx", [images() * 3]) < 1e-5
    found = stored(tmp_path / "bytes.onnx")
    for name, weight in (("first", network.first), ("alone", network.alone), ("last", network.last)):
        levels, scales = found[f"{name}.weight.levels"], found[f"{name}.weight.scales"]
        assert (levels.dtype, scales.dtype) == (np.int8, np.float32)
        assert levels.shape == tuple(weight.weight.shape)
        assert scales.shape == (len(levels), *[1] * (levels.ndim - 1))
        np.testing.assert_array_equal(levels.astype(np.float32) * scales, weight.weight.detach().numpy())
        assert f"{name}.weight" not in found
    assert found["last.bias.half"].dtype == np.float16, "one axis has no channels"
    assert found["little.weight"].dtype == np.float32, "too few numbers to gain by it"
    sizes = [(tmp_path / f"{name}.onnx").stat().st_size for name in ("bytes", "whole")]
    assert sizes[0] / sizes[1] == pytest.approx(0.26, abs=0.03)


def test_what_is_not_rounded_is_written_whole(network: Small, tmp_path: Path) -> None:
    round_to_bytes(network)
    with torch.no_grad():
        network.last.weight[0, 0] *= 1.001
    assert write_both(network, tmp_path / "a.onnx") < 1e-5
    found = stored(tmp_path / "a.onnx")
    assert found["last.weight"].dtype == np.float32
    assert found["alone.weight.levels"].dtype == np.int8
