"""Hair, skin and clothes: which part of a body's surface is what, and its colour.

Colours are linear RGB, 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from render.bodies import Body
from render.rotations import Array, Triple, unit

SKIN, HAIR, TOP, BOTTOM, SHOES, EYES = range(6)
"""Parts of the surface."""

_SKINS = ("f3cdb4", "e8b995", "d9a27c", "c68642", "a06a42", "7a4a2c", "5a3622")
_HAIRS = ("17120f", "2a1c12", "4a2f1b", "6b4526", "b08850", "8a8a8a", "7a2d18")
_CLOTHES = (
    *("f0efe9", "20232a", "2f4b7c", "8c1c2b", "2e6b46", "d9a441", "6d4c7d", "c9c9c9"),
    *("3f7cac", "b5563a", "e6b8b7", "5b5b5b", "144b5a", "e07a2f"),
)
_TROUSERS = ("22304f", "30384a", "1d1d20", "6b6152", "b9a98a", "4a4a4a", "3d4f3a", "7a3b3b", "d8d4c8")


@dataclass(frozen=True, slots=True)
class Look:
    """sleeves, legs: share of the limb that is covered (0, 0.5, 1); pattern: plain, stripes, checks or hoops on
    the top, its second colour `trim`; hair_style: short, long or bald."""

    skin: Triple
    hair: Triple
    top: Triple
    trim: Triple
    bottom: Triple
    shoes: Triple
    sleeves: float
    legs: float
    pattern: str
    hair_style: str


def linear(code: str) -> Triple:
    """An sRGB colour of six hexadecimal digits in linear RGB."""
    values = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    red, green, blue = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(red), float(green), float(blue)


def chosen(random: np.random.Generator, body: str) -> Look:
    """A look by chance for a body of this name."""

    def pick(codes: tuple[str, ...]) -> Triple:
        return linear(codes[int(random.integers(len(codes)))])

    manly = body.endswith(" man") or body == "man"
    style = random.choice(
        ["short", "bald"] if body == "old man" else ["short", "short"] if manly else ["short", "long", "long"]
    )
    top, bottom = pick(_CLOTHES), pick(_TROUSERS)
    if random.random() < 0.06:
        bottom = top
    return Look(
        skin=pick(_SKINS),
        hair=linear("b5b5b5") if body == "old man" else pick(_HAIRS),
        top=top,
        trim=pick(_CLOTHES),
        bottom=bottom,
        shoes=pick(("f0efe9", "1d1d20", "5a3622", "8c1c2b", "30384a")),
        sleeves=float(random.choice([0.0, 0.5, 0.5, 1.0, 1.0])),
        legs=float(random.choice([0.5, 1.0, 1.0, 1.0])),
        pattern=str(random.choice(["plain", "plain", "plain", "stripes", "checks", "hoops"])),
        hair_style=str(style),
    )


def dressed(body: Body, look: Look) -> tuple[Body, NDArray[np.int64]]:
    """The body with hair and clothes as thick as cloth on its surface, and the (V,) part of each vertex."""
    parts = _parts(body, look)
    thick = np.zeros(len(parts))
    head = _head_size(body)
    thick[parts == HAIR] = (0.022 if look.hair_style == "long" else 0.013) * head
    thick[parts == TOP] = 0.012
    thick[parts == BOTTOM] = 0.010
    thick[parts == SHOES] = 0.008
    surface = body.vertices + normals(body.vertices, body.faces) * thick[:, None]
    return replace(body, surface=surface), parts


def normals(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """(V, 3) unit normals outwards: the mean over a vertex's triangles, weighted by their area."""
    corners = vertices[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    summed = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(across[:, axis], 3), len(vertices)).astype(np.float64)
            for axis in range(3)
        ],
        axis=1,
    )
    return unit(summed)


