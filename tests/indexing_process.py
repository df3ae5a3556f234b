"""Indexing in another process, in small batches, so that it can be killed. Lance is imported with this module:
the fork server preloads it, and so pays for that once."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import lance  # noqa: F401 (preloaded)

from contrapposto import indexing
from contrapposto.indexing import IndexOptions, IndexReport
from contrapposto.library import Library
from tests.drawn import DrawnPeople

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])
_index = indexing.index


def start(folder: Path, photos: Path, delay: float = 0.0) -> ForkServerProcess:
    """A process that now begins to bring a library up to date. delay: seconds for each photo."""
    begun = _CONTEXT.Event()
    process = _CONTEXT.Process(target=_run, args=(folder, photos, delay, begun))
    process.start()
    if not begun.wait(60):
        raise TimeoutError("the process did not begin")
    return process


def _in_small_batches(
    store: Any, roots: Any, estimator: Any, _: IndexOptions | None, progress: Any = None, film_progress: Any = None
) -> IndexReport:
    options = IndexOptions(workers=2, commit_photos=3, commit_seconds=0.05, optimize_commits=4)
    return _index(store, roots, estimator, options, progress, film_progress)


def _run(folder: Path, photos: Path, delay: float, begun: Event) -> None:
    indexing.index = _in_small_batches
    begun.set()
    Library(folder, estimator=DrawnPeople(delay)).index(photos, wait=True)
