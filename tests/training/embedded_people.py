"""Made-up people whose embedding tells their posebits."""

from __future__ import annotations

import numpy as np

from contrapposto.training.embedded import EmbeddedPeople

BITS, WIDTH = 12, 16


def embedded_people(count: int, seed: int = 0, unknown: float = 0.1) -> EmbeddedPeople:
    """Hidden numbers decide the posebits and, with noise, the embedding."""
    fixed, random = np.random.default_rng(99), np.random.default_rng(seed)
    to_bits, to_space = fixed.normal(size=(4, BITS)), fixed.normal(size=(4, WIDTH))
    hidden = random.normal(size=(count, 4))
    known = random.random((count, BITS)) >= unknown
    true = known & (hidden @ to_bits + 0.3 * random.normal(size=(count, BITS)) > 0.3)
    embeddings = np.tanh(hidden) @ to_space + 0.1 * random.normal(size=(count, WIDTH))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    names = tuple(f"{seed}-{number}.jpg" for number in range(count))
    return EmbeddedPeople(names, np.full((count, 17, 2), np.nan), embeddings.astype(np.float32), true, known)
