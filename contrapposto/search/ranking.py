"""Parts score people; ranking fuses the parts and says why.

Each part gives every person a match; the fused match is the mean of the parts' matches, weighted by the parts.
People that any part cannot be compared with are left out: an answer fits all that was asked. Bounds
tell who can be among the best, the exact scores decide (`scoring`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.records import Hit, SequenceResult, Shot, Why
from contrapposto.scan import reaching
from contrapposto.search.candidates import Block, Snapshot
from contrapposto.search.folding import Candidate, fold, window
from contrapposto.search.pose_part import EMBEDDING, POSEBITS, VIEW_INVARIANT
from contrapposto.search.pose_scoring import PoseScorer
from contrapposto.search.posebit_scoring import PosebitScorer
from contrapposto.search.query import Part, Query
from contrapposto.search.scoring import Score, Scorer
from contrapposto.search.sequence_part import SequencePart
from contrapposto.search.sequence_scoring import SequenceScorer
from contrapposto.search.timeline import Timeline, spans_of
from contrapposto.search.vector_scoring import VectorScorer
from contrapposto.search.words_part import WordsPart
from contrapposto.search.words_scoring import WordsScorer
from contrapposto.store import Store
from contrapposto.store.rows import PeopleArrays, key_path, path_key, shots_of

MORE = 4
"""When folding leaves too few answers, this many times as many people are looked at."""

NEARLY = 0.8
"""A person in a film keeps to what was asked for while the match is this share of the best one."""

GAP = 0.05
"""Seconds: spans no further apart follow on each other."""

ROUNDING = 1e-12
"""Of a fused match: less than this is no difference."""


def search(store: Store, snapshot: Snapshot, query: Query) -> list[Hit]:
    """The best people for a query, best first; equal ones in order of their id in the store.

    At most `query.top`, fewer when fewer can be compared or match well enough; none is legal. Of a picture that is
    asked for as a whole, one person.
    """
    met = snapshot.contents(query.condition)
    top = min(query.top, snapshot.most)
    if not top:
        return []
    wanted = top if query.unfold else top + window(top)
    while True:
        found = [_best(block, query, met, wanted) for block in snapshot.blocks(store)]
        if not found:
            return []
        best = _concatenated(found).first(wanted)
        complete = len(best) < wanted
        if query.of_pictures:
            in_films = best.people.shots > 0
            pictures = np.where(in_films, -1 - np.arange(len(best)), best.contents)
            _, firsts = np.unique(pictures, return_index=True)
            best = best.take(np.sort(firsts))
        groups = [[row] for row in range(len(best))] if query.unfold else _folded(best, snapshot, top)
        if len(groups) >= top or complete:
            return _hits(store, best, groups[:top], snapshot, query)
        wanted *= MORE


def timelines(store: Store, snapshot: Snapshot, query: Query, films: Sequence[Path]) -> list[Timeline]:
    """How well films of the library match a query over time, in the order of `films`."""
    wanted = {path_key(path): path for path in films}
    rows = store.read("media", ["path", "content", "duration"], keys=list(wanted))
    contents = dict(zip(rows["path"].to_pylist(), rows["content"].to_pylist(), strict=True))
    durations = dict(zip(rows["path"].to_pylist(), rows["duration"].to_pylist(), strict=True))
    spans: dict[str, list[NDArray[np.float64]]] = {content: [] for content in contents.values()}
    for block in snapshot.blocks(store):
        inside = np.flatnonzero(pc.is_in(block.people.contents, pa.array(list(spans), pa.string())))
        if not len(inside):
            continue
        scores = [_scorer(part, block).exact(inside) for part in query.parts]
        later = [moments.times for score in scores for moments in score.later]
        known = np.isfinite([score.order for score in scores]).all(axis=0)
        times, matches = block.people.times[inside], _fused(query, [score.matches for score in scores])
        names = np.asarray(block.people.contents.take(pa.array(inside)).to_pylist())
        for content in np.unique(names):
            mine = (names == content) & known
            spans[str(content)].append(spans_of(times[mine], matches[mine], [one[mine] for one in later]))
    shots = store.read("shots")
    lines = []
    for key, path in wanted.items():
        if durations.get(key) is not None:
            own = shots_of(shots.filter(pc.equal(shots["content"], contents[key])))
            rows_of = spans[contents[key]]
            lines.append(
                Timeline(
                    path,
                    float(durations[key]),
                    tuple(sorted(own, key=lambda shot: shot.number)),
                    np.concatenate(rows_of) if rows_of else np.zeros((0, 3)),
                )
            )
    return lines


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """Candidates in rank order: (N,) people, their contents, their fused matches, and their scores of each part."""

    people: PeopleArrays
    contents: NDArray[np.intp]
    matches: NDArray[np.float64]
    scores: tuple[Score, ...]

    def __len__(self) -> int:
        return len(self.matches)

    def take(self, rows: NDArray[np.intp]) -> _Best:
        return _Best(
            self.people.take(rows),
            self.contents[rows],
            self.matches[rows],
            tuple(score.take(rows) for score in self.scores),
        )

    def first(self, count: int) -> _Best:
        ids = self.people.ids.to_numpy(zero_copy_only=False)
        return self.take(np.lexsort((ids, self.scores[0].order, -self.matches))[:count])


def _scorer(part: Part, block: Block) -> Scorer:
    if isinstance(part, SequencePart):
        return SequenceScorer(part, block, _scorer)
    if isinstance(part, WordsPart):
        return WordsScorer(part, block)
    if part.metric in (EMBEDDING, VIEW_INVARIANT):
        return VectorScorer(part, block)
    return PosebitScorer(part, block) if part.metric == POSEBITS else PoseScorer(part, block)


def _best(block: Block, query: Query, met: NDArray[np.bool_], wanted: int) -> _Best:
    """At least the best `wanted` people of a block that are in files which meet the condition."""
    inside = block.contents >= 0
    inside[inside] = met[block.contents[inside]]
    scorers = [_scorer(part, block) for part in query.parts]
    rows, _ = reaching(_bounds(scorers, query, inside), lambda rows: _order(scorers, query, rows), wanted)
    scores = [scorer.exact(rows) for scorer in scorers]
    fused = _fused(query, [score.matches for score in scores])
    kept = np.isfinite([score.order for score in scores]).all(axis=0) & (fused >= query.min_match)
    best = _Best(block.people.take(rows), block.contents[rows], fused, tuple(scores))
    return best.take(np.flatnonzero(kept))


def _bounds(scorers: Sequence[Scorer], query: Query, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) numbers that are at most those of `_order`; NaN where not comparable or not inside."""
    bounds = [scorer.bounds() for scorer in scorers]
    low = bounds[0][0] if len(bounds) == 1 else 1 - _fused(query, [high for _, high in bounds]) - ROUNDING
    known: NDArray[np.bool_] = inside & np.isfinite([order for order, _ in bounds]).all(axis=0)
    return np.where(known, low, np.nan)


