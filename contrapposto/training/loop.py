"""The loop that every recipe on pictures, poses or words runs: steps, looks at held-out data, the best state kept,
a time limit, and going on after a kill.

A run is its folder: `curve.csv` and `curve.png`, `options.json`, and `checkpoint.pt`, written at every look. A run
that is started again with the same options goes on from there; with one thread on a CPU it ends with the very
weights that an unbroken one has.
"""

from __future__ import annotations

import ctypes
import json
import math
import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from contrapposto.errors import DataError
from contrapposto.text import path_text
from contrapposto.training.curves import Curve, draw

Progress = Callable[[int, int, str], None]
"""Called with steps done, steps to do, and a line about the error."""

Device = Literal["auto", "cpu", "cuda"]

CURVE, PICTURE, OPTIONS, CHECKPOINT = "curve.csv", "curve.png", "options.json", "checkpoint.pt"

B = TypeVar("B")

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Their numbers in malloc.h."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long a run takes, and where."""

    steps: int = 1000
    """Steps in all, fewer where `minutes` allows fewer."""
    minutes: float = 60.0
    """Wall-clock limit, over all the parts of a run that was broken off; the speed of the first `warm` steps
    decides how many fit."""
    warm: int = 20
    """Steps whose speed is measured."""
    check: int = 100
    """Steps between two looks at the held-out data; there is one before the first step and one after the last."""
    patience: int = 10
    """Looks without a better error after which the run ends."""
    threads: int = 1
    """Threads of PyTorch."""
    workers: int = 1
    """Threads that make batches, each of them one ahead."""
    device: Device = "auto"
    """Where the network is: `auto` is a GPU where there is one."""
    seed: int = 0
    """Start of all random numbers."""


@dataclass(frozen=True, slots=True)
class Learned:
    """steps: done; best: the least held-out error; seconds: wall clock, of all parts of the run."""

    steps: int
    best: float
    seconds: float


@dataclass(slots=True)
class _State:
    """Where a run is. total: steps to do, known after the first few; columns: of the curve; best: (error, step)."""

    step: int = 0
    total: int | None = None
    seconds: float = 0.0
    best: float = float("inf")
    best_step: int = 0
    ended: bool = False
    columns: tuple[str, ...] = ()


def begin(schedule: Schedule) -> torch.device:
    """Sets PyTorch's threads and seed, and gives the device. Call it before the network is made.

    Raises DataError when a GPU is asked for and there is none.
    """
    torch.set_num_threads(schedule.threads)
    torch.manual_seed(schedule.seed)
    there = torch.cuda.is_available()
    if schedule.device == "cuda" and not there:
        raise DataError("device cuda: PyTorch finds no GPU; choose cpu or auto")
    if there and schedule.device != "cpu":
        return torch.device("cuda")
    _keep_memory()
    return torch.device("cpu")


