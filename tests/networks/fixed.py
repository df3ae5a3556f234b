"""Networks with weights that do not depend on PyTorch's random numbers, and images for them."""

from __future__ import annotations

from typing import Any

import numpy as np


def fixed(network: Any, seed: int = 0) -> Any:
    """The network with random weights by NumPy, of a size that keeps what goes through it alive; for evaluation."""
    import torch

    rng = np.random.default_rng(seed)
    state = {}
    for name, value in network.state_dict().items():
        shape = tuple(value.shape)
        if name.endswith("num_batches_tracked"):
            state[name] = value
            continue
        if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            numbers = rng.uniform(0.8, 1.2, shape)
        elif len(shape) > 1:
            numbers = rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape)
        else:
            numbers = rng.normal(0, 0.1, shape)
        state[name] = torch.from_numpy(numbers.astype(np.float32))
    network.load_state_dict(state)
    return network.eval()


def images(count: int, side: int, seed: int = 1) -> Any:
    """(count, 3, side, side) in -1..1."""
    import torch

    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, 3, side, side)).astype(np.float32))


def silent_parameters(network: Any, given: Any) -> list[str]:
    """Names of the parameters that a loss on the network's output does not move."""
    network.train()
    found = network(given)
    (found * found.new_tensor(np.random.default_rng(2).normal(size=tuple(found.shape)))).sum().backward()
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not (parameter.grad.abs().max() > 0)
    ]
