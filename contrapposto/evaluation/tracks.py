"""Protocol: how well people are followed through shots, smoothed and thinned (`docs/tracks.md`)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.distances import pose_distances
from contrapposto.errors import DataError
from contrapposto.evaluation.crossings import SEED, scenes
from contrapposto.evaluation.film_samples import DEMO, FilmShot, is_demo, restored, sampled, shots_of, stored
from contrapposto.evaluation.keypoint_metrics import PCK_SHARE, torso_length
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.tracks_metrics import Identities, Pair, TrueShot, by_iou, identities, pairs_of
from contrapposto.geometry import oks
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.people.tracks import Sample, Track, join
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.poses.moments import Moment, distinct
from contrapposto.poses.smoothing import smoothed_track
from contrapposto.records import Person
from contrapposto.weights import Progress as FetchProgress

TASK = "tracks"
EVERY = 0.2
"""Seconds from one sample to the next."""

PERSON_BYTES = 4 * (17 * 2 + 17 + 17 * 3 + 34)
"""Of a stored person: keypoints, scores, 3D keypoints and pose vector, as float32."""

QUANTILES = (50, 90, 95)
"""Percent."""

Follow = Callable[[Sequence[Sample]], list[Track]]
METHODS: dict[str, Follow] = {"iou": by_iou, "joined": join}
"""`iou` is the yardstick."""

Row = dict[str, Any]


def evaluate_tracks(
    data: Path,
    split: str | None = None,
    *,
    every: float = EVERY,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Follows the people that the default estimator finds in films; returns one summary object of all methods.

    data: "demo", whose films are cut by their true shots, or a folder of films, each taken as one shot, of which
    only counts are known; every: seconds. out: gets a run folder a method. Measures:

    idf1, identity_switches, as in `tracks_metrics`, with people, who truly are in the shots; found: share of the
    true people that a track holds, found with an OKS of at least 0.5; oks, pck@0.2 of these (visible keypoints) as
    found, and smoothed as /smoothed; distance: of the true pose to the one that is stored for its time (2D, px of
    128), mean and quantiles, where all samples are stored (/samples) and where distinct poses are (/moments).
    crossing/..., turning/...: identity_switches and idf1 of `crossings.scenes` made of the people found.
    Without truth too: tracks; followed, people of samples in tracks; stored people and kilobytes a minute of film.
    Raises DataError, WeightsError.
    """
    if split is not None:
        raise DataError("films have no splits: leave --split out")
    if not every > 0:
        raise DataError(f"--every must be more than 0 seconds, got {every}")
    name = DEMO if is_demo(data) else data.resolve().name
    summaries, found = [], None
    with tempfile.TemporaryDirectory() as temporary:
        for method in METHODS:
            run = Run.open((out or Path(temporary)) / method, _config(name, method, every), overwrite)
            if not run.has_predictions:
                found = found or sampled(data, every, fetching, progress)
                run.save_predictions(**stored(found))
            shots = shots_of(data, restored(run.load_predictions()), every)
            summaries.append(_score(run, shots, METHODS[method]))
    measures = {key: row for summary in summaries for key, row in summary["measures"].items()}
    return summary_object(TASK, name, None, summaries[0]["n"], summaries[0]["commit"], measures)


def _config(name: str, method: str, every: float) -> RunConfig:
    made_by = Manifest.of(DEFAULT_ESTIMATOR, False)
    settings = {"every": every, "estimator": f"{made_by.estimator} {made_by.version}", "seed": SEED}
    return RunConfig(TASK, name, None, method, settings, made_by.weights)


def _score(run: Run, shots: Sequence[FilmShot], follow: Follow) -> dict[str, Any]:
    followed = [(film.film, film.shot, follow(film.shot.samples)) for film in shots]
    thinned = [(film, shot, [_Thinned(track) for track in tracks]) for film, shot, tracks in followed]
    counted = _counts(sum(film.seconds for film in shots), [track for *_, tracks in thinned for track in tracks])
    samples = sum(len(shot.samples) for _, shot, _ in followed)
    if not any(true for _, shot, _ in followed for true in shot.truth):
        return run.save_results(
            [track.as_row(film) for film, _, tracks in thinned for track in tracks], counted, samples
        )
    total = sum((identities(shot, tracks) for _, shot, tracks in followed), Identities())
    rows = [row for film, shot, tracks in thinned for row in _rows(film, shot, tracks)]
    measures = _identity_measures(total) | {
        "found": total.pairs / max(total.true, 1),
        "people": float(total.people),
    }
    measures |= _pose_measures(rows) | counted | _scene_measures([film.shot for film in shots], follow)
    return run.save_results(rows, measures, samples)


