"""A scene: people in postures, a camera, a light, a background; and its picture with the truth about its people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from render import backgrounds, looks
from render.backgrounds import Background
from render.bodies import Body
from render.cameras import Camera
from render.looks import Look
from render.poses import Posture
from render.posing import Posed, posed
from render.raster import Buffer, rasterise
from render.rotations import Array, about, unit

_SAMPLES = 2
"""Rays a pixel on each side."""
_SHADOW = 1024
"""Pixels of the shadow map on each side."""

_HIDDEN_BEYOND = np.array([4, 3, 3, 5, 5, 11, 11, 8, 8, 6.5, 6.5, 17, 17, 10, 10, 8, 8]) / 100
"""(17,) metres: a keypoint that lies this far behind its own body's surface is inside its limb, not behind it."""
_HIDDEN_BY_OTHER = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """Someone in a scene: a dressed body with the part of each vertex, its look and posture, turned by `yaw`
    degrees to the own left from facing +z, the hips over (x, z)."""

    body: Body
    parts: NDArray[np.int64]
    look: Look
    posture: Posture
    yaw: float
    place: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The truth about one actor in a picture; fields as in `contrapposto.demo.DemoPerson`."""

    azimuth: float
    elevation: float
    keypoints: Array
    visible: NDArray[np.bool_]
    keypoints3d: Array
    hips: Array
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    actors: tuple[Actor, ...]
    camera: Camera
    background: Background
    light: Array
    """(3,) unit vector towards the light."""
    brightness: float = 1.0


def stand(actor: Actor) -> Posed:
    """The actor's body in the world."""
    shape = posed(actor.body, actor.posture)
    turn = about(np.array([0.0, 1, 0]), actor.yaw)
    shift = np.array([actor.place[0], 0.0, actor.place[1]])
    return Posed(shape.vertices @ turn.T + shift, shape.keypoints @ turn.T + shift, turn @ shape.rotations)


Backdrop: TypeAlias = tuple[Array, Array]
"""What `backgrounds.paint` gives for each ray of a picture."""


def backdrop(scene: Scene) -> Backdrop:
    """The scene's background without people and shadows; pictures from one camera can share it."""
    camera = scene.camera.scaled(_SAMPLES)
    return backgrounds.paint(scene.background, camera.position, _rays(camera))


def picture(
    scene: Scene, shapes: list[Posed] | None = None, behind: Backdrop | None = None
) -> tuple[NDArray[np.uint8], list[Seen]]:
    """(H, W, 3) sRGB and the truth about each actor, in their order.

    shapes: what `stand` gives for each actor; behind: what `backdrop` gives, where it is already there.
    """
    shapes = shapes or [stand(actor) for actor in scene.actors]
    camera = scene.camera.scaled(_SAMPLES)
    world, faces, owners = _mesh(scene.actors, shapes)
    seen = camera.see(world)
    buffer = rasterise(camera.project(seen), -seen[:, 2], faces, camera.size)
    colours = _shaded(scene, shapes, world, faces, owners, buffer, behind or backdrop(scene))
    width, height = scene.camera.size
    mean = colours.reshape(height, _SAMPLES, width, _SAMPLES, 3).mean(axis=(1, 3))
    image = (np.clip(_encoded(mean * scene.brightness), 0, 1) * 255 + 0.5).astype(np.uint8)
    people = enumerate(zip(scene.actors, shapes, strict=True))
    return image, [_truth(scene.camera, actor, shape, buffer, owners, number) for number, (actor, shape) in people]


def _mesh(actors: tuple[Actor, ...], shapes: list[Posed]) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """World vertices and triangles of all actors and their boxes, and each triangle's actor, -1 for a box."""
    points: list[Array] = []
    faces: list[NDArray[np.int64]] = []
    owners: list[NDArray[np.int64]] = []
    start = 0
    for number, (actor, shape) in enumerate(zip(actors, shapes, strict=True)):
        points.append(shape.vertices)
        faces.append(actor.body.faces + start)
        owners.append(np.full(len(actor.body.faces), number))
        start += len(shape.vertices)
    for actor, shape in zip(actors, shapes, strict=True):
        if actor.posture.seat:
            corners, sides = _box(actor, shape)
            points.append(corners)
            faces.append(sides + start)
            owners.append(np.full(len(sides), -1))
            start += len(corners)
    return np.concatenate(points), np.concatenate(faces), np.concatenate(owners)


