"""Masked Hamming distances of posebytes against a count bit by bit, with unknown bits and many shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.posebits.answers import pack
from contrapposto.posebits.table import POSEBITS
from contrapposto.scan import posebytes as module
from contrapposto.scan.posebytes import masked_hamming, posebyte_distances

Bits = NDArray[np.bool_]
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
BITS = len(POSEBITS)


@pytest.fixture(params=["numpy", "compiled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(module, "FEW", 1 if request.param == "compiled" else 10**9)
    monkeypatch.setattr(module, "AFTER", 0)
    return str(request.param)


def people(seed: int, count: int) -> tuple[Bits, Bits]:
    """(N, R) true, known."""
    random = np.random.default_rng(seed)
    return random.random((count, BITS)) < 0.4, random.random((count, BITS)) < 0.8


def asked(seed: int, count: int) -> tuple[Bits, Bits]:
    """(R,) which bits are asked to be true, and to be false."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(BITS)[:count]
    true, false = np.zeros(BITS, bool), np.zeros(BITS, bool)
    true[chosen[: count // 2]], false[chosen[count // 2 :]] = True, True
    return true, false


def words(bits: Bits) -> NDArray[np.uint64]:
    """(W,) of (R,), one bit after the other."""
    found = [0] * (-(-BITS // 64))
    for number in np.flatnonzero(bits):
        found[number // 64] |= 1 << int(number % 64)
    return np.array(found, np.uint64)


def one_by_one(true: Bits, known: Bits, for_true: Bits, for_false: Bits) -> tuple[list[int], list[int]]:
    unmet, unknown = [], []
    for person in range(len(true)):
        wrong = open_ = 0
        for bit in range(BITS):
            if for_true[bit] or for_false[bit]:
                open_ += not known[person, bit]
                wrong += bool(known[person, bit] and true[person, bit] != for_true[bit])
        unmet.append(wrong)
        unknown.append(open_)
    return unmet, unknown


@few
@given(
    seed=st.integers(0, 2**32 - 1),
    conditions=st.integers(0, BITS),
    columns=st.booleans(),
    threads=st.integers(1, 3),
)
@pytest.mark.usefixtures("way")
def test_counts_are_those_of_every_bit(seed: int, conditions: int, columns: bool, threads: int) -> None:
    true, known = people(seed, 20)
    for_true, for_false = asked(seed + 1, conditions)
    packed = pack(true, known)
    counts = masked_hamming(
        np.asfortranarray(packed) if columns else packed, words(for_true), words(for_false), threads
    )
    unmet, unknown = one_by_one(true, known, for_true, for_false)
    assert counts.unmet.tolist() == unmet
    assert counts.unknown.tolist() == unknown


@pytest.mark.usefixtures("way")
def test_one_condition_by_hand() -> None:
    true = np.zeros((3, BITS), bool)
    true[0, 70] = True
    known = np.ones((3, BITS), bool)
    known[2, 70] = False
    packed = pack(true, known)
    bit = np.zeros(BITS, bool)
    bit[70] = True
    nothing = np.zeros(BITS, bool)
    assert masked_hamming(packed, words(bit), words(nothing)).unmet.tolist() == [0, 1, 0]
    assert masked_hamming(packed, words(nothing), words(bit)).unmet.tolist() == [1, 0, 0]
    assert masked_hamming(packed, words(bit), words(nothing)).unknown.tolist() == [0, 0, 1]


def test_machine_code_past_one_block_equals_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    true = random.integers(0, 2**64, (10_001, 5), dtype=np.uint64)
    false = random.integers(0, 2**64, (10_001, 5), dtype=np.uint64) & ~true
    packed = np.concatenate([true, false], axis=1)
    for_true, for_false = (words(bits) for bits in asked(1, 40))
    plain = masked_hamming(packed, for_true, for_false)
    monkeypatch.setattr(module, "FEW", 1)
    monkeypatch.setattr(module, "AFTER", 0)
    for threads in (1, 2):
        found = masked_hamming(packed, for_true, for_false, threads)
        np.testing.assert_array_equal(found.unmet, plain.unmet)
        np.testing.assert_array_equal(found.unknown, plain.unknown)
    assert plain.unmet.max() > 20


def test_the_doubled_bits_form_gives_the_same() -> None:
    """Codes [b, not b], query [q and m, not q and m]: twice the masked distance plus the ignored bits."""
    true, _ = people(3, 50)
    for_true, for_false = asked(4, 9)
    plain = np.concatenate([true, ~true], axis=1)
    doubled = (plain != np.concatenate([for_true, for_false])).sum(axis=1)
    counts = masked_hamming(pack(true, np.ones_like(true)), words(for_true), words(for_false))
    assert (doubled == 2 * counts.unmet + BITS - 9).all()
    assert not counts.unknown.any()


def test_distance_of_two_posebytes_by_hand() -> None:
    true, known = np.zeros((4, BITS), bool), np.zeros((4, BITS), bool)
    known[:, :8] = True
    true[1, :2] = True  # differs in 2 of 8
    known[2, 4:8] = False
    true[2, 0] = True  # differs in 1 of 4
    known[3] = False
    packed = pack(true, known)
    assert posebyte_distances(packed[0], packed, least_shared=4)[:3].tolist() == [0.0, 0.25, 0.25]
    assert math.isnan(posebyte_distances(packed[0], packed, least_shared=0)[3])
    assert np.isnan(posebyte_distances(packed[0], packed, least_shared=5)).tolist() == [False, False, True, True]


@few
@given(seed=st.integers(0, 2**32 - 1))
def test_the_distance_is_the_same_both_ways(seed: int) -> None:
    packed = pack(*people(seed, 6))
    for first in packed:
        there = posebyte_distances(first, packed)
        back = [posebyte_distances(other, first[None])[0] for other in packed]
        np.testing.assert_array_equal(there, back)


def test_nobody_and_nothing_asked() -> None:
    packed = pack(*people(0, 3))
    nothing = np.zeros(packed.shape[1] // 2, np.uint64)
    assert masked_hamming(packed[:0], nothing, nothing).unmet.shape == (0,)
    assert masked_hamming(packed, nothing, nothing).unmet.tolist() == [0, 0, 0]


def test_what_makes_no_sense_is_refused() -> None:
    packed = pack(*people(0, 3))
    half = packed.shape[1] // 2
    some = np.full(half, 3, np.uint64)
    with pytest.raises(ValueError, match="asked to be true and to be false"):
        masked_hamming(packed, some, some)
    with pytest.raises(ValueError, match="words"):
        masked_hamming(packed, some[:1], some)
    with pytest.raises(ValueError, match="shape"):
        masked_hamming(packed[0], some, some)
