"""Reading the files: quantised weights, names, control inputs, and files that are not as they should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto.errors import WeightsError
from contrapposto.weights import tfjs
from contrapposto.weights.tfjs_model import read_model
from tests.weights.graph_files import Quantised, convert_and_run, ints, node, reals, write_model


def test_weights_are_decoded_in_their_order(tmp_path: Path) -> None:
    """Worked by hand: stored * scale + least; float16 holds 1.5 exactly; integers are rounded."""
    constants = {
        "plain": np.array([0.1, -2], np.float32),
        "bytes": Quantised(np.array([0, 4, 255], np.uint8), scale=0.5, least=-1.0),
        "words": Quantised(np.array([[1000], [0]], np.uint16), scale=0.001, least=2.0),
        "halves": Quantised(np.array([1.5, -0.25], np.float16)),
        "whole": Quantised(np.array([0, 1, 2], np.uint8), dtype="int32", scale=1.4, least=0.0),
        "flags": np.array([True, False]),
        "number": np.array(-7, np.int32),
    }
    path = write_model(tmp_path, [], constants, {}, [])
    found = read_model(path).constants
    assert found["plain"].tolist() == np.array([0.1, -2], np.float32).tolist()
    assert found["bytes"].tolist() == [-1, 1, 126.5]
    np.testing.assert_allclose(found["words"], [[3.0], [2.0]], rtol=1e-6)
    assert found["halves"].tolist() == [1.5, -0.25]
    assert found["whole"].tolist() == [0, 1, 3]
    assert found["flags"].tolist() == [True, False]
    assert found["number"] == -7
    kinds = {name: value.dtype.name for name, value in found.items()}
    assert kinds["bytes"] == kinds["words"] == kinds["halves"] == "float32"
    assert kinds["whole"] == kinds["number"] == "int32"


def test_quantised_kernel_in_a_graph(tmp_path: Path) -> None:
    kernel = Quantised(np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3), scale=0.25, least=-0.5)
    conv = node("y", "Conv2D", "x", "kernel", strides=[1, 1, 1, 1], padding="VALID")
    picture = reals(1, 2, 2, 2)
    (found,) = convert_and_run(tmp_path, [conv], {"kernel": kernel}, {"x": picture}, ["y"])
    np.testing.assert_allclose(found, picture @ (np.arange(6).reshape(2, 3) * 0.25 - 0.5), rtol=1e-5, atol=1e-6)


def test_control_inputs_order_and_unused_nodes_do_not_matter(tmp_path: Path) -> None:
    """`y` comes before what it reads; `unused` holds an operation that is not covered, and no output needs it."""
    nodes = [
        node("y", "Mul", "z", "two:0", "^unused"),
        node("unused", "NotCovered", "x"),
        node("z", "AddV2", "x:0", "two", "^x"),
    ]
    (found,) = convert_and_run(tmp_path, nodes, {"two": np.array([2], np.float32)}, {"x": reals(3)}, ["y"])
    np.testing.assert_allclose(found, (reals(3) + 2) * 2)


def test_names_order_and_free_sizes_come_from_the_signature(tmp_path: Path) -> None:
    nodes = [node("b", "Abs", "x"), node("a", "Exp", "x"), node("s", "Sigmoid", "x")]
    path = write_model(tmp_path, nodes, {}, {"x": reals(1, 4)}, ["s", "a", "b"])
    text = json.loads(path.read_bytes())
    placeholder = text["modelTopology"]["node"][0]
    placeholder["attr"]["shape"]["shape"]["dim"][0]["size"] = "-1"
    path.write_text(json.dumps(text))
    model = tfjs.convert(path)
    assert [output.name for output in model.graph.output] == ["result0", "result1", "result2"]
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert model.graph.input[0].name == "x"
    assert dims[0].dim_param == "batch"
    assert dims[1].dim_value == 4
    assert [n.op_type for n in model.graph.node if n.op_type != "Identity"] == ["Sigmoid", "Exp", "Abs"]


def _without(text: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in text.items() if name != key}


@pytest.mark.parametrize("key", ["modelTopology", "signature", "weightsManifest"])
def test_a_part_that_is_missing(tmp_path: Path, key: str) -> None:
    path = write_model(tmp_path, [node("y", "Abs", "x")], {}, {"x": reals(1)}, ["y"])
    path.write_text(json.dumps(_without(json.loads(path.read_bytes()), key)))
    with pytest.raises(WeightsError, match=key) as caught:
        tfjs.convert(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "12", "\x00"])
def test_what_is_no_model(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(WeightsError, match=r"model\.json is not a TensorFlow\.js graph model"):
        tfjs.convert(path)


@pytest.mark.parametrize("change", [-1, 1])
def test_weights_of_another_length(tmp_path: Path, change: int) -> None:
    path = write_model(tmp_path, [node("y", "Add", "x", "c")], {"c": reals(5)}, {"x": reals(5)}, ["y"])
    weights = (tmp_path / "model.bin").read_bytes()
    (tmp_path / "model.bin").write_bytes(weights[:-1] if change < 0 else weights + b"\0")
    with pytest.raises(WeightsError, match="not a TensorFlow"):
        tfjs.convert(path)


def test_a_missing_weights_file_a_type_and_a_node_that_are_unknown(tmp_path: Path) -> None:
    path = write_model(tmp_path, [node("y", "Add", "x", "c")], {"c": ints(5)}, {"x": ints(5)}, ["y"])
    text = path.read_text()
    path.write_text(text.replace("DT_INT32", "DT_COMPLEX64"))
    with pytest.raises(WeightsError, match="DT_COMPLEX64"):
        tfjs.convert(path)
    path.write_text(text.replace('"input": ["x", "c"]', '"input": ["x", "elsewhere"]'))
    with pytest.raises(WeightsError, match="elsewhere"):
        tfjs.convert(path)
    path.write_text(text)
    (tmp_path / "model.bin").unlink()
    with pytest.raises(WeightsError, match="FileNotFoundError"):
        tfjs.convert(path)
