"""Estimators by name or by their trained weights, and the copy that a library keeps of these."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contrapposto import weights
from contrapposto.errors import DataError, LibraryError
from contrapposto.manifest import Manifest, Wanted, current, refuse_changed
from contrapposto.poses import ESTIMATORS, chosen, identities, make_estimator, own_identities, weights_digest
from contrapposto.poses.kept import keep_weights, kept_weights
from contrapposto.skeleton import COUNT, INDEX
from tests.networks import need
from tests.poses.small_networks import write_cascade, write_heatmaps


@pytest.fixture
def network(tmp_path: Path) -> Path:
    (tmp_path / "crf").mkdir()
    return write_heatmaps(tmp_path / "crf/heatmap.onnx")


@pytest.fixture
def cascade(tmp_path: Path) -> Path:
    return write_cascade(tmp_path / "cascade", np.zeros((COUNT, 2)), np.zeros((COUNT, 2)))


def test_names() -> None:
    assert set(ESTIMATORS) == {"movenet", "agreement", "heatmap", "deeppose"}
    with pytest.raises(
        ValueError, match="unknown estimator 'posenet'; there is movenet, agreement, heatmap, deeppose"
    ):
        make_estimator("posenet")


def test_by_name_file_and_folder(network: Path, cascade: Path) -> None:
    assert chosen("movenet") == ("movenet", None)
    assert chosen("heatmap", network) == chosen(str(network)) == ("heatmap", network)
    assert chosen(str(network.parent)) == ("heatmap", network), "the folder that train wrote"
    assert chosen("deeppose", cascade) == chosen(str(cascade)) == ("deeppose", cascade)
    with pytest.raises(
        DataError,
        match=r"no estimator or file 'posenet': choose one of movenet, agreement, heatmap, deeppose, or what",
    ):
        chosen("posenet")
    with pytest.raises(DataError, match="no estimator or file"):
        chosen(str(network), network)
    with pytest.raises(DataError, match="movenet takes no pose weights"):
        chosen("movenet", network)
    assert chosen("heatmap") == ("heatmap", None), "a network comes with the program"
    with pytest.raises(DataError, match="train one"):
        chosen("deeppose")


def test_the_file_of_that_name_in_this_folder_is_not_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "movenet").mkdir()
    assert chosen("movenet") == ("movenet", None)


def test_identities_change_with_the_weights(network: Path, cascade: Path) -> None:
    plain = identities("movenet")
    assert set(plain) == {"movenet-multipose", "movenet-thunder", "lifter"}
    assert identities("agreement") == plain
    assert (
        own_identities("agreement")
        == own_identities("movenet")
        == {"movenet-thunder": weights.identity("movenet-thunder")}
    )
    of_file = identities("heatmap", True, network)
    assert set(of_file) == {*plain, "nanodet", "pose-weights"}
    assert own_identities("heatmap", network) == {"pose-weights": of_file["pose-weights"]}
    shipped = own_identities("heatmap")
    assert shipped == {"pose-network": weights.identity("pose-network")}
    assert identities("heatmap") == plain | shipped
    first = weights_digest(cascade)
    assert len(first) == 16
    assert first == weights_digest(cascade)
    write_cascade(cascade, np.zeros((COUNT, 2)), np.ones((COUNT, 2)))
    assert weights_digest(cascade) != first, "the second stage counts"
    with pytest.raises(DataError, match=r"none\.onnx: cannot be read"):
        weights_digest(cascade / "none.onnx")


def test_the_manifest_states_estimator_and_weights(network: Path, tmp_path: Path) -> None:
    stated = Manifest.of("heatmap", False, pose_weights=network)
    assert (stated.estimator, stated.version) == ("heatmap", ESTIMATORS["heatmap"].version)
    assert stated.weights["pose-weights"] == weights_digest(network)
    other = write_heatmaps(tmp_path / "other.onnx", joints=12)
    assert stated.differences(Manifest.of("heatmap", False, pose_weights=other)) == ["weights pose-weights"]
    changed = Manifest.of("movenet", False).differences(stated)
    assert changed[0] == "estimator 'movenet', now 'heatmap'"
    assert changed[-1] == "weights pose-weights"


def test_a_library_keeps_a_copy(network: Path, cascade: Path, tmp_path: Path) -> None:
    library = tmp_path / "a.library"
    library.mkdir()
    assert kept_weights(library, "heatmap") is None
    keep_weights(library, "heatmap", network)
    kept = kept_weights(library, "heatmap")
    assert kept is not None
    assert kept.is_relative_to(library)
    assert weights_digest(kept) == weights_digest(network)
    keep_weights(library, "heatmap", None)
    assert kept_weights(library, "heatmap") == kept, "nothing else was given"
    keep_weights(library, "heatmap", kept)
    assert weights_digest(kept) == weights_digest(network), "its own copy given again"
    assert kept_weights(library, "movenet") is None
    keep_weights(library, "deeppose", cascade)
    folder = kept_weights(library, "deeppose")
    assert folder is not None
    assert weights_digest(folder) == weights_digest(cascade)
    assert kept_weights(library, "heatmap") is None
    keep_weights(library, "movenet", None)
    assert list(library.iterdir()) == []
    with pytest.raises(LibraryError, match="cannot be copied into it"):
        keep_weights(tmp_path / "nowhere", "heatmap", network)


def test_what_a_library_would_state_now(network: Path, tmp_path: Path) -> None:
    library = tmp_path / "a.library"
    library.mkdir()
    wanted = Wanted(estimator="heatmap", pose_weights=network)
    made = current(None, library, wanted)
    assert made.estimator == "heatmap"
    keep_weights(library, "heatmap", network)
    assert current(made, library) == made, "later its own copy is used"
    with pytest.raises(LibraryError) as caught:
        refuse_changed(library, current(None, library), made, wanted)
    assert f"index --rebuild --estimator heatmap --pose-weights {network} --library {library}" in str(caught.value)
    keep_weights(library, "movenet", None)
    with pytest.raises(
        LibraryError, match=r"\(weights pose-weights\); index with its --pose-weights, or rebuild it: contrapposto"
    ):
        refuse_changed(library, made, current(made, library))
    with pytest.raises(DataError, match="--pose-weights"):
        current(replace(made, estimator="deeppose"), library)


def test_people_of_a_trained_network(network: Path) -> None:
    """The finder's people; keypoints where the picture is light."""
    from skimage import data

    need("movenet-multipose", "movenet-thunder")
    picture = np.ascontiguousarray(data.astronaut())
    estimator = make_estimator("heatmap", pose_weights=network)
    assert (estimator.name, estimator.accurate) == ("heatmap", False)
    (person,) = estimator(picture)
    (plain,) = make_estimator("movenet")(picture)
    assert person.score == plain.score
    assert np.ptp(person.pose.keypoints[:, 0]) < 1, "this network finds all joints at one place"
    assert np.isfinite(person.pose.keypoints).all()


def test_people_of_the_network_that_comes_with_the_program() -> None:
    """An upright person seen to the hips: both networks see the face at the same places, and no knees."""
    from skimage import data

    need("movenet-multipose", "movenet-thunder")
    picture = np.ascontiguousarray(data.astronaut())
    (person,), (plain,) = (make_estimator(name)(picture) for name in ("heatmap", "movenet"))
    away = np.linalg.norm(person.pose.keypoints - plain.pose.keypoints, axis=1)
    assert away[:5].max() < 5
    assert np.nanmax(away) > 0, "not the same network"
    assert not person.pose.visible[INDEX["left_knee"] :].any()
    assert np.isfinite(person.pose.keypoints3d).any()
