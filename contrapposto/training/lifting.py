"""The recipe of the lifting network: 3D keypoints from 2D keypoints, learned from projected motion capture.

Each step photographs new bodies (`variety`) with new cameras (`cameras`) and reports them as a detector would
(`detector`). Loss: mean distance of the keypoints, and of the vectors from joint to joint, metres; the face and
what is unseen count less. Adam with a warm start and a cosine decay. Every few hundred steps the error on clips
that were held out is written to the learning curve; the best state is kept, and training ends early when it gets no
better.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto.errors import DataError
from contrapposto.networks.lifter import LifterNetwork
from contrapposto.poses.lifting import encode
from contrapposto.skeleton import INDEX, LIMBS
from contrapposto.training import poses3d
from contrapposto.training.bodies import head_turns, take_apart, with_face
from contrapposto.training.cameras import CameraRange, Views, photograph
from contrapposto.training.curves import Curve
from contrapposto.training.detector import Detector, detect
from contrapposto.training.export import residual_perceptron
from contrapposto.training.loop import warm_cosine
from contrapposto.training.variety import Variety, vary

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps to do, and a line about the error."""

_BONES = [(INDEX[first], INDEX[second]) for first, second in LIMBS]

WEIGHTS, CURVE, OPTIONS = "lifter.onnx", "curve.csv", "options.json"


@dataclass(frozen=True, slots=True)
class LiftingOptions:
    """Settings of the recipe; the defaults made the shipped weights."""

    width: int = 512
    """Units of each layer."""
    blocks: int = 2
    """Residual blocks of two layers."""
    batch: int = 1024
    """People a step."""
    steps: int = 3140
    """Steps in all, fewer where `minutes` allows fewer."""
    minutes: float = 15.0
    """Wall-clock limit; the speed of the first steps decides how many fit."""
    rate: float = 1.5e-3
    """Highest learning rate."""
    warm: int = 100
    """Steps in which the rate rises."""
    face: float = 0.5
    """Weight of a keypoint of the face in the loss."""
    unseen: float = 0.3
    """Weight of an unseen keypoint in the loss."""
    bones: float = 0.5
    """Weight of the vectors between joints in the loss, where the keypoints have 1."""
    check: int = 500
    """Steps between two looks at the held-out clips."""
    held_out_people: int = 4096
    """Views of the held-out clips."""
    patience: int = 8
    """Looks without a better error after which training ends."""
    threads: int = 1
    """Threads of PyTorch; one more makes the views."""
    seed: int = 0
    validation: tuple[str, ...] = poses3d.HELD_OUT
    """Clips that are held out."""
    variety: Variety = field(default_factory=Variety)
    cameras: CameraRange = field(default_factory=CameraRange)
    detector: Detector = field(default_factory=Detector)


@dataclass(frozen=True, slots=True)
class Trained:
    """weights: the ONNX file; steps: done; error: metres, mean distance of the seen keypoints of the held-out
    clips; difference: metres, most that the ONNX file and PyTorch differ in there."""

    weights: Path
    steps: int
    error: float
    difference: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """inputs: (N, 51); targets: (N, 17, 3) metres in the camera frame; seen: (N, 17) 1 or 0."""

    inputs: Tensor
    targets: Tensor
    seen: Tensor


def train_lifting(
    data: Path, out: Path, options: LiftingOptions | None = None, progress: Progress | None = None
) -> Trained:
    """Learns from the CMU table in the folder `data`, and writes weights, learning curve and options to `out`.

    Raises DataError when the data is not there or `out` cannot be written.
    """
    options = options or LiftingOptions()
    motion = poses3d.read_motion(data / poses3d.CMU)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / OPTIONS).write_text(json.dumps(asdict(options), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror}); choose another folder") from error
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    held_out = held_out_batch(motion, options)
    network = LifterNetwork(options.width, options.blocks)
    steps = _learn(network, motion.of_clips(options.validation, others=True), held_out, out, options, progress)
    return _export(network, held_out, out / WEIGHTS, steps)


def held_out_batch(motion: poses3d.Motion, options: LiftingOptions) -> Batch:
    """Views of the held-out clips as they are, with a face and the detector's noise; always the same."""
    rng = np.random.default_rng([options.seed, 1])
    clips = motion.of_clips(options.validation)
    frames = clips.select(rng.integers(len(clips), size=options.held_out_people))
    world = with_face(frames, head_turns(rng, len(frames)))
    return _batch(photograph(world, rng, options.cameras), rng, options.detector)


