"""The recipe of the shot encoder on small pictures: what is looked at, that it learns, goes on, writes the same."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.errors import DataError

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

import onnxruntime  # noqa: E402

from contrapposto.training import shot_frames, shot_sources, whitening  # noqa: E402
from contrapposto.training.captures import MILD, STRONG  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.pans import PanOptions  # noqa: E402
from contrapposto.training.shot_encoder import (  # noqa: E402
    ShotEncoderOptions,
    learn_shot_encoder,
    split,
    train_shot_encoder,
)
from contrapposto.training.shot_frames import FrameOptions, ShotFrames, between, look_at_files  # noqa: E402
from contrapposto.training.shot_sources import SourceOptions, pieces_of  # noqa: E402
from tests.filmed import write_film  # noqa: E402

Picture = NDArray[np.uint8]

SOURCES = SourceOptions(pans=2, pan=PanOptions(shortest=1, longest=3, rate=4, width=64, height=36))
FRAMES = FrameOptions(size=64, sources=SOURCES)
TINY = ShotEncoderOptions(
    kind="gru",
    width=16,
    batch=16,
    hardest=4,
    rate=3e-3,
    warm=5,
    frames=FRAMES,
    schedule=Schedule(steps=60, minutes=5, warm=5, check=20, device="cpu"),
)


def look(picture: Picture) -> NDArray[np.float32]:
    """A stand-in for R-MAC: mean colours of a grid of 4 x 2."""
    small = cv2.resize(picture, (4, 2), interpolation=cv2.INTER_AREA).astype(np.float32).ravel() - 127
    return np.asarray(small / max(np.linalg.norm(small), 1e-6), np.float32)


def coloured(seed: int, height: int = 72, width: int = 128) -> Picture:
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 255, (3, 4, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(12):
        cv2.imwrite(str(folder / f"{number:02}.png"), coloured(number))
    return folder


def made_up(shots: int, seed: int, dimension: int = 20) -> ShotFrames:
    """Shots whose frames are a scene and a little noise, and captures that are changed in a way that is the
    same for all."""
    rng = np.random.default_rng([seed, 1])
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(dimension, dimension)))[0]
    lengths = rng.integers(1, 5, shots)
    scenes = rng.normal(size=(shots, dimension))
    frames = np.repeat(scenes, lengths, axis=0) + 0.2 * rng.normal(size=(lengths.sum(), dimension))
    captures = (scenes @ (0.4 * np.eye(dimension) + turn))[:, None] + 0.5 * rng.normal(size=(shots, 2, dimension))
    return ShotFrames(
        (frames / np.linalg.norm(frames, axis=-1, keepdims=True)).astype(np.float16),
        lengths,
        (captures / np.linalg.norm(captures, axis=-1, keepdims=True)).astype(np.float16),
        np.tile([1.0, 0.0], (shots, 1)),
        np.arange(shots),
    )


def test_it_learns_repeats_itself_and_writes_what_it_learned(tmp_path: Path) -> None:
    seen, held_out = made_up(200, 0), made_up(60, 1)
    trained = learn_shot_encoder(seen, held_out, Path("whitening.onnx"), tmp_path / "out", TINY)
    rows = list(csv.DictReader((tmp_path / "out" / "curve.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [0, 20, 40, 60]
    loss = [float(row["loss"]) for row in rows[1:]]
    assert loss[2] < loss[1] < loss[0]
    assert loss[2] < 0.9 * loss[0]
    assert trained.recall > trained.pooled + 0.1
    assert trained.recall == pytest.approx(1 - min(float(row["miss@1"]) for row in rows), abs=0.03)
    assert trained.difference < 1e-4
    session = onnxruntime.InferenceSession(str(trained.weights), providers=["CPUExecutionProvider"])
    shots = []
    for number in range(60):
        frames = held_out.padded(np.array([number]))[0]
        shots.append(session.run(["shot"], {"frames": frames, "pictures": frames[:0]})[0][0])
    pictures = held_out.captures.reshape(-1, 20).astype(np.float32)
    found = session.run(["picture"], {"frames": pictures[:1], "pictures": pictures})[0] @ np.stack(shots).T
    assert (found.argmax(axis=1) == np.repeat(np.arange(60), 2)).mean() == pytest.approx(trained.recall, abs=0.02)
    again = learn_shot_encoder(seen, held_out, Path("whitening.onnx"), tmp_path / "again", TINY)
    assert again.weights.read_bytes() == trained.weights.read_bytes()


def test_a_run_that_was_broken_off_goes_on(tmp_path: Path) -> None:
    seen, held_out = made_up(60, 0), made_up(20, 1)
    whole = learn_shot_encoder(seen, held_out, tmp_path, tmp_path / "whole", TINY)

    def stop(done: int, of: int, message: str) -> None:
        if done >= 45:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_shot_encoder(seen, held_out, tmp_path, tmp_path / "broken", TINY, stop)
    assert not (tmp_path / "broken" / "shot-encoder.onnx").exists()
    resumed = learn_shot_encoder(seen, held_out, tmp_path, tmp_path / "broken", TINY)
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()
    with pytest.raises(DataError, match="other options"):
        learn_shot_encoder(seen, held_out, tmp_path, tmp_path / "broken", replace(TINY, margin=0.5))


@pytest.mark.parametrize("kind", ["gru", "lstm", "mean", "max", "last"])
def test_every_encoder_can_be_chosen(tmp_path: Path, kind: str) -> None:
    short = replace(TINY.schedule, steps=2, check=2, warm=1)
    options = replace(TINY, kind=kind, beside=False, hardest=0, schedule=short)  # type: ignore[arg-type]
    trained = learn_shot_encoder(made_up(20, 0), made_up(10, 1), tmp_path, tmp_path / "out", options)
    assert trained.steps == 2
    assert trained.difference < 1e-4


def test_what_was_seen_is_kept(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = shot_sources.photo_files([photos])[:4]
    told: list[tuple[int, int, str]] = []
    first = look_at_files(files, look, tmp_path, FRAMES, "x", False, lambda *step: told.append(step))
    assert told == [(4, 4, "")]
    assert len(first) == 8
    assert first.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert first.captures.shape == (8, 2, 24)
    assert len(first.frames) == first.lengths.sum()
    assert set(first.lengths) <= {1, 2, 3}
    assert first.levels.min() >= 0
    assert first.levels.max() == 1

    def never(*_: object) -> None:
        raise AssertionError("looked at again")

    monkeypatch.setattr(shot_frames, "pieces_of", never)
    again = look_at_files(files, look, tmp_path, FRAMES, "x", False)
    for name in ShotFrames.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    with pytest.raises(AssertionError, match="looked at again"):
        look_at_files(files, look, tmp_path, FRAMES, "other networks", False)
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(b"PK")
    with pytest.raises(DataError, match="damaged"):
        look_at_files(files, look, tmp_path, FRAMES, "x", False)


def test_held_out_captures_are_strong_and_mild(photos: Path, tmp_path: Path) -> None:
    files = shot_sources.photo_files([photos])[:1]
    seen = look_at_files(files, look, tmp_path, replace(FRAMES, captures=3), "x", True)
    assert seen.levels.tolist() == [[1, 0, 1]] * 2
    assert between(0, MILD.size) == MILD
    assert between(1, STRONG.size) == STRONG
    middle = between(0.5, MILD.size // 2)
    assert (middle.perspective, middle.blur, middle.crop) == (20, 1, pytest.approx(0.2))


def test_frames_of_shots_are_padded_with_nothing() -> None:
    seen = made_up(10, 3)
    found = seen.padded(np.array([4, 0, 7]))
    assert found.shape[1] == seen.lengths[[4, 0, 7]].max()
    starts = [0, *np.cumsum(seen.lengths)]
    for row, shot in enumerate((4, 0, 7)):
        own = seen.frames[starts[shot] : starts[shot + 1]]
        np.testing.assert_array_equal(found[row, : len(own)], own.astype(np.float32))
        assert not found[row, len(own) :].any()


def film_of(path: Path, seconds: tuple[float, ...], rate: int = 10) -> Path:
    """A film of shots of so many seconds, each a still."""
    frames = [coloured(50 + shot) for shot, length in enumerate(seconds) for _ in range(round(length * rate))]
    return write_film(path, [], rate=rate, frames=frames)


def test_films_are_cut_where_shots_end(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", (3, 4, 2.5))
    found = list(pieces_of(path, np.random.default_rng(0), SOURCES))
    assert [piece.group for piece in found] == [0, 1, 2]
    assert [piece.pictures[0][0] for piece in found] == pytest.approx([0, 3, 7], abs=0.11)
    assert found[1].pictures[-1][0] == pytest.approx(6.9, abs=0.21)
    for shot, piece in enumerate(found):
        times = np.array([time for time, _ in piece.pictures])
        assert (np.diff(times) >= 1 / SOURCES.rate - 1e-6).all()
        for _, picture in (piece.pictures[0], piece.pictures[-1]):
            away = [np.abs(picture.astype(int) - coloured(50 + other)).mean() for other in range(3)]
            assert np.argmin(away) == shot


def test_films_are_cut_into_windows_without_a_detector(tmp_path: Path) -> None:
    path = film_of(tmp_path / "film.mp4", (9,))
    options = replace(SOURCES, detector="", window=4)
    found = list(pieces_of(path, np.random.default_rng(0), options))
    assert [piece.pictures[0][0] for piece in found] == pytest.approx([0, 3, 6], abs=0.15)
    assert [piece.group for piece in found] == [0, 1, 2]


def test_long_shots_are_cut_into_pieces_of_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shot_sources, "LONGEST", 2.0)
    path = film_of(tmp_path / "film.mp4", (5,))
    found = list(pieces_of(path, np.random.default_rng(0), SOURCES))
    assert [piece.group for piece in found] == [0, 0, 0]
    assert all(piece.pictures[-1][0] - piece.pictures[0][0] <= 2 for piece in found)


def test_files_are_split_and_never_in_both_parts() -> None:
    films = [Path(f"{number}.mp4") for number in range(10)]
    stills = [Path(f"{number}.jpg") for number in range(40)]
    learned_from, held_out = split(films, stills, 0.15, seed=0)
    assert sorted([*learned_from, *held_out]) == sorted([*films, *stills])
    assert [len([path for path in held_out if path.suffix == suffix]) for suffix in (".mp4", ".jpg")] == [2, 6]
    assert split(films, stills, 0.15, seed=1)[1] != held_out
    assert [len(part) for part in split([], stills[:2], 0.15, 0)] == [1, 1]
    with pytest.raises(DataError, match="two films or two photos"):
        split(films[:1], stills[:1], 0.15, 0)


def test_whitening_makes_components_of_unit_deviation(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(400, 6)) * [5, 1, 3, 0.1, 2, 0.5] + 1) @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    learned = whitening.learn_whitening([vectors[:150], vectors[150:]], 4)
    found = learned(vectors.astype(np.float32))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(found.T, bias=True), np.eye(4), atol=1e-3)
    values = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)[:4] / 20
    np.testing.assert_allclose(1 / np.linalg.norm(learned.matrix, axis=0), values, rtol=1e-6)
    assert whitening.write_whitening(learned, tmp_path / "rmac-whitening.onnx", "a test") < 1e-4
    session = onnxruntime.InferenceSession(
        str(tmp_path / "rmac-whitening.onnx"), providers=["CPUExecutionProvider"]
    )
    given = vectors[:5].astype(np.float32)
    written = session.run(["whitened"], {"vectors": given})[0]
    np.testing.assert_allclose(written, learned(given), atol=2e-2)  # float16
    with pytest.raises(DataError, match="too few for 4 components"):
        whitening.learn_whitening([vectors[:4]], 4)


def test_pair_whitening_makes_what_pairs_differ_by_even() -> None:
    rng = np.random.default_rng(0)
    scenes = rng.normal(size=(3000, 5)) * [3, 1, 2, 1, 1]
    spread = rng.normal(size=(5, 5))
    first, second = scenes + 7, scenes - 1 + rng.normal(size=(3000, 5)) @ spread
    found = whitening.learn_pair_whitening(first, second, 5, shrink=0)
    away = ((first - found.first) - (second - found.second)) @ found.matrix
    covariance = away.T @ away / len(away)
    np.testing.assert_allclose(covariance / covariance[0, 0], np.eye(5), atol=1e-6)
    projected = (first - found.first) @ found.matrix
    np.testing.assert_allclose((projected**2).sum(axis=1).mean(), 1)
    variances = projected.var(axis=0)
    assert (np.diff(variances) <= 0).all(), "the first columns tell most"
    covariances = np.cov(projected.T)
    np.testing.assert_allclose(covariances - np.diag(np.diag(covariances)), 0, atol=1e-6)
    few = whitening.learn_pair_whitening(first, second, 2, shrink=0)
    turn = few.matrix[:, 0] / found.matrix[:, 0]
    np.testing.assert_allclose(turn, turn[0])
    plain = whitening.learn_pair_whitening(first, second, 5, shrink=1e9).matrix
    np.testing.assert_allclose(plain.T @ plain / (plain.T @ plain)[0, 0], np.eye(5), atol=1e-6)


@pytest.mark.slow
def test_from_photos_and_films_to_weights(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    for number in range(2):
        film_of(tmp_path / "films" / f"{number}.mp4", (2, 2))
    options = replace(TINY, schedule=replace(TINY.schedule, steps=4, check=4), width=8, batch=4)
    trained = train_shot_encoder([tmp_path / "films"], [photos], tmp_path / "out", options)
    assert trained.weights == tmp_path / "out" / "shot-encoder.onnx"
    assert trained.whitening.name == "rmac-whitening.onnx"
    assert trained.difference < 1e-4
    assert len(list((tmp_path / "out" / "seen").glob("*.npz"))) == 14


def test_folders_without_pictures_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photos"):
        train_shot_encoder([], [tmp_path], tmp_path / "out", TINY)
    with pytest.raises(DataError, match="no films"):
        train_shot_encoder([tmp_path], [], tmp_path / "out", TINY)
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "photos" / name).write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"[ab]\.png"):
        list(pieces_of(tmp_path / "photos" / "a.png", np.random.default_rng(0), SOURCES))
