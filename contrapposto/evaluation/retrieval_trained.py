"""The retrieval protocol for an embedding that was trained here and does not ship: what `contrapposto train`
`thin-slicing`, `mori` and `log-ratio` wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import Item
from contrapposto.evaluation.predictions import for_photos
from contrapposto.evaluation.retrieval_methods import (
    JOINT_BOX,
    Arrays,
    Method,
    Setting,
    embedding_distances,
    estimator_weights,
)
from contrapposto.evaluation.targets import Targets
from contrapposto.inference import open_file
from contrapposto.media.photos import Photo
from contrapposto.media.sampling import Region
from contrapposto.poses import weights_digest
from contrapposto.poses.heatmap import as_input
from contrapposto.records import Box
from contrapposto.text import path_text


def name_of(path: Path) -> str:
    """What a file's method is called: the folder of its run."""
    return path.resolve().parent.name


def trained(path: Path, found: Callable[[], Arrays]) -> Method:
    """The Euclidean distance of embeddings by the network in a file, of what the recipes show of a person
    (`JOINT_BOX`), around the limb joints that were found. found: what `find_keypoints` gives.

    Raises DataError when the file is not of such a network."""
    session = open_file(path, threads=1, given=("image",), found="embedding")
    side = session.get_inputs()[0].shape[2]
    if not isinstance(side, int):
        raise DataError(f"{path_text(path)}: takes pictures of any size; give a file of train")
    digest = weights_digest(path)

    def predict(targets: Targets, setting: Setting) -> Arrays:
        keypoints = found()["keypoints"]
        rows: dict[Path, list[int]] = {}
        for row, (item, _) in enumerate(targets.shown or ()):
            rows.setdefault(item.file, []).append(row)

        def look(item: Item, photo: Photo) -> list[tuple[int, NDArray[np.float32]]]:
            seen = []
            for row in rows[item.file]:
                joints = keypoints[row, skeleton.LIMB_NUMBERS] / photo.scale
                if np.isfinite(joints[:, 0]).any():
                    image = Region.around(Box.around(joints), JOINT_BOX).cut(photo.image, side)
                    seen.append((row, session.run(["embedding"], {"image": as_input(image[None])})[0][0]))
            return seen

        photos = list({item.file: item for item, _ in targets.shown or ()}.values())
        seen = dict(pair for pairs in for_photos(photos, look, setting.progress) for pair in pairs)
        width = next(iter(seen.values())).shape[0] if seen else 1
        nobody = np.full(width, np.nan, np.float32)
        return {"embedding": np.stack([seen.get(row, nobody) for row in range(len(targets))])}

    def weights(setting: Setting) -> dict[str, str]:
        return {**estimator_weights(setting), "embedding": digest}

    return Method(predict, embedding_distances, weights, photos=True)
