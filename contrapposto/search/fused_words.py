"""How surely people meet conditions, by their posebits and their image embeddings together (`docs/partial.md`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto.language.conditions import FLOOR, UNKNOWN, All, Bit, Condition, Either, bits, pushed
from contrapposto.posebits.table import Posebit

Array = NDArray[np.float64]

Chance = Callable[[Posebit], Array]
"""(N,) chance that a row is true of people, 0..1, NaN where unknown."""

LogOdds = Callable[[Sequence[Bit]], Array]
"""(N,) log-odds that people meet a set of learned posebits, by their embeddings; NaN without an embedding."""

Learned = Callable[[Bit], bool]
"""Whether a posebit can be asked of embeddings."""

SHARE = 0.3
"""Weight of the log-odds by embedding; posebits have the rest. Chosen on the split `val` of `lspe`."""


def fused_probability(
    condition: Condition, chance: Chance, log_odds: LogOdds, learned: Learned, share: float = SHARE
) -> Array:
    """(N,) how surely N people meet a condition, 0..1, as `conditions.probability`; but of posebits that must all
    hold, the log-odds of their product are averaged with those by embedding of all of them at once. People without
    an embedding are judged by posebits alone; NaN where no posebit is known."""
    plain = pushed(condition)
    known = np.any([np.isfinite(chance(bit.row)) for bit in bits(plain)], axis=0)
    return np.where(known, _fused(plain, chance, log_odds, learned, share), np.nan)


def together(chances: Array, log_odds: Array, share: float) -> Array:
    """(N,) chances 0..1 whose log-odds are `share` of the given ones and the rest of those of `chances`. Where
    either is NaN, `chances` as they are."""
    sure = np.clip(chances, 1e-6, 1 - 1e-6)
    own = np.log(sure / (1 - sure))
    mixed = np.clip((1 - share) * own + share * log_odds, -60, 60)
    return np.where(np.isfinite(mixed), 1 / (1 + np.exp(-mixed)), chances)


def _fused(plain: Condition, chance: Chance, log_odds: LogOdds, learned: Learned, share: float) -> Array:
    if isinstance(plain, Either):
        best: Array = np.max([_fused(part, chance, log_odds, learned, share) for part in plain.parts], axis=0)
        return best
    parts = plain.parts if isinstance(plain, All) else (plain,)
    least = FLOOR if len(parts) > 1 else 0.0
    asked = [part for part in parts if isinstance(part, Bit)]
    heard = [bit for bit in asked if learned(bit)]
    deaf = [bit for bit in asked if not learned(bit)]
    factors = [_fused(part, chance, log_odds, learned, share) for part in parts if part not in asked]
    factors = [np.maximum(factor, least) for factor in [*factors, *(_chance(bit, chance) for bit in deaf)]]
    if heard:
        product = np.prod([np.maximum(_chance(bit, chance), least) for bit in heard], axis=0)
        factors.append(together(product, log_odds(heard), share))
    whole: Array = np.prod(factors, axis=0)
    return whole


def _chance(bit: Bit, chance: Chance) -> Array:
    """(N,) as `conditions.probability` of one posebit."""
    value = chance(bit.row)
    return np.where(np.isfinite(value), value if bit.value else 1 - value, UNKNOWN)
