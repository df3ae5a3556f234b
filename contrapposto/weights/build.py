"""From verified source files to the bytes of an ONNX file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from contrapposto.errors import WeightsError
from contrapposto.weights.table import Weights


def require(row: Weights) -> None:
    """Raises WeightsError when something that the row's converter needs is not installed."""
    if row.converter == "efficientnet-lite" and importlib.util.find_spec("torch") is None:
        raise WeightsError(
            f"{row.name} needs the training extra once, to read the published file;"
            " run pip install 'contrapposto[training]'"
        )


def build(row: Weights, source: Path) -> bytes:
    """The ONNX file of a row, made from its first source file (the others beside it) and checked.

    Raises WeightsError when the source cannot be converted.
    """
    require(row)
    import onnx

    from contrapposto.weights import onnx_builder

    if row.converter == "tfjs":
        from contrapposto.weights import tfjs

        model = tfjs.convert(source, row.inner)
    else:
        from contrapposto.weights import efficientnet

        model = efficientnet.convert(source)
    onnx_builder.describe(
        model,
        {
            "name": row.name,
            "identity": row.identity,
            "source": f"{row.package.source} {row.package.name} {row.package.version}",
            "licence": row.licence,
        },
    )
    try:
        onnx_builder.check(model)
    except onnx.checker.ValidationError as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"the ONNX made for {row.name} is not valid ({reason}); report this") from error
    data: bytes = model.SerializeToString()
    return data
