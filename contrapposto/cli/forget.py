"""`contrapposto forget`."""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.text import count


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@output.library_option
@click.option("--wait", is_flag=True, help="Wait while another process indexes into the library.")
def forget(paths: tuple[Path, ...], library: Path | None, wait: bool) -> None:
    """Drop PATHS (files, or folders with all that is below them) from the library; the files themselves stay.

    Folders are no longer watched by `contrapposto index`. They need not exist any more.

    \b
    Example:
      contrapposto forget /media/old-disk
    """
    from contrapposto.library import Library

    dropped = Library(library).forget(*paths, wait=wait)
    output.say(f"{count(dropped, 'file')} dropped from the library.")
