"""The recipe of the shot encoder: a photo of a screen and the shot that it shows come to one place, others apart
(Garcia and Vogiatzis, "Asymmetric spatio-temporal embeddings for large-scale image-to-video retrieval", BMVC 2018;
`docs/image-to-video.md`).

Shots are those of films, and pans over still photos (`shot_sources`); the photos of a screen are simulated
(`captures`). All are looked at once, as R-MACs, which takes longest and is kept in OUT (`shot_frames`). Files are
split into those that are learned from and those that are held out; every few steps the share of the captures of
held-out shots that do not find their own first is written to the learning curve, and the best state is kept. The
network begins with a whitening of pairs (`whitening.learn_pair_whitening`), from which learning goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.features import rmac
from contrapposto.networks.shot_encoder import Exported, Kind, ShotEncoderNetwork
from contrapposto.networks.vgg16 import vgg16_maps
from contrapposto.representations.shot_embedding import DIMENSION
from contrapposto.training import whitening
from contrapposto.training.export import write
from contrapposto.training.loop import Progress, Schedule, begin, learn, warm_cosine
from contrapposto.training.losses import cosine_margin
from contrapposto.training.shot_frames import FrameOptions, Look, ShotFrames, look_at_files
from contrapposto.training.shot_sources import SourceOptions, film_files, photo_files, pieces_of

Maps = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""(H, W, 3) RGB to the map (C, h, w)."""

WEIGHTS = "shot-encoder.onnx"
SOURCE = "contrapposto train image-to-video"


@dataclass(frozen=True, slots=True)
class ShotEncoderOptions:
    """Settings of the recipe; the defaults made the shipped weights."""

    kind: Kind = "mean"
    """What makes one vector of the frames of a shot; pans and the clips at hand show no gain by a recurrent one."""
    beside: bool = True
    """Whether the recurrent network adds to the projected mean of the frames; else it is alone, as published."""
    width: int = 256
    """Numbers of the recurrent network's state."""
    whiten: bool = False
    """Whether the PCA-whitening is learned anew from the pictures given, else it is the shipped one."""
    vgg16: str = ""
    """File with weights of VGG16 (`networks.vgg16`), which then looks instead of EfficientNet-lite0; whitening is
    learned anew."""
    pictures: int = 2000
    """That the whitening is learned from at most."""
    share: float = 0.15
    """Of the films, and of the photos, that are held out, 0..1."""
    batch: int = 128
    """Shots a step, each with one photo of a screen, no two of which show the same."""
    margin: float = 0.1
    """Cosine, from which on one that does not match counts."""
    hardest: int = 10
    """Of the shots that do not match a photo so many are learned from, those most like it; 0: all."""
    shrink: float = 0.3
    """Of the whitening that it begins with."""
    rate: float = 3e-4
    """Highest learning rate."""
    warm: int = 50
    """Steps in which the rate rises."""
    frames: FrameOptions = field(default_factory=FrameOptions)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1000, minutes=20.0, warm=20, check=50, patience=10, device="cpu")
    )


@dataclass(frozen=True, slots=True)
class Trained:
    """weights: the ONNX file; whitening: that of the R-MACs it takes; steps: done; recall: share of the captures of
    held-out shots that find their own first, and pooled that of the mean of the R-MACs, not learned; difference:
    most that the ONNX file differs from PyTorch."""

    weights: Path
    whitening: Path
    steps: int
    recall: float
    pooled: float
    difference: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """shots: (B, T, D); lengths: (B,); pictures: (B, D), of the same shots."""

    shots: Tensor
    lengths: Tensor
    pictures: Tensor


