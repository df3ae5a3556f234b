"""Trained pose weights that a library keeps a copy of, so that it needs no other place."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from contrapposto.errors import LibraryError
from contrapposto.poses import ESTIMATORS, HEATMAP_FILE, POSE_WEIGHTS, weights_files
from contrapposto.text import path_text


def kept_weights(folder: Path, estimator: str) -> Path | None:
    """File or folder of the weights that a library keeps for an estimator; None where it has none, or needs
    none."""
    kind = ESTIMATORS.get(estimator)
    place = folder / POSE_WEIGHTS
    if kind is None or kind.trained is None or not place.is_dir():
        return None
    kept = place if kind.trained == "folder" else place / HEATMAP_FILE
    return kept if kept.exists() else None


def keep_weights(folder: Path, estimator: str, pose_weights: Path | None) -> None:
    """Copies trained weights into a library, in the place of others; without any, those that its estimator has no
    use for go. Raises LibraryError when they cannot be copied, DataError when they are gone."""
    place = folder / POSE_WEIGHTS
    if pose_weights is None:
        if kept_weights(folder, estimator) is None:
            shutil.rmtree(place, ignore_errors=True)
        return
    files = weights_files(pose_weights)
    made = folder / f"{POSE_WEIGHTS}.{os.getpid()}"
    try:
        made.mkdir(exist_ok=True)
        for file in files:
            shutil.copyfile(file, made / (file.name if pose_weights.is_dir() else HEATMAP_FILE))
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    except OSError as error:
        with suppress(OSError):
            shutil.rmtree(made)
        raise LibraryError(
            f"{path_text(folder)}: the pose weights cannot be copied into it ({error.strerror}); check its "
            "permissions and the space on its disk"
        ) from error
