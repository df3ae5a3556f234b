"""Draws docs/picture.svg, the README's picture, with the program's own parts: python docs/make_picture.py

Four poses that are written down here; the distances under them are computed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.distances import pose_distances
from contrapposto.search.joints import joint_weights
from contrapposto.search.matching import match

JOINTS = "upper"
HEAD = {
    "nose": (100, 52),
    "left_eye": (106, 46),
    "right_eye": (94, 46),
    "left_ear": (114, 49),
    "right_ear": (86, 49),
}
CONTRAPPOSTO = HEAD | {
    "left_shoulder": (131, 82), "right_shoulder": (70, 92), "left_elbow": (158, 50), "right_elbow": (54, 140),
    "left_wrist": (146, 8), "right_wrist": (62, 186), "left_hip": (118, 190), "right_hip": (80, 182),
    "left_knee": (130, 262), "right_knee": (78, 262), "left_ankle": (122, 338), "right_ankle": (84, 346),
}  # fmt: skip
REACHING = CONTRAPPOSTO | {
    "left_elbow": (152, 44), "left_wrist": (158, -4), "right_elbow": (50, 136), "right_wrist": (50, 184),
    "left_knee": (150, 250), "left_ankle": (170, 318), "right_ankle": (78, 342),
}  # fmt: skip
CHEERING = CONTRAPPOSTO | {
    "right_shoulder": (72, 84), "right_elbow": (46, 48), "right_wrist": (58, 4), "left_knee": (120, 264),
}  # fmt: skip
STANDING = CONTRAPPOSTO | {
    "left_shoulder": (130, 88), "right_shoulder": (70, 88), "left_elbow": (142, 138), "left_wrist": (144, 186),
    "left_hip": (118, 186), "right_hip": (82, 186), "left_knee": (116, 264), "left_ankle": (116, 344),
}  # fmt: skip
STYLE = (
    "text{font:15px system-ui,sans-serif;text-anchor:middle;fill:#777}.head{fill:none;stroke:#999;stroke-width:5}"
    "line{stroke-width:8;stroke-linecap:round}.left{stroke:#1f9bff}.right{stroke:#ff7a1a}.middle{stroke:#999}"
    ".asked{fill:none;stroke:#8886;stroke-dasharray:6 6}"
)


def _points(pose: dict[str, tuple[float, float]]) -> NDArray[np.float64]:
    return np.array([pose[name] for name in skeleton.KEYPOINTS], dtype=float)


def _figure(points: NDArray[np.float64], left: float, label: str, shown: NDArray[np.bool_]) -> str:
    lines = []
    for first, second in skeleton.LIMBS[4:]:
        a, b = skeleton.INDEX[first], skeleton.INDEX[second]
        if shown[a] and shown[b]:
            sides = {first.split("_")[0], second.split("_")[0]}
            side = sides.pop() if len(sides) == 1 else "middle"
            (x1, y1), (x2, y2) = points[a], points[b]
            lines.append(f'<line class="{side}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')
    head = '<circle class="head" cx="100" cy="50" r="21"/>'
    words = f'<text x="100" y="392">{label}</text>'
    return f'<g transform="translate({left} 30)">{head}{"".join(lines)}{words}</g>'


def picture() -> str:
    """The whole SVG."""
    weights = joint_weights(JOINTS)
    query = _points(CONTRAPPOSTO)
    answers = np.stack([_points(pose) for pose in (REACHING, CHEERING, STANDING)])
    distances = pose_distances("2d", query, answers, weights)
    everything = np.ones(skeleton.COUNT, dtype=bool)
    parts = [
        '<rect class="asked" x="8" y="8" width="200" height="424" rx="12"/>',
        _figure(query, 8, f"asked: --joints {JOINTS}", weights > 0),
    ]
    for number, (points, distance) in enumerate(zip(answers, distances, strict=True), start=1):
        label = f"{number}: {distance:.1f} px, match {match('2d', distance):.2f}"
        parts.append(_figure(points, 8 + 210 * number, label, everything))
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 850 440">'
    return f"{head}<style>{STYLE}</style>{''.join(parts)}</svg>\n"


if __name__ == "__main__":
    Path(__file__).with_name("picture.svg").write_text(picture(), encoding="utf-8")
