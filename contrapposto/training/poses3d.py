"""Tables of 3D joint positions from motion capture, read by joint name.

A table is an npz file with xyz (F, J, 3) centimetres, world, right-handed, y up; clip (C,) names, start (C,) and
length (C,) of each clip's frames; joint_names (J,).
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError

CMU = "cmu_17j_10fps.npz"
"""Free for all uses: the only table that shipped weights learn from."""

BANDAI = "bandai_17j_5fps.npz"
"""CC BY-NC 4.0: for tests only, never for shipped weights."""

HELD_OUT = (
    "indian/13",
    "indian/14",
    "martial/04",
    "martial/10",
    "salsa/10",
    "salsa/25",
    "salsa/15",
    "salsa/30",
)
"""Clips of the CMU table that nothing is learned from: for validation. Of a dance of two, both dancers."""

_NEEDED = ("head", *skeleton.LIMB_JOINTS)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Frames of motion capture, clip after clip.

    limbs: (F, 17, 3) metres in the world, y up; the five keypoints of the face are NaN (the data has none);
    head: (F, 3) the joint at the skull's base; clip: (F,) number of each frame's clip in `clips`.
    """

    limbs: NDArray[np.float64]
    head: NDArray[np.float64]
    clip: NDArray[np.int64]
    clips: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.limbs)

    def select(self, chosen: NDArray[Any]) -> Motion:
        """The frames that a mask (F,) or an index names."""
        return Motion(self.limbs[chosen], self.head[chosen], self.clip[chosen], self.clips)

    def of_clips(self, names: Sequence[str], *, others: bool = False) -> Motion:
        """The frames of these clips, or with `others` of all but these. Raises DataError for an unknown clip."""
        if unknown := sorted(set(names) - set(self.clips)):
            raise DataError(f"the motion data has no clip {unknown[0]!r}; it has {', '.join(self.clips[:5])} ...")
        inside = np.isin(self.clip, [self.clips.index(name) for name in names])
        return self.select(~inside if others else inside)


def read_motion(path: Path) -> Motion:
    """A table of joint positions. Raises DataError when it is missing or not as the format says."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            table = {key: archive[key] for key in ("xyz", "clip", "start", "length", "joint_names")}
    except FileNotFoundError as error:
        raise DataError(f"no file {path}: give a folder that holds it") from error
    except KeyError as error:
        raise DataError(f"{path} is no table of 3D poses: {error.args[0]}") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path} ({error}): it must be an npz file without pickles") from error
    names = [str(name) for name in table["joint_names"]]
    xyz = table["xyz"].astype(np.float64) / 100
    if missing := [name for name in _NEEDED if name not in names]:
        raise DataError(f"{path} has no joint {missing[0]!r}, only {', '.join(names)}")
    if xyz.ndim != 3 or xyz.shape[1:] != (len(names), 3) or not np.isfinite(xyz).all():
        raise DataError(f"{path}: xyz must be finite and of shape (F, {len(names)}, 3), got {xyz.shape}")
    clip = np.full(len(xyz), -1)
    for number, (start, length) in enumerate(zip(table["start"], table["length"], strict=True)):
        clip[start : start + length] = number
    if (clip < 0).any():
        raise DataError(f"{path}: frame {int(np.argmin(clip))} belongs to no clip")
    clips = tuple(str(name) for name in table["clip"])
    return Motion(skeleton.from_names(xyz, names), xyz[:, names.index("head")], clip, clips)
