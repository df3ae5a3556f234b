"""Opens the ONNX networks that the stages run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contrapposto import weights

if TYPE_CHECKING:
    import onnxruntime


def open_session(
    name: str, *, threads: int, progress: weights.Progress | None = None
) -> onnxruntime.InferenceSession:
    """A session on the CPU for a network of the weights table, fetched at first use.

    threads: that one run may use; sessions can be run from several threads at once. Raises WeightsError.
    """
    path = weights.path(name, progress=progress)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
