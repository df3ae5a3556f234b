"""The graph of EfficientNet-lite against plain NumPy, on a small random state dict, and reading the checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from contrapposto.errors import WeightsError
from contrapposto.weights import efficientnet
from tests.weights.checkpoints import checkpoint
from tests.weights.windows import windows

Real = NDArray[np.float32]

BLOCKS = [
    # width in, width out, kernel, stride, widened
    (4, 3, 3, 1, False),
    (3, 5, 3, 2, True),
    (5, 5, 3, 1, True),
    (5, 6, 5, 2, True),
    (6, 7, 3, 2, True),
    (7, 7, 3, 1, True),
    (7, 8, 5, 1, True),
    (8, 9, 5, 2, True),
    (9, 10, 3, 1, True),
]
"""Seven stages, the second and fourth with two blocks."""


def small_state() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    state: dict[str, Any] = {}

    def layer(convolution: str, norm: str, out: int, into: int, size: int) -> None:
        state[f"{convolution}.weight"] = rng.normal(0, 0.6, (out, into, size, size)).astype(np.float32)
        state[f"{norm}.weight"] = rng.uniform(0.5, 2, out).astype(np.float32)
        state[f"{norm}.bias"] = rng.normal(0, 1, out).astype(np.float32)
        state[f"{norm}.running_mean"] = rng.normal(0, 1, out).astype(np.float32)
        state[f"{norm}.running_var"] = rng.uniform(0.001, 2, out).astype(np.float32)

    layer("_conv_stem", "_bn0", 4, 3, 3)
    for k, (into, out, size, _, widened) in enumerate(BLOCKS):
        wide = into * 2 if widened else into
        if widened:
            layer(f"_blocks.{k}._expand_conv", f"_blocks.{k}._bn0", wide, into, 1)
        layer(f"_blocks.{k}._depthwise_conv", f"_blocks.{k}._bn1", wide, 1, size)
        layer(f"_blocks.{k}._project_conv", f"_blocks.{k}._bn2", out, wide, 1)
    layer("_conv_head", "_bn1", 12, 10, 1)
    state["_fc.weight"] = rng.normal(0, 1, (6, 12)).astype(np.float32)
    state["_fc.bias"] = rng.normal(0, 1, 6).astype(np.float32)
    return state


def by_hand(state: dict[str, Any], image: Real) -> tuple[Real, Real, Real]:
    """features, logits and map, channels last inside, normalisation after each convolution."""

    def layer(
        x: Real, convolution: str, norm: str, stride: int = 1, deep: bool = False, active: bool = True
    ) -> Real:
        kernel = state[f"{convolution}.weight"]
        seen = windows(x, kernel.shape[2:], stride, "SAME", 1, 0)
        y = np.einsum("nhwyxc,cyx->nhwc" if deep else "nhwyxc,ocyx->nhwo", seen, kernel[:, 0] if deep else kernel)
        y = (y - state[f"{norm}.running_mean"]) / np.sqrt(state[f"{norm}.running_var"] + 0.001)
        y = y * state[f"{norm}.weight"] + state[f"{norm}.bias"]
        return np.clip(y, 0, 6) if active else y

    x = layer(image.transpose(0, 2, 3, 1), "_conv_stem", "_bn0", 2)
    for k, (into, out, _, stride, widened) in enumerate(BLOCKS):
        name = f"_blocks.{k}"
        y = layer(x, f"{name}._expand_conv", f"{name}._bn0") if widened else x
        y = layer(y, f"{name}._depthwise_conv", f"{name}._bn1", stride, deep=True)
        y = layer(y, f"{name}._project_conv", f"{name}._bn2", active=False)
        x = x + y if stride == 1 and into == out else y
    last = layer(x, "_conv_head", "_bn1")
    features = last.mean((1, 2))
    return features, features @ state["_fc.weight"].T + state["_fc.bias"], last.transpose(0, 3, 1, 2)


@pytest.mark.parametrize("size", [(64, 64), (47, 66), (33, 31)])
def test_small_network(size: tuple[int, int]) -> None:
    state = small_state()
    model = efficientnet.graph(state)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [output.name for output in session.get_outputs()] == ["features", "logits", "map"]
    image = np.random.default_rng(1).uniform(-1, 1, (2, 3, *size)).astype(np.float32)
    found = session.run(None, {"image": image})
    assert found[2].shape[2:] == (-(-size[0] // 32), -(-size[1] // 32))
    for mine, wanted in zip(found, by_hand(state, image), strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=1e-3, atol=1e-3)


def test_other_networks_are_refused() -> None:
    state = {name: value for name, value in small_state().items() if not name.startswith("_blocks.8")}
    with pytest.raises(ValueError, match="6 stages"):
        efficientnet.graph(state)


def test_another_file_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"no checkpoint", checkpoint({"_fc.weight": np.zeros((2, 2), np.float32)})):
        (tmp_path / "some.pth").write_bytes(data)
        with pytest.raises(WeightsError, match=r"some\.pth is not the EfficientNet-lite") as caught:
            efficientnet.convert(tmp_path / "some.pth")
        assert "\n" not in str(caught.value)


def test_a_checkpoint_becomes_the_graph_of_its_state(tmp_path: Path) -> None:
    (tmp_path / "some.pth").write_bytes(checkpoint(small_state()))
    assert efficientnet.convert(tmp_path / "some.pth") == efficientnet.graph(small_state())
