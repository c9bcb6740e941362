"""The command `collect objectives` and its options."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from common.cli.app import AsJson, Config, Names, Verbose


def add_objectives(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    """Give the command line its command."""

    @app.command()
    def objectives(
        names: Names = None, config: Config = None, as_json: AsJson = False, verbose: Verbose = False
    ) -> int:
        """Look once, submit nothing, and show how every scope stands to the objectives of the settings."""
        from common.cli.objectives import show_objectives  # noqa: PLC0415  a command imports its work when it runs

        return show_objectives(collectors, tuple(names or ()), config, as_json=as_json, verbose=verbose)
