"""`collect dashboards diff|push|pull|list|export|delete|audit`: the commands over a Datadog account."""

# ruff: noqa: PLC0415  a command imports its work when it runs

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from dashboards.remote.lock import LOCK

Slugs = Annotated[
    list[str] | None, typer.Argument(metavar="[SLUG]...", help="Dashboards, such as executive; all by default.")
]
Config = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings file.", show_default=False)
]
Lock = Annotated[
    Path, typer.Option("--lock", metavar="FILE", help="Which dashboard of the account is which; commit it.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Also where somebody else changed it.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 when anything differs.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Where the files go.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error.")]


def add_commands(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    """Add what talks to Datadog to the group."""
    _add_looking(app, collectors)
    _add_changing(app, collectors)
    _add_reading(app, collectors)


def _add_looking(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command("list")
    def list_dashboards(
        config: Config = None, lock: Lock = LOCK, as_json: AsJson = False, verbose: Verbose = False
    ) -> int:
        """List our dashboards in Datadog, and how each stands to what is rendered."""
        from dashboards.remote.commands import Session, show_list

        return show_list(Session.opened(collectors, config, lock, verbose=verbose), as_json=as_json)

    @app.command()
    def diff(
        slugs: Slugs = None, config: Config = None, lock: Lock = LOCK, strict: Strict = False, verbose: Verbose = False
    ) -> int:
        """Show what a push would change, without ids, times and authors."""
        from dashboards.remote.commands import Session, show_diff

        return show_diff(Session.opened(collectors, config, lock, slugs, verbose=verbose), strict=strict)

    @app.command()
    def audit(config: Config = None, as_json: AsJson = False, strict: Strict = False, verbose: Verbose = False) -> int:
        """Compare the catalogue, the dashboards and what the account received in the last day."""
        from dashboards.remote.commands import Session, show_audit

        return show_audit(Session.opened(collectors, config, LOCK, verbose=verbose), as_json=as_json, strict=strict)


def _add_changing(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def push(
        slugs: Slugs = None,
        config: Config = None,
        lock: Lock = LOCK,
        force: Force = False,
        dry_run: DryRun = False,
        verbose: Verbose = False,
    ) -> int:
        """Create or update dashboards; what was edited in the browser is left alone without --force."""
        from dashboards.remote.commands import Session, push_all

        return push_all(Session.opened(collectors, config, lock, slugs, verbose=verbose), force=force, dry=dry_run)

    @app.command()
    def delete(
        slugs: Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Dashboards of ours.")] = None,
        every: Annotated[bool, typer.Option("--all", help="Every dashboard of ours.")] = False,
        config: Config = None,
        lock: Lock = LOCK,
        force: Force = False,
        dry_run: DryRun = False,
        verbose: Verbose = False,
    ) -> int:
        """Delete dashboards of ours from Datadog."""
        from dashboards.remote.commands import Session, delete_all

        session = Session.opened(collectors, config, lock, slugs, verbose=verbose)
        return delete_all(session, every=every, force=force, dry=dry_run)


def _add_reading(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def pull(
        slugs: Annotated[list[str], typer.Argument(metavar="SLUG...", help="Dashboards of ours.")],
        out: Out = Path("build/pulled"),
        config: Config = None,
        lock: Lock = LOCK,
        dry_run: DryRun = False,
        verbose: Verbose = False,
    ) -> int:
        """Fetch dashboards as edited in the browser, as Jsonnet; the next push may then overwrite them."""
        from dashboards.remote.commands import Session, pull_all

        return pull_all(Session.opened(collectors, config, lock, slugs, verbose=verbose), out, dry=dry_run)

    @app.command()
    def export(
        out: Out = Path("build/exported"),
        every: Annotated[bool, typer.Option("--all", help="Also dashboards that are not ours.")] = False,
        config: Config = None,
        lock: Lock = LOCK,
        dry_run: DryRun = False,
        verbose: Verbose = False,
    ) -> int:
        """Save dashboards as Datadog has them, one JSON file each: a backup."""
        from dashboards.remote.commands import Session, export_all

        return export_all(Session.opened(collectors, config, lock, verbose=verbose), out, every=every, dry=dry_run)
