"""What is said of a part, for each of its sides, before it is known of which sides it must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from contrapposto.language.conditions import Condition, every, negated, some
from contrapposto.language.nouns import EACH, EITHER, NONE, ONE, ONLY, TURNED

Join = Callable[[Sequence[Condition]], Condition]


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """conditions: by side, what is said of it; how: of which sides it must hold (`nouns`); asked: the sides that
    are named; topic: claims of one number are about one and the same part, the same hand."""

    conditions: Mapping[str, Condition]
    how: str
    asked: tuple[str, ...]
    topic: int


Node = Claim | Condition


def settled(node: Node) -> Condition:
    """What must hold."""
    if not isinstance(node, Claim):
        return node
    asked = [node.conditions[side] for side in node.asked]
    if node.how == NONE:
        return every([negated(condition) for condition in asked])
    if node.how == EITHER:
        return some(asked)
    if node.how in (ONE, ONLY):
        alone = [
            every([node.conditions[side], negated(node.conditions[TURNED[side]])])
            if TURNED[side]
            else node.conditions[side]
            for side in node.asked
        ]
        return some(alone)
    return every(asked)


def joined(nodes: Sequence[Node], join: Join) -> Node:
    """Several at once. What is said twice of "one hand" is said of the same hand."""
    kept: list[Node] = []
    for node in nodes:
        last = kept[-1] if kept else None
        if (
            isinstance(node, Claim)
            and isinstance(last, Claim)
            and node.topic == last.topic
            and node.how == last.how
            and node.how != EACH
        ):
            both = {side: join([last.conditions[side], node.conditions[side]]) for side in node.conditions}
            kept[-1] = replace(last, conditions=both)
        else:
            kept.append(node)
    return kept[0] if len(kept) == 1 else join([settled(node) for node in kept])
