"""FAISS's lists give the nearest that an exact scan gives, or miss it; never anything else."""

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.evaluation import inverted_lists
from contrapposto.scan.hamming import nearest


def test_against_an_exact_scan() -> None:
    pytest.importorskip("faiss")
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (3000, 32), dtype=np.uint8)
    queries = base[:200].copy()
    queries[:, 0] ^= 3
    queries[150:] = rng.integers(0, 256, (50, 32), dtype=np.uint8)
    base[2000:2100] = base[:100]  # two at equal distance
    found = inverted_lists.InvertedLists(base).nearest(queries, 64)
    exact = nearest(queries, base, np.arange(3000, dtype=np.int32), 64)
    assert np.diff(found.starts).tolist() == [2] * 100 + [1] * 50 + [0] * 50
    for query in range(200):
        own = found.rows[found.starts[query] : found.starts[query + 1]]
        assert sorted(own) == sorted(exact.rows[exact.starts[query] : exact.starts[query + 1]])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverted_lists, "available", lambda: False)
    with pytest.raises(DataError, match="pip install faiss-cpu"):
        inverted_lists.InvertedLists(np.zeros((1, 32), np.uint8))
