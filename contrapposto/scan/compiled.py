"""Machine code for the scans, made by Numba at the first use and kept in this user's cache folder.

Importing this module imports Numba; `contrapposto.scan` does so only when there are many people to look at.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from contrapposto.weights.cache import cache_folder

LANES = 64
"""People side by side in a block of the layout: the innermost loops go over them and become vector instructions."""

_RELAXED = {"contract", "reassoc", "nsz", "arcp"}
"""Sums may be regrouped and multiplications fused; NaN and infinity keep their meaning."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """The function as machine code that does not hold Python's global lock. It is kept on disk for the next process
    where a cache folder can be written: the one that NUMBA_CACHE_DIR names, else `compiled` in ours."""
    with _kept_in(Path(numba.config.CACHE_DIR or cache_folder().with_name("compiled")) / _version()):
        try:
            made: _Function = numba.njit(nogil=True, cache=True, fastmath=_RELAXED, error_model="numpy")(function)
        except RuntimeError:  # there is no folder that can be written
            made = numba.njit(nogil=True, fastmath=_RELAXED, error_model="numpy")(function)
    return made


def inlined(function: _Function) -> _Function:
    """A part of a compiled function of the same file, put in where it is called."""
    part: _Function = numba.njit(fastmath=_RELAXED, error_model="numpy", inline="always")(function)
    return part


@cache
def _version() -> str:
    """Of all files of this folder: Numba looks at a function's own file alone, and these share constants and
    functions."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


@contextlib.contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Numba looks for its cache folder when a function is declared."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


def _prefetch(_: Any, values: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        place = builder.bitcast(builder.gep(array.data, [given[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(call, [place, number(0), number(2), number(1)])  # to read, into the second cache, data
        return context.get_dummy_value()

    return numba.types.void(values, at), generate


prefetch: Callable[[Any, int], None] = intrinsic(_prefetch)
"""Asks for the cache line of one element of a flat array, into the second cache (the first holds little more than a
block); past the array's end nothing happens. Without it the memory waits while a block is worked on."""
