"""Contrapposto finds people in photos, films and paintings by how they pose.

    import contrapposto as cp

    library = cp.Library("holiday.library")
    library.index("~/Pictures")
    hits = library.search(image="me.jpg", joints="arms", mirror=True)
    hits = library.search(words="left elbow bent, right hand above head")

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contrapposto.errors import (
        ContrappostoError,
        DataError,
        LibraryBusy,
        LibraryError,
        QueryError,
        UnreadableMedia,
        WeightsError,
    )
    from contrapposto.indexing import IndexReport
    from contrapposto.items import ItemsReport
    from contrapposto.library import Library
    from contrapposto.records import (
        Box,
        ConditionResult,
        Hit,
        Item,
        Media,
        PartResult,
        Person,
        Pose,
        SequenceResult,
        Shot,
        Skipped,
        StepResult,
        StillHit,
        WordsResult,
    )
    from contrapposto.search.pose_json import pose_from_json
    from contrapposto.search.pose_part import PosePart
    from contrapposto.search.query import Query
    from contrapposto.search.sequence_part import SequencePart, Step
    from contrapposto.search.words_part import WordsPart

__all__ = [
    "Box",
    "ConditionResult",
    "ContrappostoError",
    "DataError",
    "Hit",
    "IndexReport",
    "Item",
    "ItemsReport",
    "Library",
    "LibraryBusy",
    "LibraryError",
    "Media",
    "PartResult",
    "Person",
    "Pose",
    "PosePart",
    "Query",
    "QueryError",
    "SequencePart",
    "SequenceResult",
    "Shot",
    "Skipped",
    "Step",
    "StepResult",
    "StillHit",
    "UnreadableMedia",
    "WeightsError",
    "WordsPart",
    "WordsResult",
    "pose_from_json",
]

_HOMES = {
    "contrapposto.errors": (
        "ContrappostoError",
        "DataError",
        "LibraryBusy",
        "LibraryError",
        "QueryError",
        "UnreadableMedia",
        "WeightsError",
    ),
    "contrapposto.indexing": ("IndexReport",),
    "contrapposto.items": ("ItemsReport",),
    "contrapposto.library": ("Library",),
    "contrapposto.records": (
        "Box",
        "ConditionResult",
        "Hit",
        "Item",
        "Media",
        "PartResult",
        "Person",
        "Pose",
        "SequenceResult",
        "Shot",
        "Skipped",
        "StepResult",
        "StillHit",
        "WordsResult",
    ),
    "contrapposto.search.pose_json": ("pose_from_json",),
    "contrapposto.search.pose_part": ("PosePart",),
    "contrapposto.search.query": ("Query",),
    "contrapposto.search.sequence_part": ("SequencePart", "Step"),
    "contrapposto.search.words_part": ("WordsPart",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker would take this to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
