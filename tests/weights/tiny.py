"""A tiny table of weights, its package, and clients that stand in for npm, for tests of fetching.

Run in a subprocess too: `install()` puts the tiny table in the place of the real one.
"""

from __future__ import annotations

import hashlib
import io
import stat
import sys
import tarfile
from pathlib import Path

import numpy as np
import onnxruntime

from contrapposto.weights import table
from contrapposto.weights.table import Package, SourceFile, Weights
from tests.weights.graph_files import model_files, node

PACKAGE = Package("npm", "@tests/tiny", "1.2.3", 4000)
FACTORS = {"tiny-double": 2.0, "tiny-triple": 3.0}
"""Each network multiplies its input, three numbers, by its factor."""

NPM = """#!{python}
import os, pathlib, shutil, sys, time
folder = pathlib.Path(next(a for a in sys.argv if a.startswith("--pack-destination=")).partition("=")[2])
source = pathlib.Path(os.environ["TINY_ARCHIVE"])
with open(os.environ["TINY_CALLS"], "a") as calls:
    calls.write(" ".join(sys.argv[1:3]) + "\\n")
mode = os.environ.get("TINY_MODE", "copy")
time.sleep(float(os.environ.get("TINY_DELAY", "0")))
if mode == "fail":
    sys.stderr.write("npm error code ENOTFOUND\\n")
    sys.stderr.write("npm error network request failed, reason: getaddrinfo ENOTFOUND registry\\n")
    sys.stderr.write("npm error A complete log of this run can be found in: somewhere\\n")
    sys.exit(1)
if mode == "silent":
    sys.exit(7)
if mode == "nothing":
    sys.exit(0)
data = source.read_bytes()
if mode in ("half", "hang"):
    data = data[: len(data) // 2]
(folder / "tiny.tgz").write_bytes(data)
parent = os.getppid()
while mode == "hang" and os.getppid() == parent:
    time.sleep(0.05)
"""


def sources() -> dict[str, bytes]:
    """The files of the package by their path in it."""
    files = {}
    for name, factor in FACTORS.items():
        nodes = [node("y", "Mul", "x", "factor")]
        constants = {"factor": np.array([factor], np.float32)}
        model, weights = model_files(nodes, constants, {"x": np.zeros(3, np.float32)}, ["y"], f"{name}.bin")
        files[f"models/{name}.json"] = model.replace(
            b'"tensorShape": {}', b'"tensorShape": {"dim": [{"size": "3"}]}'
        )
        files[f"models/{name}.bin"] = weights
    return files


def rows() -> tuple[Weights, ...]:
    """The tiny table."""
    files = sources()
    return tuple(
        Weights(
            name,
            PACKAGE,
            tuple(
                SourceFile(path, hashlib.sha256(files[path]).hexdigest())
                for path in (f"models/{name}.json", f"models/{name}.bin")
            ),
            "Apache-2.0",
            "tfjs",
            "for tests",
        )
        for name in FACTORS
    )


def archive(path: Path, files: dict[str, bytes] | None = None) -> None:
    """Writes the package as npm packs it, with a file that nobody asks for."""
    with tarfile.open(path, "w:gz") as tar:
        for name, data in {"README.md": b"tiny", **(files if files is not None else sources())}.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_npm(folder: Path) -> None:
    """Writes a program `npm` that does as TINY_MODE says."""
    folder.mkdir(exist_ok=True)
    path = folder / "npm"
    path.write_text(NPM.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def install() -> None:
    """Makes the tiny table the table."""
    table.TABLE = rows()


def factor(path: Path) -> float:
    """What the network at `path` multiplies by."""
    session = onnxruntime.InferenceSession(str(path))
    (found,) = session.run(None, {"x": np.array([1, 10, 100], np.float32)})
    assert (found / found[0]).tolist() == [1, 10, 100]
    return float(found[0])
