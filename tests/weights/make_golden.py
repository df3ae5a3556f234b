"""Writes golden.npz: outputs of the converted networks on fixed inputs.

Run `python -m tests.weights.make_golden NAME ...` (all networks without a name) from the root of the repository.
Do so only when a network is added or its conversion is meant to give other numbers, and compare it with another
converter first. Needs PyTorch once.
"""

from __future__ import annotations

import sys

import numpy as np

from contrapposto import weights
from tests.weights import golden


def main(chosen: list[str]) -> None:
    """Fetches these networks, or all, runs them and stores what `golden.digest` keeps; of others what is stored."""
    names = weights.names()
    with np.load(golden.FILE) as file:
        stored = {key: file[key] for key in file if key.partition("/")[0] in {*names} - {*(chosen or names)}}
    for name in chosen or names:
        stored.update(golden.outputs(name, weights.path(name)))
    np.savez_compressed(golden.FILE, **stored)


if __name__ == "__main__":
    main(sys.argv[1:])
