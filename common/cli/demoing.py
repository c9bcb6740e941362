"""`collect demo`: the real collectors over a simulated organisation. Everything shown says SIMULATED."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import msgspec

from common.cli.output import output, write_json
from common.cli.wiring import Loaded, build_collector, build_sinks, release
from common.collector import Context
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode
from common.meter import Meter
from common.outcome import Run
from common.plan import Plan
from common.run import Attempt
from common.settings import Settings
from common.sinks import RunKey
from common.sinks.console import Out, report, write
from common.window import window_ending

MARK = {"simulated": "true"}
"""The tag that every sample carries."""
_INSTANCE = "simulated"


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for."""

    serve: bool = False
    seed: int = 1
    size: str = "small"
    traffic: str = ""
    port: int = 0
    as_json: bool = False


class Simulation(msgspec.Struct, frozen=True):
    """A simulated source that is being served, and what a collector needs to look at it."""

    headline: str
    organisation: str
    environ: Mapping[str, str]
    """What its users set."""
    blocks: Mapping[str, Mapping[str, Any]]
    """By a collector's type, the settings that its own truth is told under."""
    preview: tuple[str, ...] = ()
    """What is going to happen in it, a row for each span."""


class Simulate(Protocol):
    """What the dotted path names: serves a simulation for the length of the block; raises `ConfigError`."""

    def __call__(
        self, *, seed: int, size: str, traffic: str, port: int, clock: Callable[[], float]
    ) -> AbstractContextManager[Simulation]: ...


def show_demo(collectors: Mapping[str, str], path: str, options: DemoOptions) -> int:
    """Serve the simulation at the dotted path and run the collectors over it, or wait for Ctrl-C; the exit code."""
    simulate = _imported(path)
    with simulate(
        seed=options.seed, size=options.size, traffic=options.traffic, port=options.port, clock=time.time
    ) as simulation:
        return _serve(simulation, options) if options.serve else _look(collectors, simulation, options)


def _imported(path: str) -> Simulate:
    module, _, name = path.partition(":")
    try:
        found: Simulate = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] == "common":
            raise
        raise ConfigError(
            f"collect demo: {error.name} is not installed; install it with: pip install 'quarterdeck[demo]'"
        ) from None
    return found


def _serve(simulation: Simulation, options: DemoOptions) -> int:
    _say(simulation, sys.stderr)
    if options.as_json:
        write_json({**_facts(simulation, options), "environ": simulation.environ})
    else:
        output().write("".join(f"export {name}={value}\n" for name, value in simulation.environ.items()))
    output().flush()
    settings = {"tags": MARK, "collectors": simulation.blocks}
    sys.stderr.write(f"a quarterdeck.yaml for it:\n{msgspec.json.encode(settings).decode()}\n")
    sys.stderr.write("serving; Ctrl-C ends it\n")
    sys.stderr.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
    return ExitCode.OK


def _look(collectors: Mapping[str, str], simulation: Simulation, options: DemoOptions) -> int:
    known = [kind for kind in simulation.blocks if kind in collectors]
    if not known:
        names = " or ".join(simulation.blocks)
        sys.stderr.write(f"collect demo: there is no collector for {names} here, so there is nothing to show\n")
        return ExitCode.OK
    _say(simulation, sys.stderr if options.as_json else output())
    runs = [_run(collectors, kind, simulation) for kind in known]
    if options.as_json:
        write_json({**_facts(simulation, options), "runs": report(runs).runs})
    else:
        for run in runs:
            write(run, output())
    return max(run.exit_code() for run in runs)


def _run(collectors: Mapping[str, str], kind: str, simulation: Simulation) -> Run:
    """One dry run, told apart by its name and a tag."""
    settings = Settings()
    deadline, meter, name = Deadline(settings.deadline), Meter(), f"simulated-{kind}"
    context = Context(deadline, meter, simulation.environ, collector=name)
    collector = build_collector(collectors, name, {**simulation.blocks[kind], "type": kind}, None, context)
    plan = Plan(
        key=RunKey(_INSTANCE, name),
        window=window_ending(time.time(), collector.settings.window or settings.window),
        dry=True,
        release=release(),
        tags=MARK,
    )
    sinks = build_sinks(Loaded(settings, None, simulation.environ), deadline, meter, dry=True)
    return Attempt(collector, sinks, plan, context, time.time).execute()


def _facts(simulation: Simulation, options: DemoOptions) -> dict[str, Any]:
    return {
        "schema": 1,
        "simulated": True,
        "headline": simulation.headline,
        "organisation": simulation.organisation,
        "seed": options.seed,
        "size": options.size,
        "traffic": simulation.preview,
    }


def _say(simulation: Simulation, out: Out) -> None:
    out.write("".join(f"{line}\n" for line in (simulation.headline, *simulation.preview, "")))
