"""The real networks: fetched, converted, and compared with stored outputs. A missing golden file fails."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import weights
from tests.weights import golden


def test_the_golden_file_has_every_network() -> None:
    with np.load(golden.FILE) as stored:
        assert {key.partition("/")[0] for key in stored} == set(weights.names()) == set(golden.SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(golden.SIZES))
def test_outputs_are_those_that_are_stored(name: str) -> None:
    found = golden.outputs(name, weights.path(name))
    with np.load(golden.FILE) as stored:
        wanted = {key: stored[key] for key in stored if key.startswith(f"{name}/")}
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        for part in (slice(None, golden.SPACED), slice(golden.SPACED, None)):
            close(found[key][part], values[part], key)


def close(found: NDArray[np.float32], wanted: NDArray[np.float32], key: str) -> None:
    """Equal up to what another processor rounds otherwise: 1e-3 of a number, or 1e-4 of a usual one."""
    usual = float(np.quantile(np.abs(wanted), 0.75)) if wanted.size else 0.0
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=max(1e-5, 1e-4 * usual), err_msg=key)
