"""The language stream, origin masks, and the network that makes queries of conditions: shapes and formulas."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from contrapposto.networks.condition_query import LEAST, ConditionQuery, PartialNetwork, as_set  # noqa: E402
from contrapposto.networks.language_stream import LanguageStream, head_of  # noqa: E402
from contrapposto.networks.origin_mask import OriginMasks  # noqa: E402


def head() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))


def test_the_language_stream_ends_in_the_head_which_stays_as_it_is() -> None:
    network = LanguageStream(head(), bits=9, features=6)
    network.eval()
    given = torch.randn(3, 9)
    found = network(given)
    features = torch.relu(given @ network.enter.weight.T + network.enter.bias)
    expected = head()(features)
    torch.testing.assert_close(found, expected / expected.norm(dim=1, keepdim=True))
    found.sum().backward()
    assert all(parameter.grad is None for parameter in network.head.parameters())
    assert network.enter.weight.grad is not None
    assert network(torch.zeros(0, 9)).shape == (0, 4)


def test_a_head_is_built_from_its_state_dict() -> None:
    made = head_of(head().state_dict())
    given = torch.randn(2, 6)
    torch.testing.assert_close(made(given), head()(given))
    state = dict(head().state_dict())
    state["2.weight"] = torch.zeros(4, 7)
    with pytest.raises(ValueError, match="do not follow"):
        head_of(state)
    with pytest.raises(ValueError, match="no state dict"):
        head_of({"0.weight": torch.zeros(3, 2), "1.bias": torch.zeros(3)})


def test_masks_begin_as_ones_and_are_distances_from_the_origin() -> None:
    network = OriginMasks(2, 3)
    embeddings = torch.randn(2, 5, 3)
    torch.testing.assert_close(network(embeddings), embeddings.norm(dim=2))
    with torch.no_grad():
        network.masks.copy_(torch.randn(2, 3))
    masks = network.masks.detach()
    naive = [[float((person * masks[q]).norm()) for person in embeddings[q]] for q in range(2)]
    np.testing.assert_allclose(network(embeddings).detach().numpy(), naive, rtol=1e-5)
    network(torch.zeros(2, 1, 3)).sum().backward()
    assert bool(torch.isfinite(network.masks.grad).all())


@pytest.mark.parametrize("hidden", [0, 7])
def test_scores_are_the_offset_less_the_weighted_distance(hidden: int) -> None:
    torch.manual_seed(1)
    network = ConditionQuery(8, 3, hidden)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    network.eval()
    sets, people = (torch.rand(4, 8) < 0.4).float(), torch.randn(5, 3)
    weights, centres, offsets = (part.detach() for part in network(sets))
    assert float(weights.min()) >= LEAST
    naive = [
        [float(offsets[s] - (weights[s] * (person - centres[s]) ** 2).sum()) for person in people] for s in range(4)
    ]
    np.testing.assert_allclose(network.scores(sets, people).detach().numpy(), naive, rtol=1e-4, atol=1e-4)


def test_conditions_are_columns_of_their_value() -> None:
    rows, values = torch.tensor([[1, 2], [0, -1]]), torch.tensor([[True, False], [False, True]])
    assert as_set(rows, values, 3).tolist() == [[0, 1, 0, 0, 0, 1], [0, 0, 0, 1, 0, 0]]


def test_the_whole_adds_up_masks_and_gives_the_statistics() -> None:
    whole = PartialNetwork(
        ConditionQuery(4, 3), torch.arange(12.0).reshape(4, 3), torch.ones(1, 2), torch.eye(2), torch.ones(1, 4)
    )
    found = whole(torch.tensor([[1.0, 0, 0, 1]]))
    assert found[3].tolist() == [[9, 11, 13]]
    assert found[4].tolist() == [[1, 1]]
    assert found[5].tolist() == [[1, 0], [0, 1]]
    assert found[6].tolist() == [[1, 1, 1, 1]]
