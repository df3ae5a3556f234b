"""Films: time stamps, turns, odd and damaged files, and getting to a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import UnreadableMedia
from contrapposto.media.videos import FRAME_SIDE, SMALL, Frame, Video
from tests.filmed import picture, turned, write_film, write_sound

COLOURS = [(number % 6, 40 * (number % 7), 30 * (number % 8)) for number in range(40)]


def all_frames(path: Path, start: float = 0.0) -> list[Frame]:
    with Video(path) as video:
        return list(video.frames(start))


def colour(frame: Frame) -> tuple[int, ...]:
    return tuple(round(value) for value in frame.image().reshape(-1, 3).mean(axis=0))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".mov", ".ts"])
def test_every_frame_at_its_time(tmp_path: Path, suffix: str) -> None:
    frames = all_frames(write_film(tmp_path / f"a{suffix}", COLOURS))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(40) / 10, atol=2e-3)
    for frame, wanted in zip(frames, COLOURS, strict=True):
        assert np.abs(np.subtract(colour(frame), picture(wanted)[0, 0].astype(int))).max() <= 8
    assert frames[0].image().shape == (48, 64, 3)
    assert frames[0].small().shape == (*SMALL, 3)


def test_what_the_file_says(tmp_path: Path) -> None:
    with Video(write_film(tmp_path / "a.mp4", COLOURS)) as video:
        assert (video.width, video.height, video.rate, video.damaged) == (64, 48, 10, 0)
        assert video.duration == pytest.approx(4.0, abs=0.02)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
@pytest.mark.parametrize("start", [0.0, 0.35, 1.0, 2.95, 3.9])
def test_from_a_second_on(tmp_path: Path, suffix: str, start: float) -> None:
    path = write_film(tmp_path / f"a{suffix}", COLOURS)
    whole = all_frames(path)
    rest = all_frames(path, start)
    wanted = [frame.time for frame in whole if frame.time >= start - 1e-4]
    np.testing.assert_allclose([frame.time for frame in rest], wanted, atol=1e-6)
    np.testing.assert_array_equal(rest[0].image(), whole[len(whole) - len(rest)].image())


def test_the_frame_that_is_shown_at_a_second(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", COLOURS, times=[0.0, *np.arange(1, 40) / 10 + 0.05])
    with Video(path) as video:
        for second, shown in [(0.0, 0.0), (0.1, 0.0), (0.16, 0.15), (2.0, 1.95), (2.05, 2.05), (99.0, 3.95)]:
            assert video.at(second).time == pytest.approx(shown, abs=2e-3), second


def test_uneven_frame_rate(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.5, 0.54, 0.58, 2.0, 2.5]
    frames = all_frames(write_film(tmp_path / "a.mkv", COLOURS[:7], times=times))
    np.testing.assert_allclose([frame.time for frame in frames], times, atol=2e-3)


@pytest.mark.parametrize("quarters", range(4))
def test_turned_as_the_file_says(tmp_path: Path, quarters: int) -> None:
    shown = np.zeros((48, 64, 3), np.uint8)
    shown[:12, :16] = 255  # white at the top left
    path = turned(write_film(tmp_path / "a.mp4", [], frames=[shown] * 5), quarters)
    with Video(path) as video:
        assert (video.width, video.height) == ((64, 48) if quarters % 2 == 0 else (48, 64))
        frame = next(video.frames())
        image, grey = frame.image(), frame.grey(video.width // 2)
    np.testing.assert_allclose(image, np.rot90(shown, -quarters), atol=60)
    assert grey.shape == (video.height // 2, video.width // 2)
    small = np.rot90(shown, -quarters)[..., 0].astype(int).reshape(*(n for side in grey.shape for n in (side, 2)))
    assert np.abs(grey - small.mean(axis=(1, 3))).mean() < 4
    assert np.abs(image.astype(int) - np.rot90(shown, -quarters)).mean() < 4


def test_large_frames_are_reduced(tmp_path: Path) -> None:
    frame = all_frames(write_film(tmp_path / "a.mp4", COLOURS[:2], size=(1920, 1080)))[0]
    assert (frame.width, frame.height) == (1920, 1080)
    assert frame.image().shape == (720, FRAME_SIDE, 3)


def test_sound_alone(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="only sound"):
        Video(write_sound(tmp_path / "a.mp4"))


@pytest.mark.parametrize("content", [b"", b"no film", b"\0" * 5000, b"\x1aE\xdf\xa3" + b"\xff" * 3000])
def test_no_film(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(content)
    with pytest.raises(UnreadableMedia, match=r"not a film|no frame"):
        Video(path)


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".ts"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_cut_short(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 48, 64, 3), np.uint8)
    path = write_film(tmp_path / f"a{suffix}", [], frames=list(noise))
    whole = all_frames(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    frames = all_frames(path)
    assert 0 < len(frames) < len(whole)
    np.testing.assert_allclose([one.time for one in frames], [one.time for one in whole[: len(frames)]], atol=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
def test_damaged_anywhere(tmp_path: Path, suffix: str) -> None:
    """Whatever is overwritten: frames in order of time, or an error of ours."""
    path = write_film(tmp_path / f"a{suffix}", COLOURS)
    data = path.read_bytes()
    random = np.random.default_rng(0)
    opened = 0
    for _ in range(60):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), 30):
            damaged[at] = random.integers(256)
        path.write_bytes(damaged)
        try:
            with Video(path) as video:
                times = [frame.time for frame in video.frames()]
                video.at(2.0)
        except UnreadableMedia:
            continue
        opened += 1
        assert times == sorted(set(times))
    assert opened


def test_joined_files(tmp_path: Path) -> None:
    """Time stamps that start again."""
    path = write_film(tmp_path / "a.ts", COLOURS[:20])
    (tmp_path / "b.ts").write_bytes(path.read_bytes() * 2)
    times = [frame.time for frame in all_frames(tmp_path / "b.ts")]
    assert len(times) > 20
    assert (np.diff(times) > 0).all()