def train_shot_encoder(
    films: Sequence[Path],
    stills: Sequence[Path],
    out: Path,
    options: ShotEncoderOptions | None = None,
    progress: Progress | None = None,
    fetching: weights.Progress | None = None,
) -> Trained:
    """Learns from the films and the photos in these folders; writes weights, curve and options to `out`. A run that
    was broken off goes on.

    Raises DataError when files are missing or cannot be read, and when `out` cannot be written or holds another
    run; WeightsError when the trunk cannot be fetched.
    """
    options = options or ShotEncoderOptions()
    learned_from, held_out = split(film_files(films), photo_files(stills), options.share, options.schedule.seed)
    trunk, identity = _trunk(options, fetching)
    path = _whitening(learned_from, trunk, out, options)
    look = _look(trunk, path)
    identity = f"{identity} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    seen, tested = (
        look_at_files(files, look, out / "seen", options.frames, identity, apart, progress)
        for files, apart in ((learned_from, False), (held_out, True))
    )
    return learn_shot_encoder(seen, tested, path, out, options, progress)


def split(films: Sequence[Path], stills: Sequence[Path], share: float, seed: int) -> tuple[list[Path], list[Path]]:
    """Files to learn from, and those that are held out: by chance that share of the films, and of the photos, one
    at least of two or more. Raises DataError when one of the two would be empty."""
    parts: tuple[list[Path], list[Path]] = ([], [])
    for number, files in enumerate((films, stills)):
        order = np.random.default_rng([seed, number]).permutation(len(files))
        count = max(round(share * len(files)), min(1, len(files) - 1)) if files else 0
        for part, chosen in zip(parts, (order[count:], order[:count]), strict=True):
            part.extend(files[place] for place in np.sort(chosen))
    if not all(parts):
        raise DataError("too little to learn from: give folders with two films or two photos at least")
    return parts


def learn_shot_encoder(
    seen: ShotFrames,
    held_out: ShotFrames,
    whitened_by: Path,
    out: Path,
    options: ShotEncoderOptions,
    progress: Progress | None = None,
) -> Trained:
    """The same from shots that were looked at before. whitened_by: the file of their whitening, for the result."""
    device = begin(options.schedule)
    network = _network(options, seen.frames.shape[1])
    captures = seen.captures.reshape(-1, seen.captures.shape[2])
    pairs = np.repeat(seen.means(), seen.captures.shape[1], axis=0), captures
    start = whitening.learn_pair_whitening(*pairs, network.frame.out_features, options.shrink)
    network.begin(start.matrix, start.first, start.second)
    pooled = recall_at_1(_network(ShotEncoderOptions(kind="mean"), seen.frames.shape[1]), held_out)
    network.to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate)

    def loss_of(batch: Batch) -> Tensor:
        shots = network.shots(batch.shots.to(device), batch.lengths.to(device))
        pictures = network.frames(batch.pictures.to(device))
        matching = torch.eye(len(shots), dtype=torch.bool, device=device)
        return cosine_margin(pictures @ shots.T, matching, options.margin, options.hardest)

    learned = learn(
        network,
        optimizer,
        loss_of,
        _Batches(seen, options),
        lambda: held_out_measures(network, held_out),
        options.schedule,
        out,
        options,
        lambda step, total: warm_cosine(step, total, options.warm),
        progress,
    )
    network = network.cpu().half().float()
    examples = [torch.from_numpy(held_out.frames[:9]).float(), torch.from_numpy(held_out.captures[:5, 0]).float()]
    difference = write(
        Exported(network),
        examples,
        out / WEIGHTS,
        SOURCE,
        given=("frames", "pictures"),
        found=("shot", "picture"),
        counts={"frames": "T", "shot": "one"},
    )
    return Trained(out / WEIGHTS, whitened_by, learned.steps, recall_at_1(network, held_out), pooled, difference)


def held_out_measures(network: ShotEncoderNetwork, held_out: ShotFrames) -> dict[str, float]:
    """Shares 0..1 of the captures that do not find their own shot, or one that shows the same, first: of all, of
    the mild and of the strong ones."""
    found = _found(network, held_out)
    mild = held_out.levels == 0
    return {
        "miss@1": 1 - float(found.mean()),
        "mild": 1 - float(found[mild].mean()) if mild.any() else float("nan"),
        "strong": 1 - float(found[held_out.levels == 1].mean()),
    }


def recall_at_1(network: ShotEncoderNetwork, held_out: ShotFrames) -> float:
    """Share 0..1 of all captures that find their own shot, or one that shows the same, first."""
    return float(_found(network, held_out).mean())


