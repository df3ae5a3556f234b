"""The language stream: posebytes into the space of a network that looks at pictures (Curro's thesis). Only the
first layer learns; what follows is the head of the image network, as it is."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional


class LanguageStream(nn.Module):
    """(N, bits) posebytes to (N, D) embeddings of length 1.

    A bit is 1 where true, -1 where false, 0 where unknown, and between them where it is a guess. head:
    (N, features) to (N, D), frozen; features: what the image network gives its head, after a rectifier; dropout:
    share of these that is left out in training.
    """

    def __init__(self, head: nn.Module, bits: int, features: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.enter = nn.Linear(bits, features)
        self.dropout = nn.Dropout(dropout)
        self.head = head
        for parameter in head.parameters():
            parameter.requires_grad_(False)

    def forward(self, posebytes: Tensor) -> Tensor:
        """(N, bits) to (N, D)."""
        features = self.dropout(torch.relu(self.enter(posebytes)))
        embedded: Tensor = functional.normalize(self.head(features), dim=1)
        return embedded


def head_of(state: Mapping[str, Tensor]) -> nn.Sequential:
    """The layers after an image network's features, a rectifier between any two of them, from a state dict with
    "0.weight", "0.bias", "2.weight" ... Raises ValueError when the layers do not follow each other."""
    names = sorted((name for name in state if name.endswith(".weight")), key=lambda name: int(name.split(".")[0]))
    layers: list[nn.Module] = []
    entering: int | None = None
    for name in names:
        width, given = state[name].shape
        if state[name].ndim != 2 or (entering is not None and given != entering):
            raise ValueError(f"layers do not follow each other: {name} takes {given} numbers, not {entering}")
        layers += [nn.Linear(given, width), nn.ReLU()]
        entering = width
    head = nn.Sequential(*layers[:-1])
    try:
        head.load_state_dict(dict(state))
    except RuntimeError as error:
        raise ValueError(f"no state dict of layers with a rectifier between them: {error}") from error
    return head
