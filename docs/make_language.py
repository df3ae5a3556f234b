"""Writes docs/language.md from the tables of the language: python docs/make_language.py"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from contrapposto.errors import QueryError
from contrapposto.language.counts import GROUPS, MOST
from contrapposto.language.lexicon import relations_by_name
from contrapposto.language.named import NAMED
from contrapposto.language.parser import DEEPEST, LONGEST, parse
from contrapposto.language.poses import poses
from contrapposto.language.scenes import RELATIONS
from contrapposto.language.tokens import table
from contrapposto.language.wording import understood, words_of
from contrapposto.posebits.table import POSEBITS

EXAMPLES = (
    "left hand above the head, right hand on the hip",
    "both knees strongly bent and torso upright",
    "one arm raised, the other lowered",
    "hands on hips or arms crossed",
    "a dancer in an arabesque, facing left",
    "kneeling on one knee with both hands on the left knee",
    "left elbow more bent than the right",
    "neither sitting nor lying",
    "three people with raised arms",
    "two people facing each other",
)

REFUSED = (
    "left elbo bent",
    "sitting on a horse",
    "left hand above the left foot",
    "left elbow bent and straight",
    "strongly raised arms",
)

HEAD = f"""# The language of poses

Made by `python docs/make_language.py` from the tables of the program itself.

`contrapposto search "left hand above the head"` finds people by what is said of them; [words.md](words.md) says how
they are scored. This page is all that the language knows. What it does not know is an error that quotes the words
and offers the nearest; nothing is left out silently. The program prints back what it understood, in words that can
be typed again.

A text has at most {LONGEST:,} characters. Small and capital letters are the same. Left and right are the person's
own; "in the picture" makes them the picture's, where a row of the table says so.
"""

GRAMMAR = f"""## How a text is built

