"""Why a search found nobody, in words for the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from contrapposto.records import Hit
from contrapposto.search.candidates import Snapshot
from contrapposto.search.query import Query
from contrapposto.search.sequence_part import SequencePart
from contrapposto.store import Store


def why_nothing(store: Store, snapshot: Snapshot, query: Query, search: Callable[[Query], list[Hit]]) -> str:
    """One line. search: what found nobody."""
    if not store.count("people"):
        return "The library holds nobody yet; index photos or films of people into it."
    if query.where is not None and not snapshot.contents(query.condition).any():
        return f"No file in the library meets --where {query.where!r}."
    if query.min_match and (best := search(replace(query, min_match=0.0, top=1))):
        return f"Nobody matches that well: the best match is {best[0].match:.2f}; ask for less than that."
    if any(isinstance(part, SequencePart) for part in query.parts):
        return "Nobody in films is followed long enough; photos have no answer to one thing after the other."
    if query.of_pictures:
        return "No picture in the library shows so many people as asked for."
    return "Nobody in the library shows enough of the joints asked for to be compared; ask for fewer joints."
