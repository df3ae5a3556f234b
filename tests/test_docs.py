"""The pages say what the program does: help text, commands, links and the picture are checked against the code."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import click
import pytest

from contrapposto.cli import commands
from contrapposto.distances import METRICS
from contrapposto.search import where
from contrapposto.skeleton import GROUPS
from contrapposto.weights import names

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def script(name: str) -> ModuleType:
    """A script of docs/, imported from its file."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown_commands() -> list[tuple[str, str]]:
    """(page, command line) of every `contrapposto ...` in a code block, a table or the text of a page."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = re.findall(r"^ *(contrapposto [a-z].*)$", text, re.M) + re.findall(
            r"`(contrapposto [a-z][^`]*)`", text
        )
        found += [(page.name, line) for line in lines]
    return found


def parsed(line: str) -> click.Context:
    """The context that a command line makes, without running it. Raises click.UsageError."""
    words = shlex.split(line.replace("…", ""), comments=True)[1:]
    command: click.Command = commands
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    if isinstance(command, click.Group) and words:
        raise click.UsageError(f"no such command: {words[0]}")
    # click keeps the help option of a command that it makes first: with the names that the program gives it
    names = commands.context_settings["help_option_names"]
    return command.make_context(
        line, words, help_option_names=names, resilient_parsing=isinstance(command, click.Group)
    )


def test_help_page_is_what_the_program_prints() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == script("make_cli").reference(), "run: python docs/make_cli.py"


def test_picture_is_what_its_script_draws() -> None:
    drawn = (ROOT / "docs" / "picture.svg").read_text(encoding="utf-8")
    assert drawn == script("make_picture").picture(), "run: python docs/make_picture.py"


def test_many_commands_are_shown() -> None:
    assert len(shown_commands()) > 30


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_every_command_shown_is_understood(page: str, line: str) -> None:
    try:
        parsed(line)
    except click.UsageError as error:
        pytest.fail(f"{page}: {line}: {error.format_message()}")


def test_a_wrong_command_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed("contrapposto search --imgae me.jpg")
    with pytest.raises(click.UsageError):
        parsed("contrapposto serch --image me.jpg")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not re.match(r"https?:", target):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_stage_page_is_listed() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_words_of_the_query_language_are_documented() -> None:
    page = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    for word in (*GROUPS, *where.FIELDS):
        assert re.search(rf"\b{word}\b", page), word
    distances = (ROOT / "docs" / "distances.md").read_text(encoding="utf-8")
    for metric in METRICS:
        assert f"--metric {metric}" in distances, metric


def test_every_network_is_documented() -> None:
    page = (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")
    for name in names():
        assert name in page, name