A text is made of clauses. A clause is a named pose ("kneeling"), something of the whole person ("leaning forward",
"seen from behind"), or something of a part of the body: a part and what is said of it ("left elbow bent", "hands on
hips"). Adjectives may stand before the part ("raised left arm").

| | |
|---|---|
| `,` `;` `.` with, while, but | all of them must hold; binds loosest |
| or | at least one must hold; binds tighter than a comma |
| and, or no word at all | both must hold; binds tighter than "or" |
| not, without, no, neither … nor | must not hold; binds tightest; "hands not raised": each of them not |
| ( ) | group; at most {DEEPEST} inside each other |

A part carries over ("left hand above the head and in front of the body", "left arm raised, right lowered"), and so
do a relation ("near the head or the neck"), a predicate ("left elbow and right knee bent") and a side ("left elbow
and knee bent").

Which side is meant:

| | |
|---|---|
| left hand, the right one | that one |
| hands, both hands, left and right hand | each of the two |
| a hand, one hand, either hand, at least one hand, hand | at least one of the two |
| no hand, neither hand | none of the two |
| only the left hand | the left one, and the right one not |
| exactly one hand, only one hand | one, and the other not |
| the other hand | after "left hand" the right one; after "one hand" that which the first is not |

The second part of a relation goes by the side of the first where none is said ("hands on hips": each on its own);
"the other", "the opposite" turn it round. What is said twice of "one hand" is said of the same hand.

How much: "strongly" (very, sharply, deeply, fully, far, wide) asks for the stronger row of the same measure,
"slightly" (a little, somewhat, barely) for the row and not the stronger one. There are such rows of bent, apart,
leaning and of the turned head. With other words they are an error.

In films: "then", "and then", "followed by" and "after that" join what one person does one after the other, each
side a text of its own; "within 2 s" (seconds, minutes) in a later one is the most time in between
([films.md](films.md)).

Conditions that leave no room for what is measured ("left elbow bent and straight") are an error that names both.
"""


def page() -> str:
    """The page, from the tables."""
    parts = [HEAD, "## Examples\n", *_examples(), GRAMMAR, *_people(), *_parts(), *_relations(), *_states()]
    parts += [*_whole(), *_poses(), *_rows(), *_words()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _listed(words: str) -> str:
    return ", ".join(filter(None, words.split("/")))


def _examples() -> Iterator[str]:
    yield _table(("text", "understood as"), ((text, understood(parse(text))) for text in EXAMPLES))
    yield _table(("text", "error"), ((text, _error(text)) for text in REFUSED))


def _error(text: str) -> str:
    try:
        return understood(parse(text))
    except QueryError as error:
        return str(error)


def _people() -> Iterator[str]:
    yield "## How many people\n"
    groups = ", ".join(f"{word} ({number})" for word, number in GROUPS.items())
    yield f"""\
"two people", "at least two people": at least so many in the picture, each of whom meets what else is said; "exactly
two people", "only two people": not more. Numbers are words up to ten, or digits up to {MOST:,}. At least so many:
{groups}. "alone", "one person": nobody else is found.
"""
    yield 'How two people stand to each other ("two people facing each other"):\n'
    yield _table(("relation", "words"), ((row["relation"], _listed(row["words"])) for row in table("scenes.csv")))
    assert set(RELATIONS) == {row["relation"] for row in table("scenes.csv")}


def _parts() -> Iterator[str]:
    yield "## Parts of the body\n"
    rows = (
        (row["part"], _listed(row["one"]), _listed(row["many"]), "left, right" if row["sides"] == "yes" else "")
        for row in table("parts.csv")
    )
    yield _table(("part", "words", "both", "sides"), rows)


def _relations() -> Iterator[str]:
    yield "## Relations of two parts\n"
    yield """\
Which parts can stand in a relation, says the table of rows below; an arm stands for its hand there, a leg for its
foot. Above and below are meant in the picture; "along the body" asks for the person's own up and down.
"""
    relations = relations_by_name()
    rows = (
        (row["relation"], _listed(row["words"]), relations[row["relation"]].opposite)
        for row in table("relations.csv")
    )
    yield _table(("relation", "words", "opposite"), rows)


def _states() -> Iterator[str]:
    yield "## States of parts\n"
    yield 'Beside the words of the rows below. "own" is the side that is meant, "other" the other one.\n'
    rows = (
        (_listed(row["of"]), _listed(row["words"]), _meaning(row["meaning"]))
        for row in table("states.csv")
        if row["of"]
    )
    yield _table(("of", "words", "rows"), rows)


def _whole() -> Iterator[str]:
    yield "## Of the whole person, and the view\n"
    rows = ((_listed(row["words"]), _meaning(row["meaning"])) for row in table("states.csv") if not row["of"])
    yield _table(("words", "rows"), rows)


def _meaning(meaning: str) -> str:
    return f"`{meaning}`".replace(" | ", "` or `").replace(" & ", "` and `").replace("`!", "not `")


def _poses() -> Iterator[str]:
    yield "## Named poses\n"
    yield """\
A new one is a line of `contrapposto/language/poses.csv`, defined in the language itself; "own" in a definition
stands for either side.
"""
    rows = (
        (name, ", ".join(pose.synonyms), words_of(NAMED[name].means).replace("|", "/"))
        for name, pose in poses().items()
    )
    yield _table(("name", "also", "means"), rows)


def _rows() -> Iterator[str]:
    yield "## Rows of the table of posebits\n"
    yield "The base of all: each row's words and their denial are in the language. Both sides have each row.\n"
    rows = ((row.words, row.denial, f"`{row.name}`") for row in POSEBITS if not _is_right(row.name))
    yield _table(("words", "denial", "row"), rows)


def _is_right(name: str) -> bool:
    turned = name.replace("left", "#").replace("right", "left").replace("#", "right")
    names = [row.name for row in POSEBITS]
    return turned != name and turned in names and names.index(turned) < names.index(name)


def _words() -> Iterator[str]:
    yield "## Single words\n"
    yield "Words that mean the same as another, and words that mean nothing here.\n"
    rows = ((row["means"] or "(nothing)", ", ".join(row["words"].split())) for row in table("words.csv"))
    yield _table(("means", "words"), rows)


if __name__ == "__main__":
    Path(__file__).with_name("language.md").write_text(page(), encoding="utf-8")