def albedo(body: Body, look: Look, parts: NDArray[np.int64], rest: Array, owner: NDArray[np.int64]) -> Array:
    """(N, 3) colours of N points of the surface: their part, their place at rest (N, 3), their bone (N,)."""
    parts = parts.copy()
    belted = np.isin(parts, (TOP, BOTTOM)) & _at_the_waist(_bone_names(body))[owner]
    parts[belted] = np.where(rest[belted, 1] >= _waist(body), TOP, BOTTOM)
    table = np.array([look.skin, look.hair, look.top, look.bottom, look.shoes, linear("efece6")])
    colours = table[parts]
    x, y = rest[:, 0], rest[:, 1]
    top = parts == TOP
    if look.pattern != "plain":
        stripe = {
            "stripes": np.floor(x / 0.035) % 2 == 0,
            "hoops": np.floor(y / 0.05) % 2 == 0,
            "checks": (np.floor(x / 0.05) + np.floor(y / 0.05)) % 2 == 0,
        }[look.pattern]
        colours[top & stripe] = look.trim
    colours[(parts == SHOES) & (y < body.vertices[:, 1].min() + 0.022)] = linear("dcdcd6")
    head = _head_size(body)
    nose, eye = (body.keypoints[:2] @ body.vertices)[:2]
    face = (parts == SKIN) & (owner == body.bone("head")) & (rest[:, 2] > nose[2] - 0.07 * head)
    aside = np.abs(x) / head
    lips = face & (aside < 0.026) & (np.abs(y - (nose[1] - 0.043 * head)) < 0.009 * head)
    colours[lips] = np.array(look.skin) * np.array([0.75, 0.42, 0.45])
    arch = (y - eye[1]) / head - 0.024 + 6.0 * (aside - 0.032) ** 2
    brows = face & (np.abs(aside - 0.032) < 0.021) & (np.abs(arch) < 0.004)
    colours[brows] = np.array(look.hair) * 0.7
    iris = (parts == EYES) & (np.hypot(aside - np.abs(eye[0]) / head, (y - eye[1]) / head) < 0.0065)
    colours[iris] = linear("2b1a10")
    return colours


def _parts(body: Body, look: Look) -> NDArray[np.int64]:
    names = _bone_names(body)[body.owner]
    parts = np.full(len(names), SKIN)
    trunk = _at_the_waist(names)
    parts[trunk] = np.where(body.vertices[trunk, 1] >= _waist(body), TOP, BOTTOM)
    parts[names == "upperleg02"] = BOTTOM
    if look.legs == 1:
        parts[np.isin(names, ["lowerleg01", "lowerleg02"])] = BOTTOM
    parts[np.isin(names, ["upperarm01"])] = TOP
    if look.sleeves >= 0.5:
        parts[names == "upperarm02"] = TOP
    if look.sleeves == 1:
        parts[np.isin(names, ["lowerarm01", "lowerarm02"])] = TOP
    parts[(names == "foot") | np.char.startswith(names, "toe")] = SHOES
    parts[names == "eye"] = EYES
    if look.hair_style != "bald":
        parts[_hair(body, names, look.hair_style == "long")] = HAIR
    return parts


def _bone_names(body: Body) -> NDArray[np.str_]:
    """(B,) names without their side."""
    return np.array([name.rsplit(".", 1)[0] for name in body.bones])


def _at_the_waist(names: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Which bones carry both the top and what is worn below it."""
    trunk: NDArray[np.bool_] = np.char.startswith(names, "spine") | np.isin(
        names, ["clavicle", "shoulder01", "root", "pelvis", "upperleg01"]
    )
    return trunk


def _waist(body: Body) -> float:
    """Height at rest where the top ends: 0.28 of the way from the hips to the shoulders."""
    points = body.keypoints @ body.vertices
    return float(points[11:13, 1].mean() * 0.72 + points[5:7, 1].mean() * 0.28)


def _hair(body: Body, names: NDArray[np.str_], long: bool) -> NDArray[np.bool_]:
    size = _head_size(body)
    _, eye, _, ear = (body.keypoints[:4] @ body.vertices)[:4]
    x, y, z = body.vertices.T
    head = names == "head"
    up, back = (y - eye[1]) / size, (z - ear[2]) / size
    ears = (
        (np.abs(np.abs(x) - abs(ear[0])) < 0.02 * size)
        & (np.abs(y - ear[1]) < 0.04 * size)
        & (np.abs(back) < 0.035)
    )
    crown = up > 0.062 - 0.02 * (back < 0.06)
    behind = (back < -0.012) & (up > (-0.12 if long else -0.05))
    temples = (back < 0.03) & (up > 0.0) & (np.abs(x) > 0.05 * size)
    nape = long & np.isin(names, ["neck01", "neck02", "neck03"]) & (back < -0.02)
    hair: NDArray[np.bool_] = (head & (crown | behind | temples) & ~ears) | nape
    return hair


def _head_size(body: Body) -> float:
    """1 for a grown-up's head: the distance of the ears over 15 cm."""
    left, right = body.keypoints[3:5] @ body.vertices
    return float(np.linalg.norm(left - right)) / 0.15