def _box(actor: Actor, shape: Posed) -> tuple[Array, NDArray[np.int64]]:
    """The seat: a box from the floor up to the lowest point of the hips, a little behind them."""
    names = np.array(actor.body.bones)[actor.body.owner]
    low = np.isin(names, ["root", "pelvis.L", "pelvis.R", "upperleg01.L", "upperleg01.R"])
    top = float(shape.vertices[low, 1].min()) + 0.015
    corners = np.array([[x, y, z] for x in (-0.24, 0.24) for y in (0.0, top) for z in (-0.26, 0.14)])
    turn = about(np.array([0.0, 1, 0]), actor.yaw)
    placed = corners @ turn.T + np.array([actor.place[0], 0.0, actor.place[1]])
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    points = np.concatenate([placed[list(quad)] for quad in quads])
    sides = np.array([[4 * i, 4 * i + a, 4 * i + b] for i in range(6) for a, b in ((1, 2), (2, 3))], dtype=np.int64)
    return points, sides


def _rays(camera: Camera) -> Array:
    """(H, W, 3) direction of each pixel in the world, as long as one metre along the view axis takes."""
    width, height = camera.size
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    local = np.stack([x / camera.focal, -y / camera.focal, np.full_like(x, -1.0)], axis=-1)
    rays: Array = local @ camera.rotation
    return rays


def _shaded(
    scene: Scene,
    shapes: list[Posed],
    world: Array,
    faces: NDArray[np.int64],
    owners: NDArray[np.int64],
    buffer: Buffer,
    behind: Backdrop,
) -> Array:
    """(H, W, 3) linear light of every sample."""
    camera = scene.camera.scaled(_SAMPLES)
    rays, colours, spots = _rays(camera), behind[0].copy(), behind[1]
    shadow = _Shadow(world, faces, scene.light)
    on_floor = np.isfinite(spots[..., 0]) & (buffer.face < 0)
    lit = shadow.lit(spots[on_floor])
    outside = scene.background.wall == "sky"
    dark = 0.45 if outside else 0.62
    colours[on_floor] *= (dark + (1 - dark) * lit)[:, None]
    middle = np.mean([shape.keypoints.mean(axis=0) for shape in shapes], axis=0)
    colours[on_floor] *= _contact(world, spots[on_floor], middle)[:, None]
    hit = buffer.face >= 0
    face, weights = buffer.face[hit], buffer.weights[hit]
    corner = faces[face]
    normal = looks.normals(world, faces)
    direction = unit(np.einsum("nk,nkj->nj", weights, normal[corner]))
    point = camera.position + rays[hit] * buffer.depth[hit][:, None]
    base = np.empty((len(face), 3))
    base[owners[face] < 0] = scene.background.wall_colours[1]
    start = 0
    for number, actor in enumerate(scene.actors):
        mine = owners[face] == number
        corners = corner[mine] - start
        main = np.take_along_axis(corners, weights[mine].argmax(axis=1)[:, None], axis=1)[:, 0]
        rest = np.einsum("nk,nkj->nj", weights[mine], actor.body.vertices[corners])
        base[mine] = looks.albedo(actor.body, actor.look, actor.parts[main], rest, actor.body.owner[main])
        start += len(shapes[number].vertices)
    lambert = np.clip(direction @ scene.light, 0, 1) * shadow.lit(point + direction * 0.012)
    view = unit(camera.position - point)
    shine = np.clip(np.einsum("nj,nj->n", direction, unit(view + scene.light)), 0, 1) ** 24 * 0.05
    sky = np.array([0.50, 0.54, 0.60]) if outside else np.array([0.52, 0.51, 0.49])
    bounce = 0.55 * np.array(scene.background.floor_colours[0])
    up = (direction[:, 1:2] + 1) / 2
    fill = np.clip(np.einsum("nj,nj->n", direction, view), 0, 1)[:, None] * 0.22
    ambient = (sky * up + bounce * (1 - up) + fill) * (0.6 + 0.4 * np.clip(point[:, 1:2] / 0.5, 0, 1))
    sun = np.array([1.0, 0.95, 0.86]) * (0.95 if outside else 0.7)
    colours[hit] = base * (ambient + sun * lambert[:, None]) + shine[:, None] * lambert[:, None]
    return colours


