"""The real networks, for the tests that need them."""

from __future__ import annotations

import os

import pytest

from contrapposto import weights


def need(*names: str) -> None:
    """Skips the test when one of these is not in the cache; where CI is set it is fetched instead."""
    cached = {row.name for row in weights.status() if row.cached}
    missing = sorted(set(names) - cached)
    if missing and not os.environ.get("CI"):
        pytest.skip(f"weights not fetched: {', '.join(missing)} (contrapposto models fetch)")
