"""A run folder: stored predictions of one method on one split, and what they scored.

config.json says how the predictions were made, predictions.npz holds them, per_query.csv one row per query or
person, summary.json the measures. A folder holds one configuration; another one is refused. Every file is written
under a temporary name and then renamed, so a killed process leaves no half file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contrapposto.errors import DataError

CONFIG, PREDICTIONS, PER_QUERY, SUMMARY = "config.json", "predictions.npz", "per_query.csv", "summary.json"

_DIGEST = "config_sha256"


def commit(folder: Path | None = None) -> str | None:
    """Git commit (40 hex digits) of the source tree that `folder` (this package by default) belongs to, with
    "-dirty" behind it when files in the folder differ from it or are new. None if git does not track the folder."""
    root = folder or Path(__file__).resolve().parents[1]
    try:
        if not _git(root, "ls-files", "--", "."):
            return None
        revision = _git(root, "rev-parse", "HEAD").strip()
        return revision + ("-dirty" if _git(root, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def package_version() -> str:
    """Version of the installed package, "unknown" when it runs without being installed."""
    try:
        return metadata.version("contrapposto")
    except metadata.PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """All that decides the predictions of a run.

    task: such as "keypoints" or "retrieval"; data: name of the data folder; split: None for the whole folder;
    settings: JSON values by name; weights: identity (such as a SHA-256) of each network by name; version: of this
    package; commit: of its source tree, None if not known.
    """

    task: str
    data: str
    split: str | None
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    version: str = field(default_factory=package_version)
    commit: str | None = field(default_factory=commit)

    def as_json(self) -> dict[str, Any]:
        """The configuration as plain JSON values. Raises ValueError if a setting is none."""
        try:
            plain: dict[str, Any] = json.loads(json.dumps(asdict(self), allow_nan=False))
        except TypeError as error:
            raise ValueError(f"settings and weights of a run must be JSON values: {error}") from error
        return plain


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder; make it with `Run.open`."""

    folder: Path
    config: RunConfig

    @classmethod
    def open(cls, folder: str | Path, config: RunConfig, overwrite: bool = False) -> Run:
        """Make a run folder, or open one that has the same configuration, whose predictions can then be used again.

        overwrite: remove the predictions and results that are there, whatever their configuration.
        Raises DataError when the folder's configuration differs or cannot be read.
        """
        root, wanted = Path(folder), config.as_json()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot make the run folder {root} ({error}): choose another") from error
        if overwrite:
            for name in (PREDICTIONS, PER_QUERY, SUMMARY, CONFIG):
                (root / name).unlink(missing_ok=True)
        if (root / CONFIG).exists():
            if differing := _differences(_read_config(root / CONFIG), wanted):
                raise DataError(
                    f"{root} holds a run with another configuration ({'; '.join(differing)}): "
                    "use another folder, or overwrite this one"
                )
        else:
            if present := [name for name in (PREDICTIONS, PER_QUERY, SUMMARY) if (root / name).exists()]:
                raise DataError(
                    f"{root} holds {present[0]} but no {CONFIG}: use another folder, or overwrite this one"
                )
            _write(root / CONFIG, (json.dumps(wanted, indent=2) + "\n").encode())
        return cls(root, config)

    @property
    def has_predictions(self) -> bool:
        """Whether predictions are stored."""
        return (self.folder / PREDICTIONS).is_file()

    def save_predictions(self, **arrays: ArrayLike) -> None:
        """Store arrays by name; those and all results that were there before are replaced.

        Lists of arrays of different lengths: store them end to end, with their lengths beside them.
        Raises ValueError for arrays of Python objects.
        """
        stored: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
        for name, array in stored.items():
            if array.dtype.hasobject or name == _DIGEST:
                raise ValueError(
                    f"cannot store {name!r}: it must be an array of numbers or text under another name"
                )
        for name in (PER_QUERY, SUMMARY):
            (self.folder / name).unlink(missing_ok=True)
        content = io.BytesIO()
        np.savez_compressed(content, **(stored | {_DIGEST: np.array(self._digest())}))
        _write(self.folder / PREDICTIONS, content.getvalue())

    def load_predictions(self) -> dict[str, NDArray[Any]]:
        """The stored arrays by name. Raises DataError when there are none, they are damaged, or they were made with
        another configuration."""
        path = self.folder / PREDICTIONS
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except FileNotFoundError as error:
            raise DataError(f"{self.folder} has no stored predictions: run the method first") from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"cannot read {path} ({error}): overwrite the run") from error
        if str(arrays.pop(_DIGEST, "")) != self._digest():
            raise DataError(f"{path} was made with another configuration than {CONFIG}: overwrite the run")
        return arrays

    def save_results(
        self, rows: Sequence[Mapping[str, Any]], measures: Mapping[str, float], n: int | None = None
    ) -> dict[str, Any]:
        """Write per_query.csv and summary.json, and return the summary (see `summary_object`).

        rows: one mapping per query or person, all with the same keys; None and NaN become empty cells.
        n: what the summary counts, the number of rows if None.
        Raises DataError when no predictions are stored, ValueError on rows with other keys or a measure that is
        not finite.
        """
        if not self.has_predictions:
            raise DataError(f"{self.folder} has no stored predictions to go with results: run the method first")
        config = self.config
        count = len(rows) if n is None else n
        summary = summary_object(
            config.task, config.data, config.split, count, config.commit, {config.method: measures}
        )
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
        table.writeheader()
        for row in rows:
            if row.keys() != rows[0].keys():
                raise ValueError(f"rows of results need the same keys: {list(rows[0])} and {list(row)}")
            table.writerow({key: _cell(value) for key, value in row.items()})
        _write(self.folder / PER_QUERY, text.getvalue().encode())
        _write(self.folder / SUMMARY, (json.dumps(summary, indent=2) + "\n").encode())
        return summary

    def _digest(self) -> str:
        return hashlib.sha256(json.dumps(self.config.as_json(), sort_keys=True).encode()).hexdigest()


def summary_object(
    task: str,
    data: str,
    split: str | None,
    n: int,
    commit: str | None,
    measures: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """The object that `evaluate --json` prints: measures are numbers by method, then by name of the measure.
    Raises ValueError on a measure that is not finite."""
    numbers = {
        method: {name: float(value) for name, value in values.items()} for method, values in measures.items()
    }
    for method, values in numbers.items():
        for name, value in values.items():
            if not math.isfinite(value):
                raise ValueError(f"measure {name} of {method} is {value}: leave it out where it is not defined")
    return {"task": task, "data": data, "split": split, "n": int(n), "commit": commit, "measures": numbers}


def _differences(stored: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What differs, key by key, into nested objects."""
    found: list[str] = []
    for key in dict.fromkeys([*stored, *wanted]):
        there, asked = stored.get(key), wanted.get(key)
        if isinstance(there, dict) and isinstance(asked, dict):
            found += _differences(there, asked, f"{prefix}{key}.")
        elif (key in stored) != (key in wanted) or there != asked:
            shown = [repr(values[key]) if key in values else "not set" for values in (stored, wanted)]
            found.append(f"{prefix}{key}: {shown[0]} there, {shown[1]} asked for")
    return found


def _read_config(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path} ({error}): use another folder, or overwrite this one") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} is no configuration of a run: use another folder, or overwrite this one")
    return content


def _cell(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float | np.floating) and math.isnan(value)) else value


def _write(path: Path, content: bytes) -> None:
    """Write under a temporary name in the same folder, then rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _git(folder: Path, *arguments: str) -> str:
    """Standard output of a git command in `folder`; variables that point git elsewhere are left out."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
        env=environment,
    )
    return done.stdout
