"""The ONNX file of a trunk, for tests that compare with it."""

from __future__ import annotations

from typing import Any

from contrapposto import weights
from tests.networks import need


def need_trunk(name: str) -> Any:
    """A session of the trunk's file; skips the test when it was not fetched."""
    import onnxruntime

    need(name)
    return onnxruntime.InferenceSession(str(weights.path(name)), providers=["CPUExecutionProvider"])
