"""Which pictures the collection has: every named posture several times, generated ones, alone or in company."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from render import backgrounds, looks
from render.bodies import Body
from render.cameras import Camera, around, looking
from render.generated import generated
from render.named import NAMED
from render.poses import Posture, varied
from render.posing import Posed
from render.rotations import Array, Triple, unit
from render.scenes import Actor, Scene, stand

COMPANY = (0.7, 0.2, 0.1)
"""Share of pictures with one, two and three people."""
TIMES = 4
"""How often each named posture occurs."""
GENERATED = 56
_PORTRAIT, _SQUARE, _LANDSCAPE = (384, 512), (448, 448), (512, 384)


def planned(seed: int) -> list[list[tuple[str, int]]]:
    """For each picture its people: name of the posture ("generated" among them) and which time it occurs."""
    random = np.random.default_rng([seed, 0])
    pool = [(name, time) for name in NAMED for time in range(TIMES)] + [("generated", k) for k in range(GENERATED)]
    random.shuffle(pool)
    people = len(pool)
    pictures = people / sum(share * (count + 1) for count, share in enumerate(COMPANY))
    triples, pairs = round(pictures * COMPANY[2]), round(pictures * COMPANY[1])
    sizes = [3] * triples + [2] * pairs
    sizes += [1] * (people - sum(sizes))
    random.shuffle(sizes)
    starts = np.cumsum([0, *sizes])
    return [pool[start:end] for start, end in pairwise(starts)]


def composed(
    bodies: dict[str, Body], people: Sequence[tuple[str, int]], random: np.random.Generator
) -> tuple[Scene, list[Posed]]:
    """A scene for these people, and their bodies as they stand in it."""
    actors: list[Actor] = []
    for body in random.choice(list(bodies), size=len(people), replace=False):
        name, time = people[len(actors)]
        posture = generated(random, bodies[body]) if name == "generated" else varied(NAMED[name], random)
        actors.append(cast(bodies[str(body)], posture, -_azimuth(posture, time, random), random))
    actors = _placed(actors, random)
    shapes = [stand(actor) for actor in actors]
    floor = not all(actor.posture.ordinary for actor in actors)
    elevation = float(random.uniform(6, 34)) if floor else float(np.clip(random.normal(5, 8), -7, 32))
    close = len(actors) == 1 and not floor and random.random() < 0.1
    camera = framed(shapes, elevation, float(random.normal(0, 1.2)), random, close)
    return Scene(tuple(actors), camera, backgrounds.chosen(random), lamp(random)), shapes


def cast(
    body: Body, posture: Posture, yaw: float, random: np.random.Generator, place: tuple[float, float] = (0.0, 0.0)
) -> Actor:
    """Someone with this body, dressed by chance."""
    look = looks.chosen(random, body.name)
    dressed, parts = looks.dressed(body, look)
    return Actor(dressed, parts, look, posture, yaw, place)


def lamp(random: np.random.Generator) -> Array:
    """(3,) direction of a light from above, on the camera's side."""
    turn = np.radians(random.uniform(-70, 70))
    return unit(np.array([np.sin(turn), random.uniform(0.8, 1.6), np.cos(turn)]))


def framed(
    shapes: Sequence[Posed], elevation: float, roll: float, random: np.random.Generator, close: bool = False
) -> Camera:
    """A camera in front (on the side of +z) that has the bodies in its picture; `close` cuts the legs off."""
    points = np.concatenate([shape.vertices[::7] for shape in shapes])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    share = float(random.uniform(0.66, 0.92))
    lens = float(random.uniform(1.0, 1.9))
    if close:
        middle[1] = 0.3 * points[:, 1].min() + 0.7 * points[:, 1].max()
        share *= 1.7
    distance = 4.0
    size = _SQUARE
    camera = looking(around(0, elevation, distance, middle), middle, roll, lens * max(size), size)
    for attempt in range(8):
        pixels = camera.project(camera.see(points))
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        extent = high - low
        if attempt == 2 and not close:
            ratio = float(extent[0] / extent[1])
            size = _LANDSCAPE if ratio > 1.05 else _PORTRAIT if ratio < 0.85 else size
        distance *= float((extent / np.array(size)).max() / share) ** 0.9
        if not close:
            offset = (pixels.min(axis=0) + high) / 2 - np.array(camera.size) / 2
            step = offset / camera.focal * distance
            middle = middle + camera.rotation.T @ np.array([step[0], -step[1], 0.0])
        position = around(0, elevation, distance, middle)
        position[1] = max(position[1], 0.2)
        camera = looking(position, middle, roll, lens * max(size), size)
    return camera


def _azimuth(posture: Posture, time: int, random: np.random.Generator) -> float:
    """Degrees from the front to the own left: front, either three-quarter view, side or back, time after time."""
    side = 1.0 if random.random() < 0.5 else -1.0
    lying: Triple = posture.root
    if 45 < abs(lying[0]) < 135:  # along the view axis a lying body would be foreshortened to a heap
        return side * float(random.uniform(40, 135))
    low, high = ((-22, 22), (22, 70), (-70, -22), (75, 180))[time % 4]
    return float(random.uniform(low, high)) * (side if time % 4 == 3 else 1.0)


def _placed(actors: list[Actor], random: np.random.Generator) -> list[Actor]:
    """Side by side, some a little behind their neighbour."""
    placed: list[Actor] = []
    edge, depth = 0.0, 0.0
    last_front = 0.0
    for actor in actors:
        points = stand(actor).vertices
        left, right = float(points[:, 0].min()), float(points[:, 0].max())
        back, front = float(points[:, 2].min()), float(points[:, 2].max())
        if placed and random.random() < 0.3:
            gap = -float(random.uniform(0.05, 0.25))
            depth = last_front - front - 0.1
        else:
            gap = float(random.uniform(0.03, 0.3))
            depth = float(random.uniform(-0.3, 0.3))
        x = edge + gap - left if placed else 0.0
        placed.append(replace(actor, place=(x, depth)))
        edge, last_front = x + right, depth + back
    return placed
