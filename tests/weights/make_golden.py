"""Writes golden.npz: outputs of the converted networks on fixed inputs.

Run `python -m tests.weights.make_golden` from the root of the repository. Do so only when a network is added or its
conversion is meant to give other numbers, and compare it with another converter first. Needs PyTorch once.
"""

from __future__ import annotations

import numpy as np

from contrapposto import weights
from tests.weights import golden


def main() -> None:
    """Fetches every network, runs it and stores what `golden.digest` keeps."""
    stored = {}
    for name in weights.names():
        stored.update(golden.outputs(name, weights.path(name)))
    np.savez_compressed(golden.FILE, **stored)


if __name__ == "__main__":
    main()
