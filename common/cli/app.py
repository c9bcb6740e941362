"""The commands and their options: words only, the work is in the modules that each imports."""

# ruff: noqa: PLC0415  a command imports its work when it runs

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from common.cli import RUN, DefaultToRun

Config = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings file.", show_default=False)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on standard error, and show health metrics.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Collectors to run; all by default.")]
WindowOption = Annotated[
    str | None, typer.Option(metavar="7d", help="How far back statistics look.", show_default=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")]

HELP = """Look once at a source, compute its metrics, and show or submit them.

`collect [NAME]...` runs the collectors of the settings file, or `git` over this folder where there is none.
It shows what it found (a dry run) unless `--push` is given. `collect run --help` lists the options of a run.

Exit codes: 0 success or partial, 1 failed, 2 settings, 3 deadline, 130 or 143 stopped by a signal.
"""


def build_app(collectors: Mapping[str, str], demo: str = "") -> typer.Typer:
    """The command line over these collectors (name → dotted path), with `demo` where its dotted path is given."""
    from common.cli.objectives_app import add_objectives

    app = typer.Typer(
        cls=DefaultToRun, help=HELP, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
    )
    _add_run(app, collectors)
    _add_explain(app, collectors)
    _add_lists(app, collectors)
    _add_sink_commands(app, collectors)
    _add_ledger(app)
    _add_backfill(app, collectors)
    add_objectives(app, collectors)
    if demo:
        _add_demo(app, collectors, demo)
    return app


def _add_run(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.callback(invoke_without_command=True)
    def root(
        version: Annotated[bool, typer.Option("--version", help="Print the release and end.")] = False,
    ) -> None:
        if version:
            from common.cli.wiring import release

            typer.echo(release())
            raise typer.Exit

    @app.command(RUN)
    def run(
        names: Names = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and submit nothing (the default).")] = False,
        push: Annotated[bool, typer.Option("--push", help="Submit to the sinks.")] = False,
        window: WindowOption = None,
        as_json: AsJson = False,
        config: Config = None,
        only: Annotated[str, typer.Option(metavar="GLOB", help="Compute only metrics whose name matches.")] = "*",
        shard: Annotated[
            str | None, typer.Option(metavar="I/N", help="Look at every N-th scope, I from 0.", show_default=False)
        ] = None,
        deadline: Annotated[
            str | None, typer.Option(metavar="10m", help="End after this time.", show_default=False)
        ] = None,
        strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when anything is missing.")] = False,
        verbose: Verbose = False,
    ) -> int:
        """Look once and show what was found, or submit it with --push. This is the default command."""
        from common.cli.running import RunOptions, run_collectors

        options = RunOptions(
            names=tuple(names or ()),
            dry_run=dry_run,
            push=push,
            window=window,
            as_json=as_json,
            config=config,
            only=only,
            shard=shard,
            deadline=deadline,
            strict=strict,
            verbose=verbose,
        )
        return run_collectors(collectors, options)


def _add_explain(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def explain(
        metric: Annotated[str, typer.Argument(help="A metric's name, such as git.commit.revert.")],
        scope: Annotated[str | None, typer.Option(metavar="NAME", help="Only this scope.", show_default=False)] = None,
        window: WindowOption = None,
        limit: Annotated[int, typer.Option(min=1, help="Most records to list for each scope.")] = 50,
        as_json: AsJson = False,
        config: Config = None,
        verbose: Verbose = False,
    ) -> int:
        """Show a metric's definition and the records behind its number."""
        from common.cli.explaining import ExplainOptions, explain_metric

        options = ExplainOptions(metric, scope, window, limit, as_json, config, verbose)
        return explain_metric(collectors, options)


def _add_lists(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command("list")
    def list_collectors(config: Config = None, as_json: AsJson = False) -> int:
        """List the collectors, and which of them the settings use."""
        from common.cli.listing import show_collectors

        return show_collectors(collectors, config, as_json=as_json)

    @app.command("metrics")
    def list_metrics(names: Names = None, as_json: AsJson = False) -> int:
        """List the catalogue: every metric with its kind, unit, tags and meaning."""
        from common.cli.listing import show_metrics

        return show_metrics(collectors, tuple(names or ()), as_json=as_json)

    @app.command()
    def check(names: Names = None, config: Config = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
        """Try every setting, credential and address, and say what to do about what does not work."""
        from common.cli.checking import run_checks

        return run_checks(collectors, tuple(names or ()), config, as_json=as_json, verbose=verbose)


def _add_sink_commands(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    metadata = typer.Typer(help="What Datadog knows about the metrics.", rich_markup_mode=None)
    sinks = typer.Typer(help="Care for the places that samples go to.", rich_markup_mode=None)
    app.add_typer(metadata, name="metadata")
    app.add_typer(sinks, name="sinks")

    @metadata.command()
    def sync(config: Config = None, dry_run: DryRun = False, verbose: Verbose = False) -> int:
        """Write description, unit and type of every metric that Datadog has seen."""
        from common.cli.upkeep import sync_metadata

        return sync_metadata(collectors, config, dry_run=dry_run, verbose=verbose)

    @sinks.command()
    def prune(
        instance: Annotated[
            str | None,
            typer.Option(metavar="NAME", help="A retired instance to remove whole.", show_default=False),
        ] = None,
        shards: Annotated[
            list[str] | None,
            typer.Option(
                metavar="NAME=N", help="How many shards a collector has; what others left goes. Again for more."
            ),
        ] = None,
        config: Config = None,
        dry_run: DryRun = False,
        verbose: Verbose = False,
    ) -> int:
        """Delete what retired collectors, shards or instances left in the Pushgateway."""
        from common.cli.upkeep import prune_pushgateway

        return prune_pushgateway(config, instance, tuple(shards or ()), dry_run=dry_run, verbose=verbose)


def _add_ledger(app: typer.Typer) -> None:
    ledger = typer.Typer(help="Care for the ledger of finished things and history.", rich_markup_mode=None)
    app.add_typer(ledger, name="ledger")

    @ledger.command()
    def show(config: Config = None, as_json: AsJson = False, verbose: Verbose = False) -> int:
        """Show what is kept, by collector, scope and kind."""
        from common.cli.ledgering import show_ledger

        return show_ledger(config, as_json=as_json, verbose=verbose)

    @ledger.command("prune")
    def prune_ledger(
        before: Annotated[str, typer.Option(metavar="180d", help="Delete what is older than this.")],
        kind: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Only this kind; again for more.")] = None,
        config: Config = None,
        dry_run: DryRun = False,
        verbose: Verbose = False,
    ) -> int:
        """Delete old records, notes, answers, runs and samples."""
        from common.cli.ledgering import prune_ledger

        return prune_ledger(config, before, tuple(kind or ()), dry_run=dry_run, verbose=verbose)

    @ledger.command()
    def export(config: Config = None, verbose: Verbose = False) -> int:
        """Print everything as lines of JSON."""
        from common.cli.ledgering import export_ledger

        return export_ledger(config, verbose=verbose)


def _add_backfill(app: typer.Typer, collectors: Mapping[str, str]) -> None:
    @app.command()
    def backfill(
        name: Annotated[str, typer.Argument(help="The collector, by its name in the settings.")],
        since: Annotated[str, typer.Option(metavar="90d", help="From when on: a length before now, or a time.")],
        until: Annotated[
            str | None,
            typer.Option(metavar="TIME", help="Until when; by default where live totals begin.", show_default=False),
        ] = None,
        to: Annotated[
            Path | None,
            typer.Option("--output", "-o", metavar="FILE", help="Write OpenMetrics text; - is standard output."),
        ] = None,
        push: Annotated[
            str | None, typer.Option(metavar="datadog", help="Send counts to Datadog.", show_default=False)
        ] = None,
        step: Annotated[str, typer.Option(metavar="15m", help="The distance of points in the text.")] = "15m",
        scope: Annotated[
            list[str] | None, typer.Option(metavar="NAME", help="Only this scope; again for more.")
        ] = None,
        only: Annotated[str, typer.Option(metavar="GLOB", help="Only metrics whose name matches.")] = "*",
        shard: Annotated[
            str | None, typer.Option(metavar="I/N", help="As the runs have it, for their label.", show_default=False)
        ] = None,
        deadline: Annotated[str, typer.Option(metavar="1h", help="End after this time.")] = "1h",
        dry_run: DryRun = False,
        strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when anything is missing.")] = False,
        as_json: AsJson = False,
        config: Config = None,
        verbose: Verbose = False,
    ) -> int:
        """Fill in the past of counts and distributions, with their true times; without a target, only show it."""
        from common.cli.backfilling import BackfillOptions, run_backfill

        options = BackfillOptions(
            name=name,
            since=since,
            until=until,
            output=to,
            push=push,
            step=step,
            scopes=tuple(scope or ()),
            only=only,
            shard=shard,
            deadline=deadline,
            dry_run=dry_run,
            strict=strict,
            as_json=as_json,
            config=config,
            verbose=verbose,
        )
        return run_backfill(collectors, options)


def _add_demo(app: typer.Typer, collectors: Mapping[str, str], path: str) -> None:
    @app.command()
    def demo(
        serve: Annotated[bool, typer.Option("--serve", help="Serve it until Ctrl-C, and say how to reach it.")] = False,
        seed: Annotated[int, typer.Option(help="Another seed is another organisation.")] = 1,
        size: Annotated[str, typer.Option(metavar="small|medium|large", help="How large it is.")] = "small",
        traffic: Annotated[
            str, typer.Option(metavar="2m-4m:400%,…", help="When it is busier or quieter, from now on.")
        ] = "",
        port: Annotated[int, typer.Option(help="The port on loopback; 0 is a free one.")] = 0,
        as_json: AsJson = False,
    ) -> int:
        """Run the real collectors over a SIMULATED organisation on loopback, and show what they found."""
        from common.cli.demoing import DemoOptions, show_demo

        options = DemoOptions(serve=serve, seed=seed, size=size, traffic=traffic, port=port, as_json=as_json)
        return show_demo(collectors, path, options)
