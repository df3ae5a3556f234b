"""Layers on pictures against plain loops that follow TensorFlow's definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import WeightsError
from tests.weights.graph_files import convert_and_run, ints, node, reals
from tests.weights.windows import windows


@pytest.mark.parametrize(
    ("padding", "stride", "dilation"),
    [("SAME", 1, 1), ("SAME", 2, 1), ("VALID", 1, 1), ("VALID", 2, 1), ("VALID", 1, 2)],
)
@pytest.mark.parametrize("size", [(3, 3), (2, 5), (1, 1)])
def test_convolution(tmp_path: Path, padding: str, stride: int, dilation: int, size: tuple[int, int]) -> None:
    picture, kernel = reals(2, 9, 12, 3), reals(*size, 3, 4, seed=1)
    conv = node(
        "conv",
        "Conv2D",
        "x",
        "kernel",
        strides=[1, stride, stride, 1],
        dilations=[1, dilation, dilation, 1],
        padding=padding,
        data_format="NHWC",
        explicit_paddings=[],
    )
    (found,) = convert_and_run(tmp_path, [conv], {"kernel": kernel}, {"x": picture}, ["conv"])
    seen = windows(picture, size, stride, padding, dilation, 0)
    np.testing.assert_allclose(found, np.einsum("nhwyxc,yxco->nhwo", seen, kernel), rtol=1e-5, atol=1e-5)


def test_convolution_worked_by_hand(tmp_path: Path) -> None:
    """Stride 2 and SAME on 4 pixels pad one column at the end and none before: 1*1+2*10+3*100, 3*1+4*10."""
    conv = node("conv", "Conv2D", "x", "kernel", strides=[1, 1, 2, 1], padding="SAME")
    kernel = np.array([1, 10, 100], np.float32).reshape(1, 3, 1, 1)
    picture = np.array([1, 2, 3, 4], np.float32).reshape(1, 1, 4, 1)
    (found,) = convert_and_run(tmp_path, [conv], {"kernel": kernel}, {"x": picture}, ["conv"])
    assert found.ravel().tolist() == [321, 43]


@pytest.mark.parametrize("op", ["DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution(tmp_path: Path, op: str, padding: str, stride: int) -> None:
    picture, kernel, bias = reals(1, 7, 6, 3), reals(3, 3, 3, 2, seed=1), reals(6, seed=2)
    fused = op.startswith("Fused")
    inputs = ("x", "kernel", "bias") if fused else ("x", "kernel")
    attributes: dict[str, object] = {"fused_ops": ["BiasAdd", "Relu6"]} if fused else {}
    conv = node("conv", op, *inputs, strides=[1, stride, stride, 1], padding=padding, **attributes)
    (found,) = convert_and_run(tmp_path, [conv], {"kernel": kernel, "bias": bias}, {"x": picture}, ["conv"])
    seen = windows(picture, (3, 3), stride, padding, 1, 0)
    wanted = np.einsum("nhwyxc,yxcm->nhwcm", seen, kernel).reshape(*found.shape[:3], 6)
    wanted = np.clip(wanted + bias, 0, 6) if fused else wanted
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("fused", "wanted"),
    [(["BiasAdd"], [-3, 1, 9]), (["BiasAdd", "Relu"], [0, 1, 9]), (["BiasAdd", "Relu6"], [0, 1, 6])],
)
def test_fused_bias_and_activation(tmp_path: Path, fused: list[str], wanted: list[float]) -> None:
    conv = node(
        "conv", "_FusedConv2D", "x", "kernel", "bias", strides=[1, 1, 1, 1], padding="VALID", fused_ops=fused
    )
    constants = {"kernel": np.array([[[[2]]]], np.float32), "bias": np.array([1], np.float32)}
    picture = np.array([-2, 0, 4], np.float32).reshape(1, 1, 3, 1)
    (found,) = convert_and_run(tmp_path, [conv], constants, {"x": picture}, ["conv"])
    assert found.ravel().tolist() == wanted


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("size", "stride"), [((2, 2), 2), ((3, 3), 1), ((5, 5), 1), ((3, 3), 2)])
def test_max_pool(tmp_path: Path, padding: str, size: tuple[int, int], stride: int) -> None:
    picture = reals(1, 8, 7, 2) - 5
    pool = node("pool", "MaxPool", "x", ksize=[1, *size, 1], strides=[1, stride, stride, 1], padding=padding)
    (found,) = convert_and_run(tmp_path, [pool], {}, {"x": picture}, ["pool"])
    np.testing.assert_array_equal(found, windows(picture, size, stride, padding, 1, -np.inf).max(axis=(3, 4)))


@pytest.mark.parametrize("size", [(8, 10), (2, 3), (4, 5), (7, 4)])
@pytest.mark.parametrize("half_pixel", [True, False])
@pytest.mark.parametrize("computed", [True, False])
def test_resize_bilinear(tmp_path: Path, size: tuple[int, int], half_pixel: bool, computed: bool) -> None:
    picture = reals(2, 4, 5, 3)
    nodes = [node("big", "ResizeBilinear", "x", "size", half_pixel_centers=half_pixel, align_corners=False)]
    constants, feeds = {"size": ints(*size)}, {"x": picture}
    if computed:
        nodes[0]["input"] = ["x", "sum"]
        nodes.append(node("sum", "AddV2", "size", "more"))
        feeds["more"] = ints(1, 0)
    (found,) = convert_and_run(tmp_path, nodes, constants, feeds, ["big"])
    height, width = size[0] + computed, size[1]
    assert found.shape == (2, height, width, 3)
    for row, column in np.ndindex(height, width):
        y, x = row * 4 / height, column * 5 / width
        if half_pixel:
            y, x = (row + 0.5) * 4 / height - 0.5, (column + 0.5) * 5 / width - 0.5
        y, x = min(max(y, 0), 3), min(max(x, 0), 4)
        top, left = int(y), int(x)
        below, right = min(top + 1, 3), min(left + 1, 4)
        upper = picture[:, top, left] * (1 - x + left) + picture[:, top, right] * (x - left)
        lower = picture[:, below, left] * (1 - x + left) + picture[:, below, right] * (x - left)
        np.testing.assert_allclose(found[:, row, column], upper * (1 - y + top) + lower * (y - top), atol=1e-5)


def test_depth_to_space(tmp_path: Path) -> None:
    picture = reals(1, 2, 3, 8)
    (found,) = convert_and_run(
        tmp_path, [node("d", "DepthToSpace", "x", block_size=2, data_format="NHWC")], {}, {"x": picture}, ["d"]
    )
    assert found.shape == (1, 4, 6, 2)
    for y, x, channel in np.ndindex(4, 6, 2):
        assert found[0, y, x, channel] == picture[0, y // 2, x // 2, (y % 2 * 2 + x % 2) * 2 + channel]


def test_a_picture_read_by_layers_and_by_other_operations_stays_one_picture(tmp_path: Path) -> None:
    """Two convolutions in a row, and a sum that reads the first one's result in TensorFlow's layout."""
    picture, one, two = reals(1, 5, 5, 2), reals(3, 3, 2, 2, seed=1), reals(1, 1, 2, 2, seed=2)
    settings = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    nodes = [
        node("a", "Conv2D", "x", "one", **settings),
        node("b", "Conv2D", "a", "two", **settings),
        node("c", "AddV2", "a:0", "b"),
        node("d", "Conv2D", "c", "two", **settings),
    ]
    (found,) = convert_and_run(tmp_path, nodes, {"one": one, "two": two}, {"x": picture}, ["d"])
    a = np.einsum("nhwyxc,yxco->nhwo", windows(picture, (3, 3), 1, "SAME", 1, 0), one)
    wanted = (a + a @ two[0, 0]) @ two[0, 0]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data_format": "NCHW"}, "data format NCHW"),
        ({"padding": "EXPLICIT"}, "padding EXPLICIT"),
        ({"dilations": [1, 2, 2, 1]}, "dilation with the padding SAME"),
        ({"fused_ops": ["BiasAdd", "Tanh"]}, "fused operation Tanh"),
        ({"fused_ops": ["FusedBatchNorm"]}, "FusedBatchNorm"),
    ],
)
def test_settings_that_are_not_covered_are_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    settings: dict[str, object] = {"strides": [1, 1, 1, 1], "padding": "SAME", "fused_ops": ["BiasAdd"]}
    conv = node("conv", "_FusedConv2D", "x", "kernel", "bias", **(settings | change))
    constants = {"kernel": reals(1, 1, 1, 1), "bias": reals(1)}
    with pytest.raises(WeightsError, match=said) as caught:
        convert_and_run(tmp_path, [conv], constants, {"x": reals(1, 2, 2, 1)}, ["conv"])
    assert "conv" in str(caught.value)
