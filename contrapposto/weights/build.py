"""From verified source files to the bytes of an ONNX file."""

from __future__ import annotations

from pathlib import Path

from contrapposto.errors import WeightsError
from contrapposto.weights.table import Weights


def build(row: Weights, source: Path) -> bytes:
    """The ONNX file of a row, made from its first source file (the others beside it) and checked.

    Raises WeightsError when the source cannot be converted.
    """
    import onnx

    from contrapposto.weights import onnx_builder

    if row.converter == "tfjs":
        from contrapposto.weights import tfjs

        model = tfjs.convert(source)
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
