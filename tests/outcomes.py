"""What a run of indexing did, and what the library then holds, in short forms to compare."""

from __future__ import annotations

from contrapposto.indexing import IndexReport
from contrapposto.library import Library

COUNTS = ("new", "changed", "moved", "unchanged", "removed", "people")


def counts(report: IndexReport) -> dict[str, int]:
    """The numbers that are not 0, and how many were skipped."""
    found = {name: getattr(report, name) for name in COUNTS} | {"skipped": len(report.skipped)}
    return {name: number for name, number in found.items() if number}


def names(library: Library) -> dict[str, int]:
    """File name to number of people."""
    return {media.path.name: media.people for media in library.media()}


def people_rows(library: Library) -> int:
    return library._open_store().count("people")