def _keep_memory() -> None:
    """Memory that is freed stays this process's. Else glibc gives every large map back to the system, and has it
    filled with zeros again for the next one, which takes as long as some layers do (mallopt(3))."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def warm_cosine(step: int, total: int, warm: float, first: float = 0.0, last: float = 0.01) -> float:
    """Factor of the learning rate at a step of so many: from `first` straight up to 1 in `warm` steps, then down to
    `last` along a cosine."""
    if step <= warm:
        return first + (1 - first) * step / warm
    done = min((step - warm) / max(total - warm, 1), 1.0)
    return last + (1 - last) * (1 + math.cos(math.pi * done)) / 2


def learn(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[B], Tensor],
    batches: Callable[[int], B],
    held_out: Callable[[], dict[str, float]],
    schedule: Schedule,
    out: Path,
    options: Any = None,
    rate: Callable[[int, int], float] | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Trains a network, which is left in its best state, on the schedule's device, in evaluation mode.

    batches: the batch of a step (from 1), the same whenever it is asked for that step; it is called in threads of
    its own, some steps ahead, and must not draw from PyTorch's global random numbers. loss_of: the loss of a batch,
    which it moves to the network's device; on a GPU it runs under mixed precision. held_out: called in evaluation
    mode without gradients; its first entry is the error that is made least, all are columns of the curve.
    rate: the factor on the optimizer's learning rates at a step of so many, 1 throughout when None. options: the
    dataclass of the recipe's settings; a run that goes on must have the same, and the same schedule.

    Raises DataError when `out` holds a run with other options or a checkpoint that cannot be read, when it cannot
    be written, and when the loss is no number any more.
    """
    run = _Run(network, optimizer, schedule, out, _settings(schedule, options), rate)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if (out / CHECKPOINT).exists():
            run.restore()
        (out / OPTIONS).write_text(json.dumps(run.settings, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path_text(out)}: cannot be written ({error.strerror}); choose another folder") from error
    if not run.state.columns:
        run.look(held_out, progress)
    with closing(_ahead(batches, run.state.step + 1, schedule.workers)) as made:
        while not run.state.ended:
            run.learn_from(next(made), loss_of)
            if run.state.step % schedule.check == 0 or run.state.step >= run.total:
                run.look(held_out, progress)
            elif progress and run.state.step % 10 == 0:
                progress(run.state.step, run.total, "")
    network.load_state_dict(run.best)
    network.eval()
    draw(out / CURVE, out / PICTURE)
    return Learned(run.state.step, run.state.best, run.state.seconds)


class _Run:
    """A run that is going on."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        out: Path,
        settings: dict[str, Any],
        rate: Callable[[int, int], float] | None,
    ) -> None:
        self._device = begin(schedule)
        self._network, self._optimizer = network.to(self._device), optimizer
        if self._device.type == "cuda":
            network.to(memory_format=torch.channels_last)  # convolutions are faster so
        # bfloat16 cannot overflow, as attention's products do in float16
        short = torch.bfloat16 if self._device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float16
        self._half = short if self._device.type == "cuda" else None
        self._scaler = torch.amp.GradScaler("cuda", enabled=self._half is torch.float16)
        self._schedule, self._out, self.settings, self._rate = schedule, out, settings, rate
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]
        self.state, self.best = _State(), _copy(network)
        self._losses: list[Tensor] = []
        self._began, self._look_seconds = time.monotonic(), 0.0
        self._measured: tuple[int, float] | None = None  # step and time from which the speed is measured
        self._curve: Curve | None = None

    @property
    def total(self) -> int:
        """Steps to do."""
        return self.state.total or self._schedule.steps

    def learn_from(self, batch: B, loss_of: Callable[[B], Tensor]) -> None:
        """One step."""
        self.state.step += 1
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * self._factor()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self._device.type, dtype=self._half, enabled=self._half is not None):
            loss = loss_of(batch)
        self._scaler.scale(loss).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._losses.append(loss.detach())
        if self.state.total is None:
            self._measure()

    def look(self, held_out: Callable[[], dict[str, float]], progress: Progress | None) -> None:
        """Scores the network, adds a row to the curve, writes the checkpoint, and decides whether the run ends."""
        before, state = time.monotonic(), self.state
        self._network.eval()
        with torch.no_grad():
            found = held_out()
        self._network.train()
        loss = float(torch.stack(self._losses).float().mean()) if self._losses else math.nan
        if self._losses and not math.isfinite(loss):
            raise DataError(f"the loss is {loss} at step {state.step}: choose a lower learning rate")
        self._losses = []
        name, error = next(iter(found.items()))
        if error < state.best or state.step == 0:
            state.best, state.best_step, self.best = error, state.step, _copy(self._network)
        state.ended = (
            state.step >= self.total
            or state.step - state.best_step > self._schedule.patience * self._schedule.check
        )
        state.seconds = time.monotonic() - self._began
        state.columns = ("step", "seconds", "rate", "loss", *found)
        self._curve = self._curve or Curve(self._out / CURVE, state.columns)
        rate = self._rates[0] * self._factor()
        self._curve.add(state.step, round(state.seconds, 1), rate, loss, *found.values())
        self._save()
        self._look_seconds = time.monotonic() - before
        if progress:
            progress(state.step, self.total, f"{name.replace('_', ' ')} {error:.4g}")

    def restore(self) -> None:
        """Goes on from the checkpoint. Raises DataError when it is of another run or damaged."""
        path = self._out / CHECKPOINT
        try:
            kept = torch.load(path, map_location=self._device, weights_only=True)
            others = _differing(json.loads(kept["settings"]), json.loads(json.dumps(self.settings)))
            if others:
                raise DataError(
                    f"{path_text(self._out)} holds a run with other options ({', '.join(others)}): choose another"
                    " folder, or delete that one"
                )
            self._network.load_state_dict(kept["network"])
            self._optimizer.load_state_dict(kept["optimizer"])
            self._scaler.load_state_dict(kept["scaler"])
            self.best, self.state = kept["best"], _State(**kept["state"])
            torch.set_rng_state(kept["random"].cpu())
            if self._device.type == "cuda":
                torch.cuda.set_rng_state(kept["random_gpu"].cpu())
        except (RuntimeError, KeyError, ValueError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise DataError(
                f"{path_text(path)}: damaged, or of another version; delete it to begin anew"
            ) from error
        self._began = time.monotonic() - self.state.seconds
        self._curve = Curve(self._out / CURVE, self.state.columns, until=self.state.step)

    def _factor(self) -> float:
        return self._rate(max(self.state.step, 1), self.total) if self._rate else 1.0

    def _measure(self) -> None:
        """Decides after the first few steps how many there will be."""
        schedule, step = self._schedule, self.state.step
        if self._device.type == "cuda":
            torch.cuda.synchronize()
        now = time.monotonic()
        if self._measured is None:  # the first step takes longer than the others
            self._measured = (step, now)
        if step >= min(schedule.warm, schedule.steps) and step > self._measured[0]:
            each = (now - self._measured[1]) / (step - self._measured[0])
            each += self._look_seconds / schedule.check
            left = 60 * schedule.minutes - (now - self._began)
            self.state.total = min(schedule.steps, step + max(1, int(left / max(each, 1e-9))))

    def _save(self) -> None:
        path = self._out / CHECKPOINT
        beside = path.with_name(f"{path.name}.part")
        kept = {
            "settings": json.dumps(self.settings),
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "best": self.best,
            "state": asdict(self.state),
            "random": torch.get_rng_state(),
        }
        if self._device.type == "cuda":
            kept["random_gpu"] = torch.cuda.get_rng_state()
        torch.save(kept, beside)
        beside.replace(path)


def _ahead(batches: Callable[[int], B], step: int, workers: int) -> Generator[B]:
    """Endless, from this step on; so many of the next batches are made while one is learned from."""
    with ThreadPoolExecutor(workers) as pool:
        made = deque(pool.submit(batches, step + ahead) for ahead in range(workers))
        while True:
            batch = made.popleft().result()
            made.append(pool.submit(batches, step + workers))
            step += 1
            yield batch


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _settings(schedule: Schedule, options: Any) -> dict[str, Any]:
    return {"schedule": asdict(schedule), "options": asdict(options) if options is not None else {}}


def _differing(kept: Any, now: Any, name: str = "") -> list[str]:
    """Names of the settings that are not the same."""
    if isinstance(kept, dict) and isinstance(now, dict):
        names = dict.fromkeys([*kept, *now])
        return [found for key in names for found in _differing(kept.get(key), now.get(key), key)]
    return [] if kept == now else [name]