def _found(network: ShotEncoderNetwork, held_out: ShotFrames, portion: int = 512) -> NDArray[np.bool_]:
    """(S, K) whether each capture finds its shot first."""
    device = next(network.parameters()).device
    order = np.argsort(held_out.lengths, kind="stable")
    vectors = torch.empty(len(held_out), network.frame.out_features)
    with torch.no_grad():
        for start in range(0, len(order), portion):
            rows = order[start : start + portion]
            lengths = torch.from_numpy(held_out.lengths[rows]).to(device)
            shots = network.shots(torch.from_numpy(held_out.padded(rows)).to(device), lengths)
            vectors[torch.from_numpy(rows)] = shots.float().cpu()
        pictures = torch.from_numpy(held_out.captures.astype(np.float32)).to(device)
        first = (network.frames(pictures).float().cpu() @ vectors.T).argmax(-1).numpy()
    return np.asarray(held_out.groups[first] == held_out.groups[:, None])


class _Batches:
    """The batch of a step, the same whenever it is asked for: shots that show different things."""

    def __init__(self, seen: ShotFrames, options: ShotEncoderOptions) -> None:
        self._seen, self._options = seen, options
        order = np.argsort(seen.groups, kind="stable")
        self._alike = np.split(order, np.flatnonzero(np.diff(seen.groups[order])) + 1)

    def __call__(self, step: int) -> Batch:
        rng = np.random.default_rng([self._options.schedule.seed, step])
        count = min(self._options.batch, len(self._alike))
        groups = rng.choice(len(self._alike), count, replace=False)
        shots = np.array([rng.choice(self._alike[group]) for group in groups])
        pictures = self._seen.captures[shots, rng.integers(self._seen.captures.shape[1], size=count)]
        return Batch(
            torch.from_numpy(self._seen.padded(shots)),
            torch.from_numpy(self._seen.lengths[shots]),
            torch.from_numpy(pictures.astype(np.float32)),
        )


def _network(options: ShotEncoderOptions, dimension: int) -> ShotEncoderNetwork:
    embedding = min(DIMENSION, dimension)
    return ShotEncoderNetwork(options.kind, dimension, embedding, options.width, options.beside)


def _trunk(options: ShotEncoderOptions, fetching: weights.Progress | None) -> tuple[Maps, str]:
    """What makes the map of a picture, and what stands for it."""
    if options.vgg16:
        file = Path(options.vgg16)
        return vgg16_maps(file, rmac.SIDE), f"vgg16 {hashlib.sha256(file.read_bytes()).hexdigest()}"
    name = rmac.RMac.weights[0]
    return rmac.Trunk(name, progress=fetching), weights.identity(name)


def _whitening(files: Sequence[Path], trunk: Maps, out: Path, options: ShotEncoderOptions) -> Path:
    """The file of the whitening: the shipped one, or one that is learned from the first picture of every file's
    shots, of a photo of its first shot."""
    if not (options.whiten or options.vgg16):
        return weights.path(rmac.RMac.weights[1])
    path = out / whitening.WEIGHTS
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        sources = options.frames.sources
        learned = whitening.learn_whitening(_regions(files, trunk, sources, options.pictures), rmac.DIMENSION)
        whitening.write_whitening(learned, path, SOURCE)
    return path


def _regions(
    files: Sequence[Path], trunk: Maps, options: SourceOptions, most: int
) -> Iterator[NDArray[np.float32]]:
    """(R, C) of each picture."""
    left = most
    for number, file in enumerate(files):
        for piece in pieces_of(file, np.random.default_rng([2, number]), replace(options, pans=1)):
            if left > 0:
                yield rmac.pooled(trunk(piece.pictures[0][1]))
                left -= 1


def _look(trunk: Maps, path: Path) -> Look:
    """What makes the R-MAC of a picture."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])

    def whiten(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run(["whitened"], {"vectors": vectors})[0]
        return found

    def look(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return rmac.rmac(trunk(picture), whiten)

    return look
