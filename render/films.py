"""Three short films: shots of people who move from posture to posture; hard cuts and one fade through black."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from render import backgrounds
from render.bodies import Body
from render.cameras import around, looking
from render.named import NAMED
from render.photos import cast, lamp
from render.poses import Posture, blended, mirrored
from render.scenes import Actor, Scene

RATE = 12
"""Frames a second."""
SIZE = (384, 288)
FADE = 6
"""Frames on each side of a fade's middle."""


@dataclass(frozen=True, slots=True)
class Role:
    """Someone in a shot: body, clothes (a number), postures in turn, seconds from one to the next, turned by `yaw`
    degrees to the own left, starting at a place (x, z) and moving (metres a second along x and z)."""

    body: str
    clothes: int
    postures: tuple[Posture, ...]
    seconds: float
    yaw: float = 0.0
    start: tuple[float, float] = (0.0, 0.0)
    speed: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Shot:
    """set: number of the background and the light; the camera looks at `aim` from so many degrees around and
    above and metres away; fade: the shot comes out of black, and the one before goes into it."""

    seconds: float
    roles: tuple[Role, ...]
    set: int
    azimuth: float
    elevation: float
    distance: float
    aim: tuple[float, float, float] = (0.0, 0.85, 0.0)
    fade: bool = False


def _named(*names: str) -> tuple[Posture, ...]:
    return tuple(NAMED[name] for name in names)


_WALK = (NAMED["walking"], mirrored(NAMED["walking"], "walking"))
_RUN = (NAMED["running"], mirrored(NAMED["running"], "running"))
_JACKS = _named("standing", "jumping jack")

FILMS: dict[str, tuple[Shot, ...]] = {
    "exercises": (
        Shot(3.0, (Role("man", 1, _JACKS, 0.5),), 1, 10, 4, 5.2),
        Shot(3.0, (Role("woman", 2, _named("standing", "squat"), 0.75, yaw=-50),), 2, 0, 6, 4.6),
        Shot(
            3.0,
            (
                Role(
                    "man",
                    1,
                    _named("standing", "lunge with the left leg", "standing", "lunge with the right leg"),
                    0.75,
                    yaw=60,
                ),
            ),
            1,
            0,
            5,
            5.2,
        ),
        Shot(
            2.0,
            (
                Role(
                    "woman",
                    2,
                    _named("hands on hips", "side bend to the left", "hands on hips", "side bend to the right"),
                    0.5,
                ),
            ),
            2,
            -15,
            5,
            4.6,
        ),
    ),
    "street": (
        Shot(3.0, (Role("slender woman", 3, _WALK, 0.5, yaw=90, start=(-1.7, 0), speed=(1.1, 0)),), 3, 0, 4, 5.0),
        Shot(2.5, (Role("broad man", 4, _RUN, 0.34, yaw=-75, start=(1.6, 0), speed=(-1.3, 0.3)),), 4, 0, 4, 5.2),
        Shot(
            3.0,
            (
                Role(
                    "slender woman",
                    3,
                    _named("standing", "waving with the right hand", "hands on hips"),
                    0.8,
                    yaw=25,
                    start=(-0.6, 0),
                ),
                Role(
                    "broad man",
                    4,
                    _named("hands on hips", "standing", "pointing left", "standing"),
                    0.75,
                    yaw=-25,
                    start=(0.6, 0),
                ),
            ),
            3,
            0,
            5,
            5.2,
            fade=True,
        ),
        Shot(
            2.0,
            (Role("old man", 5, _named("standing", "saluting", "standing", "bow"), 0.7, yaw=-15),),
            4,
            0,
            6,
            4.6,
        ),
    ),
    "dance": (
        Shot(
            3.5,
            (
                Role(
                    "tall woman",
                    6,
                    _named("arms overhead", "dancing with rounded arms", "side bend to the left", "tree"),
                    0.9,
                    yaw=15,
                    start=(-0.75, 0),
                ),
                Role(
                    "youth",
                    7,
                    _named("T-pose", "dancing with rounded arms", "arms overhead", "contrapposto"),
                    0.9,
                    yaw=-15,
                    start=(0.75, 0.2),
                ),
            ),
            5,
            0,
            5,
            5.6,
        ),
        Shot(
            3.0,
            (Role("tall woman", 6, _named("warrior one", "warrior two", "triangle", "warrior two"), 1.0, yaw=-35),),
            6,
            0,
            6,
            5.2,
        ),
        Shot(
            2.5,
            (
                Role(
                    "youth",
                    7,
                    _named("standing on one leg, left knee up", "arabesque", "high kick with the right leg"),
                    0.8,
                    yaw=55,
                ),
            ),
            5,
            0,
            5,
            5.2,
        ),
        Shot(
            2.5,
            (
                Role("tall woman", 6, _named("tree", "arms overhead", "bow"), 0.8, yaw=15, start=(-0.75, 0)),
                Role("youth", 7, _named("contrapposto", "arms overhead", "bow"), 0.8, yaw=-15, start=(0.75, 0.2)),
            ),
            5,
            0,
            5,
            5.6,
        ),
    ),
}
"""The shots of each film; the people and sets that share a number look the same."""


def spans(film: str) -> list[tuple[int, int, bool]]:
    """First frame, frame after the last, and whether the shot comes in by a fade, for each shot of a film."""
    ends = np.cumsum([0] + [round(shot.seconds * RATE) for shot in FILMS[film]])
    return [(int(a), int(b), shot.fade) for a, b, shot in zip(ends[:-1], ends[1:], FILMS[film], strict=True)]


def frames(film: str, bodies: dict[str, Body], seed: int) -> Iterator[Scene]:
    """The scenes of a film, frame after frame."""
    shots, places = FILMS[film], spans(film)
    for number, (shot, (start, end, fades)) in enumerate(zip(shots, places, strict=True)):
        random = np.random.default_rng([seed, 2, shot.set])
        background, light = backgrounds.chosen(random), lamp(random)
        extras = [_extra(bodies, role, seed) for role in shot.roles]
        goes = number + 1 < len(shots) and shots[number + 1].fade
        aim = np.array(shot.aim)
        place = around(shot.azimuth, shot.elevation, shot.distance, aim)
        camera = looking(place, aim, 0.0, 1.5 * max(SIZE), SIZE)
        for frame in range(end - start):
            coming = (frame + 0.5) / FADE if fades else 1.0
            going = (end - start - frame - 0.5) / FADE if goes else 1.0
            actors = tuple(_at(extra, role, frame / RATE) for extra, role in zip(extras, shot.roles, strict=True))
            yield Scene(actors, camera, background, light, min(coming, going, 1.0))


def _extra(bodies: dict[str, Body], role: Role, seed: int) -> Actor:
    return cast(bodies[role.body], role.postures[0], role.yaw, np.random.default_rng([seed, 3, role.clothes]))


def _at(extra: Actor, role: Role, time: float) -> Actor:
    step = time / role.seconds
    first = int(step)
    share = step - first
    smooth = share * share * (3 - 2 * share)
    count = len(role.postures)
    posture = blended(role.postures[first % count], role.postures[(first + 1) % count], smooth)
    place = (role.start[0] + time * role.speed[0], role.start[1] + time * role.speed[1])
    return replace(extra, posture=posture, place=place)


def written(path: Path, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """Write (H, W, 3) frames as H.264 in MP4 that browsers play. One thread: the same bytes each time."""
    import av

    with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = SIZE[0], SIZE[1], "yuv420p"
        stream.thread_count = 1
        stream.options = {"crf": "24", "preset": "slow", "g": "24", "threads": "1"}
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
