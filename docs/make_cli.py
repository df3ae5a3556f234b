"""Writes docs/cli.md from the commands themselves: python docs/make_cli.py"""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import commands


def reference() -> str:
    """The page: the help of every command, as `--help` prints it."""
    parts = ["# Commands", "", "Made by `python docs/make_cli.py` from the program itself.", ""]
    for context in _contexts(commands, None):
        parts += [f"## {context.command_path}", "", "```", context.get_help(), "```", ""]
    return "\n".join(parts)


def _contexts(command: click.Command, parent: click.Context | None) -> list[click.Context]:
    """The command's context and those of its subcommands, as the program makes them."""
    name = command.name if parent else "contrapposto"
    context = click.Context(command, parent, name, terminal_width=100, **command.context_settings)
    found = [context]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            found += _contexts(inner, context)
    return found


if __name__ == "__main__":
    Path(__file__).with_name("cli.md").write_text(reference(), encoding="utf-8")
