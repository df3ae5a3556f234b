"""The shot encoder: the R-MACs of a shot, one after another, and the R-MAC of a single picture, to one space
(Garcia and Vogiatzis, "Asymmetric spatio-temporal embeddings for large-scale image-to-video retrieval", BMVC 2018).

A recurrent network reads the frames of the shot; a linear layer takes its last state, and another one the picture,
to the common space. Mean, maximum and last frame are there to compare with.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["gru", "lstm", "mean", "max", "last"]


class ShotEncoderNetwork(nn.Module):
    """Shots and pictures to vectors of unit length; at first those of the pooled R-MACs' leading components."""

    def __init__(self, kind: Kind, dimension: int, embedding: int, width: int = 256, beside: bool = True) -> None:
        """kind: what makes one vector of a shot's frames; dimension: numbers of an R-MAC; embedding: of the common
        space, no more than that; width: of the state of a recurrent network; beside: whether what it found is
        added to the projected mean of the frames, else it stands alone, as published."""
        super().__init__()
        self.kind, self.beside = kind, beside
        self.frame = _leading(dimension, embedding)
        self.pool = _leading(dimension, embedding) if kind in ("mean", "max", "last") or beside else None
        self.recurrent: nn.Module | None = None
        if kind in ("gru", "lstm"):
            self.recurrent = (nn.GRU if kind == "gru" else nn.LSTM)(dimension, width, batch_first=True)
            self.leave = nn.Linear(width, embedding)
            if beside:
                nn.init.zeros_(self.leave.weight)
                nn.init.zeros_(self.leave.bias)

    def begin(
        self, matrix: NDArray[np.floating], shots: NDArray[np.floating], pictures: NDArray[np.floating]
    ) -> None:
        """Projects with a matrix (D, E) what pooled shots and pictures differ from their means (D,) by."""
        for layer, mean in ((self.pool, shots), (self.frame, pictures)):
            if layer is not None:
                with torch.no_grad():
                    layer.weight.copy_(torch.from_numpy(matrix.T.copy()).float())
                    layer.bias.copy_(torch.from_numpy(-mean @ matrix).float())

    def frames(self, vectors: Tensor) -> Tensor:
        """(N, D) R-MACs of single pictures to (N, E)."""
        return functional.normalize(self.frame(vectors), dim=-1)

    def shots(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """(N, T, D) R-MACs of the frames of shots, of which the first `lengths` (N,), at least 1, count, to
        (N, E)."""
        found = []
        if self.pool is not None:
            found.append(self.pool(functional.normalize(_pooled(self.kind, vectors, lengths), dim=-1)))
        if self.recurrent is not None:
            states = self.recurrent(vectors)[0]
            found.append(self.leave(_at(states, lengths - 1)))
        return functional.normalize(torch.stack(found).sum(0), dim=-1)


class Exported(nn.Module):
    """The form that is written: one shot of any length, and any number of single pictures."""

    def __init__(self, network: ShotEncoderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """frames (T, D), pictures (N, D) to (1, E) and (N, E)."""
        whole = torch.ones(1, dtype=torch.long) * frames.shape[0]
        return self.network.shots(frames[None], whole), self.network.frames(pictures)


class WhiteningNetwork(nn.Module):
    """PCA-whitening: a mean (C,) is taken away, the rest goes along (C, D) components over their deviations."""

    def __init__(self, mean: NDArray[np.floating], matrix: NDArray[np.floating]) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.from_numpy(mean).float(), requires_grad=False)
        self.matrix = nn.Parameter(torch.from_numpy(matrix).float(), requires_grad=False)

    def forward(self, vectors: Tensor) -> Tensor:
        """(N, C) to (N, D)."""
        found: Tensor = (vectors - self.mean) @ self.matrix
        return found


def _leading(dimension: int, embedding: int) -> nn.Linear:
    """The first so many numbers, to begin with."""
    layer = nn.Linear(dimension, embedding)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(embedding, dimension))
        nn.init.zeros_(layer.bias)
    return layer


def _pooled(kind: Kind, vectors: Tensor, lengths: Tensor) -> Tensor:
    """(N, D): last or largest, else the mean."""
    if kind == "last":
        return _at(vectors, lengths - 1)
    counts = (torch.arange(vectors.shape[1], device=vectors.device) < lengths[:, None])[..., None]
    if kind == "max":
        return vectors.masked_fill(~counts, -torch.inf).amax(1)
    return (vectors * counts).sum(1) / lengths[:, None]


def _at(vectors: Tensor, places: Tensor) -> Tensor:
    """(N, D): of (N, T, D) the one at each of (N,) places."""
    return vectors.gather(1, places[:, None, None].expand(-1, -1, vectors.shape[2]))[:, 0]
