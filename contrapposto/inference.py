"""Opens the ONNX networks that the stages run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.text import path_text

if TYPE_CHECKING:
    import onnxruntime


def open_session(
    name: str, *, threads: int, progress: weights.Progress | None = None
) -> onnxruntime.InferenceSession:
    """A session on the CPU for a network of the weights table, fetched at first use.

    threads: that one run may use; sessions can be run from several threads at once. Raises WeightsError.
    """
    return _session(str(weights.path(name, progress=progress)), threads)


def open_file(path: Path, *, threads: int, given: Sequence[str], found: str) -> onnxruntime.InferenceSession:
    """A session on the CPU for a file that was trained here. given: names of its inputs; found: of one of its
    outputs. Raises DataError when the file cannot be read or has others."""
    try:
        session = _session(path.read_bytes(), threads)
    except Exception as error:  # ONNX Runtime's own have no narrower class
        reason = str(error).splitlines()[0][:120]
        raise DataError(f"{path_text(path)}: cannot be read as ONNX ({reason}); give a file of train") from error
    names = [tensor.name for tensor in session.get_inputs()]
    if names != list(given) or found not in [tensor.name for tensor in session.get_outputs()]:
        raise DataError(
            f"{path_text(path)}: a network of another kind; expected {', '.join(given)} to {found}, it takes"
            f" {', '.join(names)}"
        )
    return session


def _session(model: str | bytes, threads: int) -> onnxruntime.InferenceSession:
    """Of the file of this path, or of its bytes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