def _order(scorers: Sequence[Scorer], query: Query, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """What people are ordered by: one part by itself; of several, what the match lacks to 1."""
    scores = [scorer.exact(rows) for scorer in scorers]
    if len(scores) == 1:
        return scores[0].order
    comparable = np.isfinite([score.order for score in scores]).all(axis=0)
    return np.where(comparable, 1 - _fused(query, [score.matches for score in scores]), np.nan)


def _fused(query: Query, matches: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """(N,) the weighted mean of the parts' matches."""
    fused: NDArray[np.float64] = np.average(matches, axis=0, weights=[abs(part.weight) for part in query.parts])
    return fused


def _concatenated(found: Sequence[_Best]) -> _Best:
    if len(found) == 1:
        return found[0]
    scores = zip(*(best.scores for best in found), strict=True)
    return _Best(
        PeopleArrays.concatenated([best.people for best in found]),
        np.concatenate([best.contents for best in found]),
        np.concatenate([best.matches for best in found]),
        tuple(Score.concatenated(of_part) for of_part in scores),
    )


def _folded(best: _Best, snapshot: Snapshot, top: int) -> list[list[int]]:
    """Groups of candidates, best first, that are the same person of the same photo, or in the same shot."""
    members: dict[tuple[int, int], list[int]] = {}
    for row, (content, shot) in enumerate(zip(best.contents.tolist(), best.people.shots.tolist(), strict=True)):
        members.setdefault((content, shot) if shot else (-1, row), []).append(row)
    of_shots = list(members.values())
    firsts = best.take(np.array([rows[0] for rows in of_shots], np.intp))
    people = (
        Candidate(str(content), fingerprint, width, height, keypoints)
        for content, (fingerprint, width, height), keypoints in zip(
            firsts.contents, snapshot.pictures(firsts.contents), firsts.people.keypoints, strict=True
        )
    )
    return [[row for first in group for row in of_shots[first]] for group in fold(people, top)]


def _hits(
    store: Store, best: _Best, groups: Sequence[Sequence[int]], snapshot: Snapshot, query: Query
) -> list[Hit]:
    leaders = np.array([group[0] for group in groups], dtype=np.intp)
    why = _explained(best.take(leaders), query)
    shots = _shots(store, best.people.take(leaders))
    hits = []
    for place, group in enumerate(groups):
        person = best.people.person(group[0])
        contents = dict.fromkeys(int(best.contents[row]) for row in group)
        paths = [path for content in contents for path in _paths(snapshot, content, query)]
        hits.append(
            Hit(
                paths[0],
                int((best.people.tracks if shots[place] else best.people.numbers)[group[0]]),
                person.box,
                person.pose,
                float(best.matches[group[0]]),
                why[place],
                tuple(paths[1:]),
                *(_when(best, group) if shots[place] else ()),
            )
        )
    return [replace(_whole(hit), shot=shot) for hit, shot in zip(hits, shots, strict=True)]


def _whole(hit: Hit) -> Hit:
    """The answer to a sequence begins with its first step and ends with its last one."""
    for result in hit.why:
        if isinstance(result, SequenceResult) and not result.unlike:
            return replace(hit, start=result.steps[0].start, end=result.steps[-1].end)
    return hit


def _shots(store: Store, people: PeopleArrays) -> list[Shot | None]:
    """The shot of each, None in photos."""
    names = zip(people.contents.to_pylist(), people.shots.tolist(), strict=True)
    keys = [f"{content}/{shot}" if shot else None for content, shot in names]
    rows = store.read("shots", keys=[key for key in keys if key])
    known = dict(zip(rows["id"].to_pylist(), shots_of(rows), strict=True))
    return [known.get(key) if key else None for key in keys]


def _when(best: _Best, group: Sequence[int]) -> tuple[float, float, float]:
    """The second of the leader of a group of one shot, and from when until when the same person, who is found in
    further rows of the group without a gap, matches nearly as well."""
    leader = group[0]
    shown, start, end = (float(second) for second in best.people.times[leader])
    near = [
        row
        for row in group
        if best.people.tracks[row] == best.people.tracks[leader]
        and best.people.shots[row] == best.people.shots[leader]
        and best.matches[row] >= NEARLY * best.matches[leader]
    ]
    spans = best.people.times[near][:, 1:]
    for low, high in sorted(spans.tolist()):
        if low <= end + GAP and high > end:
            end = high
    for low, high in sorted(spans.tolist(), reverse=True):
        if high >= start - GAP and low < start:
            start = low
    return shown, start, end


def _explained(best: _Best, query: Query) -> list[tuple[Why, ...]]:
    """What each part found in each candidate."""
    block = Block(best.people, best.contents)
    rows = np.arange(len(best))
    told = [_scorer(part, block).why(score, rows) for part, score in zip(query.parts, best.scores, strict=True)]
    return list(zip(*told, strict=True))


def _paths(snapshot: Snapshot, content: int, query: Query) -> list[Path]:
    """Files with this content; those that meet the query's condition first."""
    files = snapshot.files(content)
    met = query.condition(files) if query.condition else np.ones(len(files), dtype=bool)
    keys, read = files["path"].to_pylist(), files["rows"].to_numpy() > 0
    return [key_path(keys[row]) for row in np.argsort(~met, kind="stable") if read[row]]
