"""What a library was made with: the small JSON file beside its tables.

People found by other networks, or by the same networks in another way, are not comparable. So a library states
its estimator and the identities of all weights, and is refused by a program that now uses something else.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from contrapposto import weights
from contrapposto.errors import LibraryError
from contrapposto.poses import DEFAULT_ESTIMATOR, ESTIMATORS, POSE_WEIGHTS, identities
from contrapposto.poses.kept import kept_weights
from contrapposto.representations import pose_embedding, pose_vector, segments, shot_embedding
from contrapposto.shots import DEFAULT_DETECTOR

FILE = "library.json"
FORMAT = 5

EVERY = 0.2
"""Seconds between two frames of a film that are looked at, where nothing else is asked for."""


STORED = (
    *(pose_vector.REPRESENTATION, pose_embedding.REPRESENTATION, pose_embedding.FUSED),
    *(segments.REPRESENTATION, shot_embedding.REPRESENTATION),
)
"""Representations of people and of films that a library holds."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """estimator: its name; version: its version; accurate: its setting; weights: name to identity;
    representations: name to version; roots: folders that `index` was given, in order; every: seconds between two
    frames of a film that are looked at; shots: name of the detector of shots."""

    estimator: str
    version: int
    accurate: bool
    weights: dict[str, str]
    representations: dict[str, int] = field(default_factory=lambda: {kind.name: kind.version for kind in STORED})
    roots: tuple[str, ...] = ()
    every: float = EVERY
    shots: str = DEFAULT_DETECTOR
    format: int = FORMAT

    @staticmethod
    def of(estimator: str, accurate: bool, every: float = EVERY, *, pose_weights: Path | None = None) -> Manifest:
        """What a library made by this program with this estimator states. pose_weights: as for
        `poses.make_estimator`. Raises LibraryError when this program has no such estimator, DataError when its pose
        weights are missing."""
        if estimator not in ESTIMATORS:
            raise LibraryError(
                f"the estimator {estimator!r} is not known to this program, which has {', '.join(ESTIMATORS)}; "
                "use the program that made the library, or rebuild it: contrapposto index --rebuild"
            )
        names = (*pose_embedding.WEIGHTS, *shot_embedding.WEIGHTS)
        used = identities(estimator, accurate, pose_weights) | {name: weights.identity(name) for name in names}
        return Manifest(estimator, ESTIMATORS[estimator].version, accurate, used, every=every)

    def differences(self, other: Manifest) -> list[str]:
        """In what the two differ, in words, roots aside; empty when people of both are comparable."""
        pairs = [
            ("format", self.format, other.format),
            ("estimator", self.estimator, other.estimator),
            ("estimator version", self.version, other.version),
            ("accurate", self.accurate, other.accurate),
            ("every", self.every, other.every),
            ("detector of shots", self.shots, other.shots),
        ]
        found = [f"{name} {mine!r}, now {theirs!r}" for name, mine, theirs in pairs if mine != theirs]
        found += _changed("weights", self.weights, other.weights)
        found += _changed("representation", self.representations, other.representations)
        return found

    def with_roots(self, roots: tuple[str, ...]) -> Manifest:
        """The same with further roots."""
        return replace(self, roots=tuple(dict.fromkeys((*self.roots, *roots))))

    def without_roots(self, roots: tuple[str, ...]) -> Manifest:
        """The same, no longer watching these roots."""
        return replace(self, roots=tuple(root for root in self.roots if root not in roots))

    def write(self, folder: Path) -> None:
        """Replaces the folder's manifest in one step. Raises LibraryError when it cannot be written."""
        temporary = folder / f"{FILE}.{os.getpid()}"
        try:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
            temporary.replace(folder / FILE)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise LibraryError(
                f"{folder}: cannot be written ({error.strerror}); check its permissions and the space on its disk"
            ) from error


def read(folder: Path) -> Manifest | None:
    """The folder's manifest, None when there is none. Raises LibraryError when it cannot be understood."""
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise LibraryError(
                f"{folder}: made by another version of this program (format {data['format']}, this one reads "
                f"{FORMAT}); make a new library, or use the program that made it"
            )
        return _checked(data)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LibraryError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, TypeError, KeyError) as error:
        raise LibraryError(f"{path}: damaged; move the library away and run `contrapposto index` again") from error