class _Shadow:
    """Where the light of a far lamp reaches: a depth picture from the lamp."""

    def __init__(self, world: Array, faces: NDArray[np.int64], light: Array) -> None:
        across = unit(np.cross(np.array([0.3, 1.0, 0.1]), light))
        self.axes = np.stack([across, np.cross(light, across), light])
        flat = world @ self.axes.T
        low, high = flat[:, :2].min(axis=0), flat[:, :2].max(axis=0)
        self.low, self.scale = low, (_SHADOW - 20) / float((high - low).max())
        pixels = (flat[:, :2] - low) * self.scale + 10
        self.depth = rasterise(pixels, -flat[:, 2], faces, (_SHADOW, _SHADOW), perspective=False).depth

    def lit(self, points: Array) -> Array:
        """(N,) share of the light, 0..1, that reaches (N, 3) points of the world; edges are soft."""
        flat = points @ self.axes.T
        pixels = (flat[:, :2] - self.low) * self.scale + 10
        total = np.zeros(len(points))
        spread = 0.012 * self.scale
        for dx in (-1.0, -0.33, 0.33, 1.0):
            for dy in (-1.0, -0.33, 0.33, 1.0):
                column = np.clip(pixels[:, 0] + dx * spread, 0, _SHADOW - 1).astype(np.int64)
                row = np.clip(pixels[:, 1] + dy * spread, 0, _SHADOW - 1).astype(np.int64)
                total += self.depth[row, column] > -flat[:, 2] - 0.01
        return total / 16


def _contact(world: Array, spots: Array, middle: Array) -> Array:
    """(N,) darkening of floor points close under a body."""
    cell, count = 0.03, 160
    near = world[world[:, 1] < 0.25]
    grid = np.zeros((count, count))
    place = ((near[:, [0, 2]] - middle[[0, 2]]) / cell + count / 2).astype(np.int64)
    inside = ((place >= 0) & (place < count)).all(axis=1)
    np.maximum.at(grid, (place[inside, 0], place[inside, 1]), 1 - near[inside, 1] / 0.25)
    for _ in range(3):
        for axis in (0, 1):
            grid = (np.roll(grid, 1, axis) + grid + np.roll(grid, -1, axis)) / 3
    at = np.clip((spots[:, [0, 2]] - middle[[0, 2]]) / cell + count / 2, 0, count - 1).astype(np.int64)
    darkened: Array = 1 - 0.55 * np.clip(grid[at[:, 0], at[:, 1]], 0, 1)
    return darkened


def _encoded(linear: Array) -> Array:
    """Linear light to sRGB."""
    safe = np.clip(linear, 0, 1)
    encoded: Array = np.where(safe <= 0.0031308, safe * 12.92, 1.055 * safe ** (1 / 2.4) - 0.055)
    return encoded


def _truth(
    camera: Camera, actor: Actor, shape: Posed, buffer: Buffer, owners: NDArray[np.int64], number: int
) -> Seen:
    seen = camera.see(shape.keypoints)
    pixels = camera.project(seen)
    width, height = camera.size
    inside = (pixels >= 0).all(axis=1) & (pixels < np.array([width, height])).all(axis=1)
    column = np.clip(pixels[:, 0] * _SAMPLES, 0, width * _SAMPLES - 1).astype(np.int64)
    row = np.clip(pixels[:, 1] * _SAMPLES, 0, height * _SAMPLES - 1).astype(np.int64)
    front, face = buffer.depth[row, column], buffer.face[row, column]
    mine = np.where(face >= 0, owners[np.maximum(face, 0)] == number, True)
    clear = -seen[:, 2] - front <= np.where(mine, _HIDDEN_BEYOND, _HIDDEN_BY_OTHER)
    hips = seen[11:13].mean(axis=0)
    towards = about(np.array([0.0, 1, 0]), -actor.yaw) @ (camera.position - shape.keypoints[11:13].mean(axis=0))
    outline = camera.project(camera.see(shape.vertices))
    low = np.clip(outline.min(axis=0), 0, [width, height])
    high = np.clip(outline.max(axis=0), 0, [width, height])
    return Seen(
        azimuth=float(np.degrees(np.arctan2(towards[0], towards[2]))),
        elevation=float(np.degrees(np.arcsin(towards[1] / np.linalg.norm(towards)))),
        keypoints=pixels,
        visible=inside & clear,
        keypoints3d=seen - hips,
        hips=hips,
        box=(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
    )