def _learn(
    network: LifterNetwork,
    motion: poses3d.Motion,
    held_out: Batch,
    out: Path,
    options: LiftingOptions,
    progress: Progress | None,
) -> int:
    """Leaves the best state in the network; returns the number of steps done."""
    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate)
    total, started = options.steps, time.monotonic()
    curve = Curve(out / CURVE, ("step", "seconds", "rate", "loss", "held_out"))
    best, best_state, best_step, losses = np.inf, dict(network.state_dict()), 0, []
    step = 0
    for step, batch in enumerate(_batches(motion, options), start=1):
        rate = options.rate * warm_cosine(step, total, options.warm)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = lifting_loss(network(batch.inputs).reshape(-1, 17, 3), batch, options)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        seconds = time.monotonic() - started
        if step == options.warm:
            total = max(step + 1, min(total, int(options.minutes * 60 * step / seconds)))
        if step % options.check == 0 or step >= total:
            error = held_out_error(network, held_out)
            curve.add(step, round(seconds, 1), rate, float(np.mean(losses)), error)
            losses = []
            if error < best:
                best, best_step = error, step
                best_state = {name: value.clone() for name, value in network.state_dict().items()}
            if progress:
                progress(step, total, f"error on held-out clips {1000 * error:.1f} mm")
        elif progress and step % 10 == 0:
            progress(step, total, "")
        if step >= total or step - best_step > options.patience * options.check:
            break
    network.load_state_dict(best_state)
    network.eval()
    return step


def lifting_loss(found: Tensor, batch: Batch, options: LiftingOptions) -> Tensor:
    """Metres, of found poses (N, 17, 3): the weighted mean distance of the keypoints plus that of the bones. A bone
    weighs as its less sure end."""
    weights = torch.ones(17)
    weights[:5] = options.face
    share = weights * (batch.seen + options.unseen * (1 - batch.seen))
    first, second = torch.tensor(_BONES).T
    away = found - batch.targets
    loss = _weighted(away, share)
    if options.bones:
        between = torch.minimum(share[:, first], share[:, second])
        loss = loss + options.bones * _weighted(away[:, first] - away[:, second], between)
    return loss


def _weighted(vectors: Tensor, share: Tensor) -> Tensor:
    lengths = torch.sqrt((vectors**2).sum(2) + 1e-8)
    return (lengths * share).sum() / share.sum()


def held_out_error(network: LifterNetwork, batch: Batch) -> float:
    """Metres: mean distance of the seen keypoints, the middle of the hips at the origin on both sides."""
    network.eval()
    with torch.no_grad():
        away = torch.linalg.vector_norm(network(batch.inputs).reshape(-1, 17, 3) - batch.targets, dim=2)
    network.train()
    return float((away * batch.seen).sum().item()) / float(batch.seen.sum().item())


def _batches(motion: poses3d.Motion, options: LiftingOptions) -> Iterator[Batch]:
    """Endless; the next batch is made while one is learned from."""
    bodies = take_apart(motion).with_mirrored()
    rng = np.random.default_rng([options.seed, 0])

    def make() -> Batch:
        world = vary(bodies, options.batch, rng, options.variety)
        return _batch(photograph(world, rng, options.cameras), rng, options.detector)

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make)
        while True:
            batch = ahead.result()
            ahead = pool.submit(make)
            yield batch


def _batch(views: Views, rng: np.random.Generator, detector: Detector) -> Batch:
    found = detect(views, rng, detector)
    seen: NDArray[np.bool_] = np.isfinite(found.keypoints[..., 0])
    return Batch(
        torch.from_numpy(encode(found.keypoints, found.scores)),
        torch.from_numpy(views.points3d.astype(np.float32)),
        torch.from_numpy(seen.astype(np.float32)),
    )


def _export(network: LifterNetwork, held_out: Batch, path: Path, steps: int) -> Trained:
    """Writes the ONNX file, whose weights are stored as float16, and compares it with the network."""
    import onnxruntime

    network.simplify()
    properties = {"name": "lifter", "licence": "Apache-2.0", "source": "contrapposto train lifting"}
    path.write_bytes(
        residual_perceptron(network.folded(), properties, given="keypoints", found="keypoints3d", residual=2)
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (written,) = session.run(None, {"keypoints": held_out.inputs.numpy()})
    with torch.no_grad():
        difference = float(np.abs(network(held_out.inputs).numpy() - written).max())
    return Trained(path, steps, held_out_error(network, held_out), difference)
