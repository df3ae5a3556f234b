"""The command line. Results go to stdout, progress and remarks to stderr.

Exit status: 0 done; 1 done, but files were skipped (listed on stderr); 2 wrong use, or it could not be done.
"""

from __future__ import annotations

import sys

import click

from contrapposto.cli.demo import demo
from contrapposto.cli.describe import describe
from contrapposto.cli.evaluate import evaluate
from contrapposto.cli.index import index
from contrapposto.cli.models import models
from contrapposto.cli.search import search
from contrapposto.errors import ContrappostoError

FAILED = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="contrapposto", prog_name="contrapposto")
def commands() -> None:
    """Find people in photos by how they pose.

    \b
    First steps:
      contrapposto index ~/Pictures
      contrapposto search --image me.jpg --html found.html
    """


for command in (index, search, describe, demo, evaluate, models):
    commands.add_command(command)


def main() -> None:
    """Entry point of the `contrapposto` program."""
    try:
        commands(prog_name="contrapposto")
    except ContrappostoError as error:
        print(f"contrapposto: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        sys.exit(0)
