"""The command line. Results go to stdout, progress and remarks to stderr.

Exit status: 0 done; 1 done, but files were skipped (listed on stderr); 2 wrong use, or it could not be done;
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import io
import logging
import sys
from typing import NoReturn

import click

from contrapposto.cli import output
from contrapposto.cli.demo import demo
from contrapposto.cli.describe import describe
from contrapposto.cli.doctor import doctor
from contrapposto.cli.evaluate import evaluate
from contrapposto.cli.forget import forget
from contrapposto.cli.index import index
from contrapposto.cli.inspect import inspect
from contrapposto.cli.items import items
from contrapposto.cli.models import models
from contrapposto.cli.search import search
from contrapposto.cli.train import train
from contrapposto.errors import ContrappostoError
from contrapposto.text import printable

FAILED = 2
STOPPED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="contrapposto", prog_name="contrapposto")
def commands() -> None:
    """Find people in photos and films by how they pose.

    \b
    First steps:
      contrapposto index ~/Pictures
      contrapposto search --image me.jpg --html found.html
    """


for command in (index, search, describe, inspect, items, forget, doctor, demo, evaluate, train, models):
    commands.add_command(command)


class _Said(logging.Handler):
    """Warnings of the library, as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        output.say(f"contrapposto: {printable(record.getMessage())}")


def main() -> None:
    """Entry point of the `contrapposto` program."""
    said = _Said(logging.WARNING)
    logging.getLogger("contrapposto").addHandler(said)
    try:
        _run()
    finally:
        logging.getLogger("contrapposto").removeHandler(said)


def _run() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal's encoding lacks
    try:
        status = commands.main(prog_name="contrapposto", standalone_mode=False)
    except ContrappostoError as error:
        _fail(f"contrapposto: {printable(str(error))}", FAILED)
    except click.ClickException as error:
        error.show()
        sys.exit(FAILED)
    except click.Abort:
        _fail("contrapposto: stopped; what was done so far is kept, the same command goes on from there", STOPPED)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(text: str, status: int) -> NoReturn:
    output.say(text)
    sys.exit(status)
