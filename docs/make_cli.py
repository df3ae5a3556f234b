"""Writes docs/cli.md from the commands themselves: python docs/make_cli.py"""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import commands


def reference() -> str:
    """The page: the help of every command, as `--help` prints it."""
    parts = ["# Commands", "", "Made by `python docs/make_cli.py` from the program itself.", ""]
    for name, command in _all(commands, "contrapposto"):
        context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
        parts += [f"## {name}", "", "```", command.get_help(context), "```", ""]
    return "\n".join(parts)


def _all(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    found = [(name, command)]
    if isinstance(command, click.Group):
        for key, inner in command.commands.items():
            found += _all(inner, f"{name} {key}")
    return found


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(reference(), encoding="utf-8")
