"""Pictures of poses: a crop of the photo or frame with the skeleton drawn over it, as SVG that needs no other
file."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contrapposto import skeleton
from contrapposto.media import photos
from contrapposto.media.photos import Photo
from contrapposto.media.videos import Video
from contrapposto.records import Box, PartResult, Pose, Why
from contrapposto.text import measure

CROP_SIDE = 420
"""Pixels: longer side of the pictures in a page."""

FAR = {"px of 128": 40.0, "mm": 400.0, "of body size": 0.8, "% of posebits": 60.0, "of embedding": 0.3}
"""A joint this far from what was asked is drawn fully red, by unit."""


def picture(path: Path, time: float | None = None) -> Photo:
    """A photo, or the frame of a film at a second. Raises UnreadableMedia when it cannot be shown any more."""
    if time is None:
        return photos.decode(photos.read_file(path))
    with Video(path) as video:
        frame = video.at(time)
        return Photo(frame.image(), frame.width, frame.height, None)


def photo_svg(
    path: Path, poses: Sequence[Pose], box: Box | None, why: Why | None = None, time: float | None = None
) -> str:
    """A photo, or the frame of a film at a second, cut to a box grown by a quarter (all of it when None), with
    skeletons.

    poses, box: pixels of the full upright picture; why: whose distances, where it has some, colour the joints of
    the first pose. Raises UnreadableMedia when the file cannot be shown any more.
    """
    photo = picture(path, time)
    grown = _grown(box, photo) if box else Box(0, 0, photo.width, photo.height)
    across, down = photo.scale
    height, width = photo.image.shape[:2]
    left, top = int(grown.x / across), int(grown.y / down)
    right = min(width, int(np.ceil((grown.x + grown.width) / across)))
    bottom = min(height, int(np.ceil((grown.y + grown.height) / down)))
    crop = Image.fromarray(photo.image[top:bottom, left:right])
    frame = Box(left * across, top * down, crop.width * across, crop.height * down)
    shown = (
        f'<image href="{data_address(crop)}" x="{frame.x:.6g}" y="{frame.y:.6g}" width="{frame.width:.6g}" '
        f'height="{frame.height:.6g}" preserveAspectRatio="none"/>'
    )
    drawn = [
        _skeleton(
            pose, max(frame.width, frame.height), why if number == 0 and isinstance(why, PartResult) else None
        )
        for number, pose in enumerate(poses)
    ]
    return _svg(frame, shown + "".join(drawn))


def data_address(shown: Image.Image, side: int = CROP_SIDE) -> str:
    """A `data:` address of a picture as JPEG, its longer side at most so many pixels."""
    small = shown.copy()
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def pose_svg(pose: Pose, weights: NDArray[np.float64]) -> str:
    """A skeleton alone, on its own box; joints of weight 0 are left out. One in space is seen by its camera."""
    points = pose.keypoints if pose.visible.any() else pose.keypoints3d[:, :2] * [1, -1]  # y down
    asked = Pose(np.where((weights > 0)[:, None], points, np.nan))
    frame = Box.around(asked.keypoints, margin=0.15)
    return _svg(frame, _skeleton(asked, max(frame.width, frame.height), None))


def _grown(box: Box, photo: Photo) -> Box:
    margin = 0.25 * max(box.width, box.height)
    left, top = max(0.0, box.x - margin), max(0.0, box.y - margin)
    right = min(float(photo.width), box.x + box.width + margin)
    bottom = min(float(photo.height), box.y + box.height + margin)
    if right - left < 1 or bottom - top < 1:
        return Box(0, 0, photo.width, photo.height)
    return Box(left, top, right - left, bottom - top)


def _svg(frame: Box, content: str) -> str:
    view = f"{frame.x:.6g} {frame.y:.6g} {frame.width or 1:.6g} {frame.height or 1:.6g}"
    return f"<svg viewBox={quoteattr(view)} xmlns='http://www.w3.org/2000/svg'>{content}</svg>"


def _skeleton(pose: Pose, size: float, why: PartResult | None) -> str:
    """Lines for limbs in the colour of their side, dots for keypoints. size: larger side of the frame."""
    points, parts = pose.keypoints, []
    for first, second in skeleton.LIMBS:
        a, b = points[skeleton.INDEX[first]], points[skeleton.INDEX[second]]
        if np.isfinite([a, b]).all():
            line = f'x1="{a[0]:.6g}" y1="{a[1]:.6g}" x2="{b[0]:.6g}" y2="{b[1]:.6g}"'
            parts.append(f'<line class="under" {line} stroke-width="{size * 0.016:.6g}"/>')
            parts.append(f'<line class="limb {_side(first, second)}" {line} stroke-width="{size * 0.009:.6g}"/>')
    for index, name in enumerate(skeleton.KEYPOINTS):
        x, y = points[index]
        if np.isfinite(x):
            colour, distance = "#fff", ""
            if why is not None and np.isfinite(why.joint_distances[index]):
                colour = _colour(why.joint_distances[index] / FAR[why.unit])
                distance = f": {measure(why.joint_distances[index], why.unit)}"
            parts.append(
                f'<circle cx="{x:.6g}" cy="{y:.6g}" r="{size * 0.011:.6g}" fill="{colour}" stroke="#000a" '
                f'stroke-width="{size * 0.003:.6g}"><title>{name.replace("_", " ")}{distance}</title></circle>'
            )
    return "".join(parts)


def _side(first: str, second: str) -> str:
    sides = {name.split("_")[0] for name in (first, second)} & {"left", "right"}
    return sides.pop() if len(sides) == 1 else "middle"


def _colour(share: float) -> str:
    """Green for 0, red for 1 and more."""
    low, high = np.array([46, 204, 113]), np.array([231, 76, 60])
    red, green, blue = (low + (high - low) * min(share, 1.0)).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