class _Thinned:
    """A track as joined, smoothed, and thinned."""

    def __init__(self, raw: Track) -> None:
        self.raw, self.smooth = raw, smoothed_track(raw)
        self.moments = distinct(self.smooth)

    def as_row(self, film: str) -> Row:
        """Of per_query.csv where no truth is known."""
        counts = {"samples": len(self.raw.people), "moments": len(self.moments)}
        span = {"start": float(self.raw.times[0]), "end": float(self.raw.times[-1])}
        return {"film": film, "track": self.raw.number, **span, **counts}

    def at(self, time: float) -> Moment:
        """The moment that stands for a second within the track."""
        return next(moment for moment in self.moments if time <= moment.end)


def _rows(file: str, shot: TrueShot, tracks: Sequence[_Thinned]) -> list[Row]:
    """One for each true person of a sample whom a track holds."""
    held = {id(p): (t, row) for t in tracks for row, p in enumerate(t.raw.people)}
    rows = []
    for pair in pairs_of(shot):
        sample = shot.samples[pair.sample]
        person = sample.people[pair.found]
        if id(person) in held:
            track, row = held[id(person)]
            given: Row = {"film": file, "time": sample.time, "person": pair.true, "track": track.raw.number}
            stands = track.at(sample.time).person
            rows.append(given | _row(shot, pair, person, track.smooth.people[row], stands))
    return rows


def _row(shot: TrueShot, pair: Pair, person: Person, smooth: Person, stands: Person) -> Row:
    true = next(p for p in shot.truth[pair.sample] if p.number == pair.true)
    row: Row = {}
    for suffix, found in (("", person), ("/smoothed", smooth)):
        row[f"oks{suffix}"] = oks(found.pose.keypoints, true.keypoints, true.area)
        row[f"right{suffix}"], row["joints"] = _limbs_right(found.pose.keypoints, true.keypoints)
    for suffix, kept in (("samples", person), ("moments", stands)):
        row[f"distance/{suffix}"] = float(pose_distances("2d", true.keypoints, kept.pose.keypoints[None])[0])
    return row


def _limbs_right(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[int, int]:
    """How many visible limb joints of a person with a torso lie within PCK_SHARE of it, and of how many."""
    torso, visible = torso_length(true), np.isfinite(true[skeleton.LIMB_NUMBERS, 0])
    if torso is None:
        return 0, 0
    away = np.hypot(*(found - true)[skeleton.LIMB_NUMBERS].T)[visible]
    return int((away <= PCK_SHARE * torso).sum()), int(visible.sum())


def _pose_measures(rows: Sequence[Row]) -> dict[str, float]:
    measures = {}
    joints = sum(row["joints"] for row in rows)
    for suffix in ("", "/smoothed"):
        if rows:
            measures[f"oks{suffix}"] = float(np.mean([row[f"oks{suffix}"] for row in rows]))
        if joints:
            measures[f"pck@{PCK_SHARE}{suffix}"] = sum(row[f"right{suffix}"] for row in rows) / joints
    for suffix in ("samples", "moments"):
        values = np.array([row[f"distance/{suffix}"] for row in rows], dtype=np.float64)
        values = values[np.isfinite(values)]
        if len(values):
            measures[f"distance/{suffix}"] = float(values.mean())
            measures |= {f"distance@{q}/{suffix}": float(np.percentile(values, q)) for q in QUANTILES}
    return measures


def _counts(seconds: float, tracks: Sequence[_Thinned]) -> dict[str, float]:
    counts = {
        "samples": sum(len(track.raw.people) for track in tracks),
        "moments": sum(len(track.moments) for track in tracks),
    }
    measures = {"tracks": float(len(tracks)), "followed": float(counts["samples"])}
    for name, count in counts.items():
        measures[f"stored_a_minute/{name}"] = count / seconds * 60 if seconds else 0.0
        measures[f"kilobytes_a_minute/{name}"] = measures[f"stored_a_minute/{name}"] * PERSON_BYTES / 1000
    return measures


def _scene_measures(shots: Sequence[TrueShot], follow: Follow) -> dict[str, float]:
    """Of scenes made of the people whom `join` finds, so that all methods see the same."""
    actors = [track for shot in shots for track in join(shot.samples)]
    measures: dict[str, float] = {}
    for name, turn_back in (("crossing", False), ("turning", True)):
        made = scenes(actors, turn_back)
        total = sum((identities(shot, follow(shot.samples), pairs) for shot, pairs in made), Identities())
        if made:
            measures |= {f"{name}/{key}": value for key, value in _identity_measures(total).items()}
    return measures


def _identity_measures(total: Identities) -> dict[str, float]:
    return {"idf1": total.idf1, "identity_switches": float(total.switches)}
