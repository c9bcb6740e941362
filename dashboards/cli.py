"""`collect dashboards …`: the commands and their options; the work is in the modules that each imports."""

# ruff: noqa: PLC0415  a command imports its work when it runs

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from dashboards.remote.cli import add_commands

OUT = Path("build/dashboards")


def commands(collectors: Mapping[str, str]) -> typer.Typer:
    """The group's commands over these collectors (name → dotted path)."""
    app = typer.Typer(rich_markup_mode=None)
    _add_build(app, collectors)
    add_commands(app, collectors)
    return app


def _add_build(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def build(
        out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the files go.")] = OUT,
        check: Annotated[
            bool, typer.Option("--check", help="Write nothing; exit 1 where the files are not what would be written.")
        ] = False,
    ) -> int:
        """Render the dashboards for Grafana and Datadog as JSON."""
        from common.cli.output import output
        from common.errors import ExitCode
        from dashboards.build import differences, renders, write

        files = renders(collectors)
        changed = differences(files, out) if check else write(files, out)
        output().write("".join(f"{'out of date' if check else 'wrote'}: {out / path}\n" for path in changed))
        output().write(f"{len(files)} dashboards, {len(changed)} {'out of date' if check else 'written'}\n")
        return ExitCode.FAILED if check and changed else ExitCode.OK

    @app.callback()
    def group() -> None:
        """Build dashboards, and keep Datadog's like them."""
