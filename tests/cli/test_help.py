"""Help, the list of models, and the group itself."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from contrapposto import weights
from contrapposto.cli import commands
from contrapposto.poses import DEFAULT_ESTIMATOR
from tests.cli.conftest import Program


def tree(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from tree(inner, *path, name)
    else:
        yield path, command


def test_the_commands() -> None:
    assert {path for path, _ in tree(commands)} == {
        ("index",),
        ("search",),
        ("describe",),
        ("inspect",),
        ("forget",),
        ("items", "add"),
        ("items", "list"),
        ("items", "remove"),
        ("demo",),
        ("doctor",),
        ("train", "deeppose"),
        ("train", "default"),
        ("train", "heatmap"),
        ("train", "image-to-video"),
        ("train", "lifting"),
        ("train", "log-ratio"),
        ("train", "mori"),
        ("train", "partial"),
        ("train", "thin-slicing"),
        ("train", "view-invariant"),
        ("evaluate", "cross-view"),
        ("evaluate", "image-to-video"),
        ("evaluate", "joints3d"),
        ("evaluate", "language"),
        ("evaluate", "match"),
        ("evaluate", "moments"),
        ("evaluate", "keypoints"),
        ("evaluate", "posebits"),
        ("evaluate", "retrieval"),
        ("evaluate", "shots"),
        ("evaluate", "tracks"),
        ("evaluate", "words"),
        ("models", "list"),
        ("models", "fetch"),
    }


@pytest.mark.parametrize("path", [path for path, _ in tree(commands)], ids=" ".join)
def test_help_of_every_command_holds_an_example(path: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        result = CliRunner().invoke(commands, [*path, flag])
        assert result.exit_code == 0
        before, heading, examples = result.output.partition("Example")
        assert heading, "no example"
        assert f"  contrapposto {' '.join(path)}" in examples
        assert len(before) > 60


def test_examples_use_options_that_exist() -> None:
    for path, command in tree(commands):
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        for line in (command.help or "").splitlines():
            words = line.split()
            if words[:1] == ["contrapposto"]:
                assert tuple(words[1 : 1 + len(path)]) == path, line
                used = {word for word in words if word.startswith("-")}
                assert used <= known, line


def test_every_option_has_help() -> None:
    for path, command in tree(commands):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (path, parameter.name)


@pytest.mark.parametrize("command", ["index", "describe", "inspect"])
def test_help_names_the_default_estimator(program: Program, command: str) -> None:
    shown = " ".join(program(command, "--help").out.split())
    assert f"[default: {DEFAULT_ESTIMATOR}]" in shown


def test_group_and_version(program: Program) -> None:
    shown = program("--help")
    assert shown.status == 0
    assert "First steps:" in shown.out
    assert program("--version").out.startswith("contrapposto, version ")
    assert program().status == 2
    wrong = program("--colour")
    assert wrong.status == 2
    assert "No such option" in wrong.err


def test_models_list(program: Program) -> None:
    outcome = program("models", "list", "--json")
    assert outcome.status == 0
    rows = {row["name"]: row for row in outcome.json}
    assert list(rows) == weights.names()
    assert {"movenet-multipose", "movenet-thunder", "nanodet"} <= set(rows)
    for name, row in rows.items():
        assert row["identity"] == weights.identity(name)
        assert row["licence"]
        assert (row["size"] is not None) == row["cached"]
    text = program("models", "list")
    assert len(text.out.splitlines()) == len(rows)
    assert "kept in " in text.err


def test_models_fetch_of_an_unknown_name(program: Program) -> None:
    outcome = program("models", "fetch", "movenet-hundred")
    assert (outcome.status, outcome.out) == (2, "")
    assert "movenet-hundred" in outcome.err
