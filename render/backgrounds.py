"""What is behind the people: a floor and a wall, or a ground and a sky, painted by formula where each ray of the
camera meets them. Colours are linear RGB. Fields are in metres of the world frame (y up, floor at y = 0)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.looks import linear
from render.rotations import Array, Triple

FLOORS = ("tiles", "planks", "carpet", "concrete", "grass", "sand")
WALLS = ("paint", "panels", "bricks", "sky", "gradient")


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """floor, wall: names of `FLOORS` and `WALLS`; the wall stands `behind` metres behind the origin, turned by
    `turn` degrees; noise: (64, 64) uniform numbers."""

    floor: str
    wall: str
    floor_colours: tuple[Triple, Triple]
    wall_colours: tuple[Triple, Triple]
    behind: float
    turn: float
    noise: Array


def chosen(random: np.random.Generator) -> Background:
    """A background by chance."""
    outside = random.random() < 0.4
    floor = str(random.choice(FLOORS[3:] if outside else FLOORS[:4]))
    wall = "sky" if outside else str(random.choice(["paint", "panels", "bricks", "gradient", "paint"]))
    grounds = {
        "tiles": [("d8d2c4", "b9b2a2"), ("cfd6da", "9aa6ad"), ("8d6e58", "d6c7b0")],
        "planks": [("9c6b3f", "7c5230"), ("c49a6c", "ab8257"), ("5f4632", "4b3626")],
        "carpet": [("6d7f8c", "61727e"), ("9a8f84", "8c8176"), ("7a5560", "6d4a55")],
        "concrete": [("9b9b98", "7f7f7c"), ("b4b0a8", "99958d")],
        "grass": [("5d7d3a", "41602a"), ("7f8f4a", "5f7036")],
        "sand": [("cdb68b", "b59d73"), ("d9c7a3", "c2ad86")],
    }[floor]
    walls = {
        "paint": [
            ("d9d4c7", "c9c3b4"),
            ("a9bcc4", "98adb6"),
            ("c7b299", "b89f83"),
            ("8fa08d", "7e907c"),
            ("e8e4dc", "d8d3c8"),
        ],
        "panels": [("b9a589", "8d7a60"), ("d5d5d0", "a9a9a4"), ("6e5a49", "54443a")],
        "bricks": [("9a5b45", "c9bfae"), ("b08a6a", "d8cfc0"), ("8c8782", "bdb8b0")],
        "gradient": [("b8c4cf", "5d6b7a"), ("d8cfc4", "8a7f75"), ("9fb0a5", "4d5f57")],
        "sky": [("8fb8de", "dfe9f0"), ("a9bccb", "e6e8e6"), ("5f93cf", "cfe0ee")],
    }[wall]
    ground, back = grounds[int(random.integers(len(grounds)))], walls[int(random.integers(len(walls)))]
    return Background(
        floor,
        wall,
        (linear(ground[0]), linear(ground[1])),
        (linear(back[0]), linear(back[1])),
        behind=float(random.uniform(1.3, 4.0)),
        turn=float(random.uniform(-22, 22)),
        noise=random.random((64, 64)),
    )


def paint(background: Background, origin: Array, rays: Array) -> tuple[Array, Array]:
    """Colours (..., 3) where rays (..., 3) from a camera at `origin` (3,) meet the background, and the points
    (..., 3) where they meet the floor, NaN elsewhere."""
    turn = np.radians(background.turn)
    out = np.array([np.sin(turn), 0.0, np.cos(turn)])
    with np.errstate(divide="ignore", invalid="ignore"):
        to_floor = np.where(rays[..., 1] < -1e-6, -origin[1] / rays[..., 1], np.inf)
        behind = 60.0 if background.wall == "sky" else background.behind
        along = -(origin @ out + behind) / (rays @ out)
    to_wall = np.where(along > 0, along, np.inf)
    on_floor = to_floor < to_wall
    spot = origin + rays * np.where(on_floor, to_floor, 0.0)[..., None]
    colours = np.empty(rays.shape)
    colours[on_floor] = _floor(background, spot[on_floor][:, 0], spot[on_floor][:, 2])
    rest = ~on_floor
    if background.wall == "sky":
        colours[rest] = _sky(background, rays[rest])
    else:
        met = origin + rays[rest] * np.where(np.isfinite(to_wall[rest]), to_wall[rest], 50.0)[:, None]
        sideways = met @ np.array([np.cos(turn), 0.0, -np.sin(turn)])
        colours[rest] = _wall(background, sideways, met[:, 1])
    if background.wall == "sky":
        haze = np.clip(np.where(on_floor, to_floor, 0.0) / 60.0, 0.0, 0.8)[..., None]
        colours = np.where(
            on_floor[..., None], colours * (1 - haze) + np.array(background.wall_colours[1]) * haze * 0.8, colours
        )
    return colours, np.where(on_floor[..., None], spot, np.nan)


def _floor(background: Background, x: Array, z: Array) -> Array:
    one, two = (np.array(colour) for colour in background.floor_colours)
    kind = background.floor
    rough = _noise(background, x * 3, z * 3)
    fine = _noise(background, x * 23, z * 23)
    if kind == "tiles":
        mix = ((np.floor(x / 0.45) + np.floor(z / 0.45)) % 2) * 0.6 + 0.2 * rough
        joint = (np.abs((x / 0.45) % 1 - 0.5) > 0.485) | (np.abs((z / 0.45) % 1 - 0.5) > 0.485)
        return _mixed(one, two, mix) * np.where(joint, 0.6, 1.0)[:, None]
    if kind == "planks":
        row = np.floor(x / 0.14)
        shade = _noise(background, row * 7.3, np.floor(z / 1.1 + row * 0.37) * 3.1)
        grain = _noise(background, x * 40, z * 3)
        joint = np.abs((x / 0.14) % 1 - 0.5) > 0.48
        return _mixed(one, two, shade * 0.8 + grain * 0.2) * np.where(joint, 0.55, 1.0)[:, None]
    if kind == "grass":
        return (
            _mixed(one, two, 0.5 * fine + 0.5 * rough) * (0.75 + 0.5 * _noise(background, x * 61, z * 61))[:, None]
        )
    amount = {"carpet": 0.7, "concrete": 0.6, "sand": 0.6}[kind]
    return _mixed(one, two, (1 - amount) * rough + amount * fine)


def _wall(background: Background, x: Array, y: Array) -> Array:
    one, two = (np.array(colour) for colour in background.wall_colours)
    rough = _noise(background, x * 1.3, y * 1.3)
    if background.wall == "paint":
        colours = _mixed(one, two, 0.7 * rough + 0.3 * _noise(background, x * 9, y * 9))
    elif background.wall == "gradient":
        colours = _mixed(two, one, np.clip(y / 3.0, 0, 1) * 0.9 + 0.1 * rough)
    elif background.wall == "panels":
        edge = (np.abs((x / 0.6) % 1 - 0.5) > 0.485) | (np.abs(y - 1.05) < 0.02)
        colours = _mixed(one, two, np.where(y < 1.05, 0.7, 0.15) + 0.15 * rough) * np.where(edge, 0.7, 1.0)[:, None]
    else:
        row = np.floor(y / 0.085)
        along = x / 0.24 + 0.5 * (row % 2)
        joint = (np.abs(along % 1 - 0.5) > 0.475) | (np.abs((y / 0.085) % 1 - 0.5) > 0.44)
        shade = 0.75 + 0.5 * _noise(background, np.floor(along) * 5.7, row * 3.3)
        colours = np.where(joint[:, None], two, one * shade[:, None])
    board = np.where(y < 0.09, 0.75, 1.0) * np.where(np.abs(y - 0.09) < 0.006, 0.6, 1.0)
    painted: Array = colours * board[:, None]
    return painted


def _sky(background: Background, rays: Array) -> Array:
    high, low = (np.array(colour) for colour in background.wall_colours)
    length = np.linalg.norm(rays, axis=1)
    rise = rays[:, 1] / length
    around = np.arctan2(rays[:, 0], -rays[:, 2])
    clouds = 0.6 * _noise(background, around * 5, rise * 12) + 0.4 * _noise(background, around * 13, rise * 33)
    sky = _mixed(low, high, np.clip(rise * 2.2, 0, 1)) + 0.25 * np.clip(clouds - 0.55, 0, 1)[:, None]
    hills = (
        0.03
        + 0.09 * _noise(background, around * 2.3, around * 0 + 7.5)
        + 0.015 * _noise(background, around * 31, around * 0)
    )
    green = np.array([0.10, 0.16, 0.08]) * (0.7 + 0.6 * _noise(background, around * 60, rise * 60))[:, None]
    return np.where((rise < hills)[:, None], 0.7 * green + 0.3 * low, sky)


def _mixed(one: Array, two: Array, share: Array) -> Array:
    mixed: Array = one + np.clip(share, 0.0, 1.0)[:, None] * (two - one)
    return mixed


def _noise(background: Background, x: Array, y: Array) -> Array:
    """Smooth random field of period 64, 0..1, one value a unit (value noise)."""
    table = background.noise
    left, low = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = x - left, y - low
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    a, b = table[left % 64, low % 64], table[(left + 1) % 64, low % 64]
    c, d = table[left % 64, (low + 1) % 64], table[(left + 1) % 64, (low + 1) % 64]
    field: Array = (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v
    return field
