"""Named poses with what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from contrapposto.language.conditions import Named
from contrapposto.language.parser import parse
from contrapposto.language.poses import poses


@cache
def named(name: str) -> Named:
    """A named pose. Raises KeyError where there is none of this name, QueryError where its definition cannot be
    read."""
    means = parse(poses()[name].definition).person
    assert means is not None
    return Named(name, means)


NAMED: Mapping[str, Named] = MappingProxyType({name: named(name) for name in poses()})
"""All of them, by name."""
