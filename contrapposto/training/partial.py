"""The recipe of asking for part of a pose in the space of image embeddings: the language stream, origin masks, the
network that makes a query of any set of conditions, and the statistics of posebytes, from people whose embeddings
are known (`embedded`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from contrapposto.errors import DataError
from contrapposto.networks.condition_query import PartialNetwork
from contrapposto.search.conditional_posebytes import PosebyteStatistics
from contrapposto.text import path_text
from contrapposto.training.conditions import ConditionOptions, learn_conditions
from contrapposto.training.embedded import EmbeddedPeople, read_embedded, read_head
from contrapposto.training.export import write
from contrapposto.training.language import LanguageOptions, learn_language
from contrapposto.training.loop import Progress
from contrapposto.training.masks import MaskOptions, learn_masks

LANGUAGE, PARTIAL = "language-stream.onnx", "partial-queries.onnx"

SOURCE = "contrapposto train partial"


@dataclass(frozen=True, slots=True)
class PartialOptions:
    """Settings of the recipe."""

    train: str = "train"
    """Split that is learned from."""
    held_out: str = "val"
    """Split that is looked at."""
    language: LanguageOptions = field(default_factory=LanguageOptions)
    masks: MaskOptions = field(default_factory=MaskOptions)
    conditions: ConditionOptions = field(default_factory=ConditionOptions)

    def with_seed(self, seed: int) -> PartialOptions:
        """The same with other random numbers."""
        return replace(
            self,
            language=replace(self.language, schedule=replace(self.language.schedule, seed=seed)),
            masks=replace(self.masks, seed=seed),
            conditions=replace(self.conditions, schedule=replace(self.conditions.schedule, seed=seed)),
        )

    def within(self, minutes: float | None) -> PartialOptions:
        """The same with about so many minutes in all; as it is when None."""
        if minutes is None:
            return self
        language, sets = self.language.schedule, self.conditions.schedule
        share = minutes / (language.minutes + sets.minutes)
        return replace(
            self,
            language=replace(self.language, schedule=replace(language, minutes=share * language.minutes)),
            conditions=replace(self.conditions, schedule=replace(sets, minutes=share * sets.minutes)),
        )


@dataclass(frozen=True, slots=True)
class TrainedPartial:
    """language, partial: the ONNX files; apart: held-out mean of |1 - cos| of the language stream; misses: held-out
    share of the first ten by the condition network who do not meet a set; masks: how many; difference: most that
    the files differ from PyTorch."""

    language: Path
    partial: Path
    apart: float
    misses: float
    masks: int
    difference: float


def train_partial(
    data: Path, out: Path, options: PartialOptions | None = None, progress: Progress | None = None
) -> TrainedPartial:
    """Learns from the folder of embeddings `data` (`embedded`); weights, curves and options go to `out`. Raises
    DataError."""
    options = options or PartialOptions()
    people, held_out = read_embedded(data, options.train), read_embedded(data, options.held_out)
    return learn_partial(people, held_out, read_head(data), out, options, progress)


def learn_partial(
    people: EmbeddedPeople,
    held_out: EmbeddedPeople,
    head: nn.Module,
    out: Path,
    options: PartialOptions,
    progress: Progress | None = None,
) -> TrainedPartial:
    """The same from people who were read before. A run that was broken off goes on, or begins again where it was
    making masks, which takes seconds."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path_text(out)}: cannot be made ({error.strerror}); choose another folder") from error
    stream, spoken = learn_language(people, held_out, head, out / "language", options.language, progress)
    masks = learn_masks(people, options.masks, out / "masks.csv")
    network, learned = learn_conditions(people, held_out, out / "conditions", options.conditions, progress)
    statistics = PosebyteStatistics.of(people.true, people.known)
    squares = np.nan_to_num(masks.table(people.true.shape[1])) ** 2
    asked: NDArray[np.bool_] = np.any(squares, axis=1)
    tensors = [
        torch.from_numpy(np.asarray(array, np.float32))
        for array in (squares, statistics.mean[None], statistics.covariance, asked[None])
    ]
    whole = PartialNetwork(network, *tensors)
    sets = torch.zeros(8, squares.shape[0])
    sets[torch.arange(8), torch.arange(8) * 7 % squares.shape[0]] = 1.0
    found = ("weights", "centre", "offset", "mask", "mean", "covariance", "learned")
    posebytes = torch.from_numpy(held_out.posebytes[:16])
    differences = [
        write(stream.half().float(), [posebytes], out / LANGUAGE, SOURCE, given=("posebyte",)),
        write(whole.half().float(), [sets], out / PARTIAL, SOURCE, given=("conditions",), found=found),
    ]
    return TrainedPartial(
        out / LANGUAGE, out / PARTIAL, spoken.best, learned.best, len(masks.rows), max(differences)
    )
