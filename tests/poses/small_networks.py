"""Small ONNX files of the kinds that `contrapposto train heatmap` and `deeppose` write, whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.weights.onnx_builder import OnnxBuilder, TensorSpec, check, describe

REAL = np.dtype(np.float32)


def write_heatmaps(path: Path, joints: int = 17, size: tuple[int, int] = (64, 48), attention: bool = False) -> Path:
    """Each heatmap is how light the picture is, 0..1, in cells of 4 x 4 pixels. attention: with maps of holistic
    attention at four scales, their sum, and a map per joint, all of that lightness too."""
    rows, columns = size
    builder = OnnxBuilder()
    grey = builder.add("ReduceMean", ["image", builder.integers([1])], keepdims=1)
    light = builder.add("Add", [builder.add("Mul", [grey, number(builder, 0.5)]), number(builder, 0.5)])
    each = builder.constant(np.ones((1, joints, 1, 1), np.float32))
    builder.add("Mul", [pooled(builder, light, 4), each], "heatmaps")
    found = [TensorSpec("heatmaps", REAL, ("N", joints, rows // 4, columns // 4))]
    if attention:
        for scale, cells in enumerate((32, 16, 8, 4)):
            pooled(builder, light, cells, f"scale{scale}")
            found.append(TensorSpec(f"scale{scale}", REAL, ("N", 1, rows // cells, columns // cells)))
        pooled(builder, light, 4, "holistic")
        builder.add("Mul", ["heatmaps", number(builder, 1.0)], "parts")
        found.append(TensorSpec("holistic", REAL, ("N", 1, rows // 4, columns // 4)))
        found.append(TensorSpec("parts", REAL, ("N", joints, rows // 4, columns // 4)))
    write(builder, found, size, path)
    return path


def write_cascade(
    folder: Path, joints: NDArray[np.floating], *moves: NDArray[np.floating], size: tuple[int, int] = (64, 48)
) -> Path:
    """A first stage that says `joints`, (J, 2) sides of what it is shown from its middle, and later ones that say
    `moves`, in sides of their square, which is as large as the torso."""
    folder.mkdir(parents=True, exist_ok=True)
    for number_, said in enumerate((joints, *moves), start=1):
        builder = OnnxBuilder()
        grey = builder.add("ReduceMean", ["image", builder.integers([1, 2, 3])], keepdims=0)
        nothing = builder.add("Mul", [grey, number(builder, 0.0)])
        nothing = builder.add("Unsqueeze", [nothing, builder.integers([1, 2])])
        builder.add("Add", [nothing, builder.constant(np.asarray(said, np.float32)[None])], "joints")
        shown = size if number_ == 1 else (32, 32)
        found = [TensorSpec("joints", REAL, ("N", *said.shape))]
        write(builder, found, shown, folder / f"stage-{number_}.onnx", {"sigma": "1.0"})
    return folder


def number(builder: OnnxBuilder, value: float) -> str:
    return builder.constant(np.float32(value))


def pooled(builder: OnnxBuilder, tensor: str, cells: int, output: str | None = None) -> str:
    return builder.add("AveragePool", [tensor], output, kernel_shape=[cells, cells], strides=[cells, cells])


def write(
    builder: OnnxBuilder,
    found: list[TensorSpec],
    size: tuple[int, int],
    path: Path,
    properties: dict[str, str] | None = None,
) -> None:
    model = builder.model([TensorSpec("image", REAL, ("N", 3, *size))], found, name="small")
    describe(model, {"name": path.stem, **(properties or {})})
    check(model)
    path.write_bytes(model.SerializeToString())
