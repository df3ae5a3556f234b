"""`contrapposto doctor`."""

from __future__ import annotations

from pathlib import Path

import click

from contrapposto.cli import output
from contrapposto.errors import ContrappostoError
from contrapposto.text import path_text, printable

PROBLEMS = 1


@click.command()
@output.library_option
@click.option("--repair", is_flag=True, help="Go back to the last good rows of a damaged library, and tidy up.")
@click.option("--wait", is_flag=True, help="With --repair: wait while another process indexes into the library.")
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor(library: Path | None, repair: bool, wait: bool, as_json: bool) -> None:
    """Check the program and the library: packages, weights, space on the disk, every row of every table.

    Each check is a line: ok, note (nothing is wrong) or problem, with what to do. The status is 1 when there is a
    problem. A damaged library is read at its last good commit until --repair, or the next `index`, makes that the
    newest; `index` then finds again what was lost. What was damaged is moved aside, photos are never touched.

    \b
    Examples:
      contrapposto doctor
      contrapposto doctor --repair --library team.library
    """
    from contrapposto.cli import checks
    from contrapposto.library import TABLES, Library

    asked = Library(library)
    found = list(checks.program())
    if repair and (asked.folder / TABLES).is_dir():
        try:
            said = asked.repair(wait=wait)
            restored = "the last good rows are the newest now; contrapposto index finds again what was lost"
            found.append(checks.Check("repair", "ok", restored if said else "nothing was damaged"))
        except ContrappostoError as error:
            found.append(checks.Check("repair", "problem", str(error)))
    found += checks.library(asked.folder)
    problems = sum(check.status == "problem" for check in found)
    if as_json:
        rows = [{"name": check.name, "status": check.status, "text": printable(check.text)} for check in found]
        output.print_json({"library": path_text(asked.folder), "ok": not problems, "checks": rows})
    else:
        for check in found:
            click.echo(f"{check.status:<8} {check.name:<16} {printable(check.text)}")
    if problems:
        raise SystemExit(PROBLEMS)