def stated(folder: Path, copy: Path, is_library: bool, rebuild: bool = False) -> tuple[Manifest | None, str | None]:
    """The manifest of a library, or its copy where it is lost or damaged, and then a warning. None where there is
    no library. Raises LibraryError when neither can be read; to `rebuild`, which needs none, that is no error."""
    trouble = None
    found = None
    try:
        found = read(folder)
    except LibraryError as error:
        trouble = error
    if found is not None or not is_library:
        if trouble:
            raise trouble
        return found, None
    with suppress(LibraryError):
        found = read(copy)
    what = "damaged" if trouble else "lost"
    if found is not None:
        return found, f"{folder / FILE}: {what}; its copy is used, `contrapposto index` restores it"
    if not rebuild:
        raise LibraryError(
            f"{folder / FILE}: {what}, so it is not known with which networks the people were found; find them "
            f"again: contrapposto index --rebuild --library {shlex.quote(str(folder))}"
        ) from trouble
    return None, None


def state(manifest: Manifest, folders: Sequence[Path]) -> None:
    """Writes a manifest into folders, where they say something else, and waits until it is on the disk."""
    for folder in folders:
        with suppress(LibraryError):
            if read(folder) == manifest:
                continue
        folder.mkdir(exist_ok=True)
        manifest.write(folder)
        with suppress(OSError), (folder / FILE).open("r+b") as file:
            os.fsync(file.fileno())


def _checked(data: dict[str, Any]) -> Manifest:
    """Raises TypeError or KeyError when a key is missing, unknown, or holds a value of the wrong kind."""
    kinds = {
        "estimator": str,
        "version": int,
        "accurate": bool,
        "weights": dict,
        "representations": dict,
        "roots": list,
        "every": float,
        "shots": str,
    }
    for key, kind in kinds.items():
        if not isinstance(data[key], kind):
            raise TypeError(f"{key} is {data[key]!r}")
    for text in (*data["roots"], *data["weights"].values()):
        if not isinstance(text, str):
            raise TypeError(f"{text!r} is no text")
    return Manifest(**{**data, "roots": tuple(data["roots"])})


def _changed(
    kind: str, mine: dict[str, str] | dict[str, int], theirs: dict[str, str] | dict[str, int]
) -> list[str]:
    names = sorted({*mine, *theirs})
    return [f"{kind} {name}" for name in names if mine.get(name) != theirs.get(name)]


def make_folder(folder: Path, others: Sequence[str]) -> None:
    """Makes the folder of a library. others: names that are in it beside the manifest. Raises LibraryError when it
    cannot be made, or holds something else than a library."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in folder.iterdir()}
    except OSError as error:
        raise LibraryError(f"{folder}: cannot be made ({error.strerror}); name another place") from error
    foreign = {name for name in names if name not in others and not name.startswith(FILE)}
    if foreign and FILE not in names:
        raise LibraryError(
            f"{folder}: holds other files ({min(foreign)!r}) and is no library; name a new or empty folder"
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `index` is asked for; None keeps what the library states. accurate, every: see `Manifest`; estimator:
    its name; pose_weights: file or folder of its trained weights."""

    accurate: bool | None = None
    every: float | None = None
    estimator: str | None = None
    pose_weights: Path | None = None


def current(stated: Manifest | None, folder: Path, wanted: Wanted | None = None, rebuild: bool = False) -> Manifest:
    """What this program would state of a library like the stated one, in this folder; with an estimator it has if
    `rebuild`. Raises as `Manifest.of`."""
    wanted = wanted or Wanted()
    name = stated.estimator if stated else DEFAULT_ESTIMATOR
    name = DEFAULT_ESTIMATOR if rebuild and name not in ESTIMATORS else name
    name = wanted.estimator or name
    accurate = wanted.accurate
    if accurate is None:
        accurate = stated.accurate if stated else False
    every = wanted.every
    if every is None:
        every = stated.every if stated else EVERY
    return Manifest.of(name, accurate, every, pose_weights=wanted.pose_weights or kept_weights(folder, name))


def refuse_changed(folder: Path, stated: Manifest, now: Manifest, wanted: Wanted | None = None) -> None:
    """Raises LibraryError, with the command that rebuilds, when a library states something else than this program
    would now. wanted: what was asked for."""
    differences = stated.differences(now)
    if differences:
        weights_given = wanted.pose_weights if wanted else None
        words = ["contrapposto index --rebuild"]
        words += [f"--estimator {now.estimator}"] if now.estimator != DEFAULT_ESTIMATOR else []
        words += [f"--pose-weights {shlex.quote(str(weights_given))}"] if weights_given else []
        words += ["--accurate"] if now.accurate else []
        words += [f"--every {now.every:g}"] if now.every != EVERY else []
        lost = now.estimator == stated.estimator and POSE_WEIGHTS in stated.weights.keys() - now.weights.keys()
        raise LibraryError(
            f"{folder}: was made with other settings or weights ({'; '.join(differences)}); "
            f"{'index with its --pose-weights, or ' if lost else ''}rebuild it: "
            f"{' '.join(words)} --library {shlex.quote(str(folder))}"
        )
