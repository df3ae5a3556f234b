"""Body shapes from the parametric model of `anny` (needs torch; the first load takes minutes, later ones a second).

A body is plain numbers: the rest mesh, its bones, its skin weights, and the weights that give its keypoints.
Frame: metres, x to the person's left, y up, z forward.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from render.rotations import Array

SHAPES: dict[str, dict[str, float]] = {
    "woman": {"gender": 1.0, "age": 0.67, "muscle": 0.5, "weight": 0.45, "height": 0.5, "proportions": 0.7},
    "man": {"gender": 0.0, "age": 0.67, "muscle": 0.55, "weight": 0.5, "height": 0.5, "proportions": 0.7},
    "slender woman": {"gender": 1.0, "age": 0.62, "muscle": 0.4, "weight": 0.2, "height": 0.6, "proportions": 0.8},
    "broad man": {"gender": 0.0, "age": 0.7, "muscle": 0.85, "weight": 0.6, "height": 0.55, "proportions": 0.6},
    "heavy man": {"gender": 0.0, "age": 0.75, "muscle": 0.5, "weight": 0.85, "height": 0.45, "proportions": 0.5},
    "heavy woman": {"gender": 1.0, "age": 0.75, "muscle": 0.45, "weight": 0.8, "height": 0.45, "proportions": 0.5},
    "old man": {"gender": 0.1, "age": 0.95, "muscle": 0.35, "weight": 0.45, "height": 0.4, "proportions": 0.4},
    "tall woman": {"gender": 0.9, "age": 0.67, "muscle": 0.6, "weight": 0.45, "height": 0.75, "proportions": 0.7},
    "youth": {"gender": 0.4, "age": 0.5, "muscle": 0.45, "weight": 0.4, "height": 0.5, "proportions": 0.6},
    "child": {"gender": 0.6, "age": 0.38, "muscle": 0.45, "weight": 0.45, "height": 0.5, "proportions": 0.6},
}
"""Shape parameters of the model by name, each 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A person's shape at rest.

    vertices: (V, 3) of the bare body; surface: (V, 3) what is drawn, with hair and clothes; faces: (F, 3) corners
    of triangles, anticlockwise from outside; bones: names of the B bones, a parent before its children; parents:
    (B,) index of each bone's parent, -1 for the root; heads: (B, 3) where each bone starts; skin: (V, B) share of
    each bone in a vertex; owner: (V,) the bone with the largest share; keypoints: (17, V) weights that give the
    canonical keypoints from the bare vertices, at rest or posed.
    """

    name: str
    vertices: Array
    surface: Array
    faces: NDArray[np.int64]
    bones: tuple[str, ...]
    parents: NDArray[np.int64]
    heads: Array
    skin: Array
    owner: NDArray[np.int64]
    keypoints: Array

    def bone(self, name: str) -> int:
        """Index of a bone. Raises ValueError for an unknown name."""
        return self.bones.index(name)


def load() -> dict[str, Body]:
    """Every body of `SHAPES`, by name."""
    import anny
    import torch
    from anny.keypoints import KeypointsRegressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = anny.Anny().to(dtype=torch.float32)
        regressor = KeypointsRegressor.coco(model, labels=list(skeleton.KEYPOINTS))
        count = len(model.bone_labels)
        skin = np.zeros((len(model.vertex_bone_indices), count))
        np.add.at(
            skin,
            (np.arange(len(skin))[:, None], model.vertex_bone_indices.numpy()),
            model.vertex_bone_weights.numpy().astype(np.float64),
        )
        rest = torch.eye(4)[None, None].repeat(1, count, 1, 1)
        bodies = {}
        for name, shape in SHAPES.items():
            made = model(pose_parameters=rest, phenotype_kwargs=shape)
            bodies[name] = Body(
                name=name,
                vertices=_turned(made["rest_vertices"][0].numpy()),
                surface=_turned(made["rest_vertices"][0].numpy()),
                faces=model.faces.numpy().astype(np.int64),
                bones=tuple(model.bone_labels),
                parents=np.array(model.bone_parents, dtype=np.int64),
                heads=_turned(made["rest_bone_heads"][0].numpy()),
                skin=skin,
                owner=skin.argmax(axis=1),
                keypoints=regressor.regression_weights.numpy().astype(np.float64),
            )
    return bodies


def _turned(points: NDArray[np.floating]) -> Array:
    """From the model's frame (x left, y backward, z up) to this project's (x left, y up, z forward)."""
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1).astype(np.float64)
