"""The shot encoder: what it starts as, sequences of any length, and the file that is written."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

import onnxruntime  # noqa: E402

from contrapposto.networks.shot_encoder import Exported, Kind, ShotEncoderNetwork  # noqa: E402
from contrapposto.training.export import export  # noqa: E402

KINDS: tuple[Kind, ...] = ("gru", "lstm", "mean", "max", "last")


def vectors(*shape: int, seed: int = 0) -> torch.Tensor:
    given = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return torch.from_numpy(given / np.linalg.norm(given, axis=-1, keepdims=True))


def network(kind: Kind, beside: bool = True) -> ShotEncoderNetwork:
    torch.manual_seed(0)
    made = ShotEncoderNetwork(kind, 12, 8, 6, beside)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return made.eval()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beside", [True, False])
def test_a_shot_among_longer_ones_is_what_it_is_alone(kind: Kind, beside: bool) -> None:
    made, frames, lengths = network(kind, beside), vectors(4, 7, 12), torch.tensor([7, 1, 4, 2])
    with torch.no_grad():
        found = made.shots(frames, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone = made.shots(frames[row : row + 1, :length], torch.tensor([length]))
            torch.testing.assert_close(found[row], alone[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(4))


@pytest.mark.parametrize("kind", ["gru", "mean", "max", "last"])
def test_it_begins_as_the_first_components_of_what_is_pooled(kind: Kind) -> None:
    made = ShotEncoderNetwork(kind, 12, 8)
    frames = vectors(3, 5, 12)
    pooled = {"max": frames[:, :4].amax(1), "last": frames[:, 3]}.get(kind, frames[:, :4].mean(1))
    wanted = pooled[:, :8] / pooled[:, :8].norm(dim=1, keepdim=True)
    with torch.no_grad():
        torch.testing.assert_close(made.shots(frames, torch.tensor([4, 4, 4])), wanted)
        first = frames[:, 0, :8] / frames[:, 0, :8].norm(dim=1, keepdim=True)
        torch.testing.assert_close(made.frames(frames[:, 0]), first)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_recurrent_network_sees_order_and_pooling_does_not(kind: Kind) -> None:
    frames, lengths = vectors(1, 5, 12), torch.tensor([5])
    with torch.no_grad():
        found = network(kind)
        assert not torch.allclose(found.shots(frames, lengths), found.shots(frames.flip(1), lengths), atol=1e-3)
        mean = network("mean")
        torch.testing.assert_close(mean.shots(frames, lengths), mean.shots(frames.flip(1), lengths))


@pytest.mark.parametrize("kind", KINDS)
def test_the_written_file_takes_shots_of_any_length(kind: Kind) -> None:
    made = network(kind)
    data = export(
        Exported(made),
        [vectors(5, 12), vectors(3, 12)],
        {},
        given=("frames", "pictures"),
        found=("shot", "picture"),
        counts={"frames": "T", "shot": "one"},
    )
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    for length, count in ((1, 0), (5, 3), (30, 1), (2, 9)):
        frames, pictures = vectors(length, 12, seed=length), vectors(count, 12, seed=9)
        shot, picture = session.run(None, {"frames": frames.numpy(), "pictures": pictures.numpy()})
        with torch.no_grad():
            wanted = made.shots(frames[None], torch.tensor([length]))
            np.testing.assert_allclose(shot, wanted.numpy(), atol=1e-5)
            np.testing.assert_allclose(picture, made.frames(pictures).numpy(), atol=1e-5)
