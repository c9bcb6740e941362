"""`collect rules …`: the commands and their options; the work is in the modules that each imports."""

# ruff: noqa: PLC0415  a command imports its work when it runs

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from common.cli.app import Config

if TYPE_CHECKING:
    from common.settings import Settings
    from dashboards.rules.build import Expected

OUT = Path("build/rules")


def commands(collectors: Mapping[str, str]) -> typer.Typer:
    """The group's commands over these collectors (name → dotted path)."""
    app = typer.Typer(rich_markup_mode=None)
    _add_build(app, collectors)
    _add_test(app, collectors)

    @app.callback()
    def group() -> None:
        """Build and test rules, alerts and monitors."""

    return app


def _add_build(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def build(
        out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the files go.")] = OUT,
        check: Annotated[
            bool, typer.Option("--check", help="Write nothing; exit 1 where the files are not what would be written.")
        ] = False,
        dashboards: Annotated[
            str, typer.Option(metavar="URL", help="The Grafana that alerts link to.", show_default=False)
        ] = "",
        config: Config = None,
    ) -> int:
        """Render Prometheus' rules and their tests, Alertmanager's routes and Datadog's monitors.

        Collectors that the settings file names are missed, by an alert, where nothing is heard of them. Its deadline is
        what the alert on long runs is about.
        """
        from common.cli.output import output
        from common.cli.wiring import load
        from common.errors import ExitCode
        from dashboards.rules.build import rule_files
        from dashboards.rules.writing import differences, write

        settings = load(config).settings
        files = rule_files(collectors, _expected(settings), dashboards, float(settings.deadline))
        changed = differences(files, out) if check else write(files, out)
        output().write("".join(f"{'out of date' if check else 'wrote'}: {out / path}\n" for path in changed))
        output().write(f"{len(files)} files, {len(changed)} {'out of date' if check else 'written'}\n")
        return ExitCode.FAILED if check and changed else ExitCode.OK


def _add_test(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def test(
        promtool: Annotated[
            Path | None, typer.Option(metavar="PATH", help="promtool; the one on PATH by default.", show_default=False)
        ] = None,
        amtool: Annotated[
            Path | None, typer.Option(metavar="PATH", help="amtool; the one on PATH by default.", show_default=False)
        ] = None,
    ) -> int:
        """Hold the rendered rules against promtool's lint and unit tests, and the routes against amtool."""
        from common.cli.output import output
        from common.errors import ExitCode
        from dashboards.rules.build import rule_files
        from dashboards.rules.testing import check, tool

        tools = tool("promtool", promtool, "--promtool"), tool("amtool", amtool, "--amtool")
        failed = check(rule_files(collectors), *tools, output().write)
        output().write(f"{failed} checks failed\n" if failed else "all checks passed\n")
        return ExitCode.FAILED if failed else ExitCode.OK


def _expected(settings: Settings) -> tuple[Expected, ...]:
    from dashboards.rules.build import Expected

    return tuple(Expected(settings.instance, name) for name in settings.collectors)
