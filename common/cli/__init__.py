"""The command line. Every command imports what it needs when it runs, so that `collect --help` stays quick."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from typer.core import TyperGroup

from common.errors import ExitCode, QuarterdeckError

RUN = "run"


class DefaultToRun(TyperGroup):
    """Takes `collect git --dry-run` for `collect run git --dry-run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  typer's own context
        """Put `run` in front of anything that is not a command."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "--version")):
            args = [RUN, *args]
        return list(super().parse_args(ctx, args))


class Group(NamedTuple):
    """A group of commands that lives outside the kernel."""

    path: str
    """Dotted path of a function that makes its `typer.Typer` of the collectors, imported on use."""
    about: str
    """Its line in `collect --help`."""


class Later(TyperGroup):
    """A group whose commands are imported when one of them is asked for."""

    def __init__(self, name: str, group: Group, collectors: Mapping[str, str]) -> None:
        super().__init__(name=name, help=group.about, rich_markup_mode=None)
        self._group = group
        self._collectors = collectors

    @cached_property
    def _loaded(self) -> TyperGroup:
        from importlib import import_module  # noqa: PLC0415

        from typer.main import get_group  # noqa: PLC0415

        module, _, make = self._group.path.partition(":")
        return get_group(getattr(import_module(module), make)(self._collectors))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  typer's own context
        """The names of its commands, in their order."""
        return self._loaded.list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """The command of this name, or `None`."""
        return self._loaded.get_command(ctx, cmd_name)


def run(collectors: Mapping[str, str], demo: str = "", groups: Mapping[str, Group] | None = None) -> None:
    """Run the command line over these collectors (name → dotted path) and end the process with its exit code.

    `demo` is the dotted path of a simulation for `collect demo`; `groups` are further groups of commands by name.
    """
    sys.exit(main(collectors, sys.argv[1:], demo, groups))


def main(
    collectors: Mapping[str, str], arguments: list[str], demo: str = "", groups: Mapping[str, Group] | None = None
) -> int:
    """The exit code of one call; everything a person did wrong is one sentence on standard error."""
    from typer.main import get_group  # noqa: PLC0415

    from common.cli.app import build_app  # noqa: PLC0415

    try:
        command = get_group(build_app(collectors, demo))
        for name, group in (groups or {}).items():
            command.add_command(Later(name, group, collectors))
        answer = command(arguments, prog_name="collect", standalone_mode=False)
    except QuarterdeckError as error:
        return _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say("interrupted", ExitCode.INTERRUPTED)
    except SystemExit as ended:  # typer's own way out of Ctrl-C
        code = ended.code if isinstance(ended.code, int) else ExitCode.FAILED
        return _say("interrupted", ExitCode.INTERRUPTED) if code == ExitCode.INTERRUPTED else code
    except Exception as error:  # noqa: BLE001  the top: nothing may leave without an exit code
        return _unexpected(error)
    return _flush(int(answer or 0))


def _say(text: str, code: ExitCode) -> int:
    from common.telemetry import MASKER  # noqa: PLC0415

    print(f"collect: {MASKER.mask(text)}", file=sys.stderr)  # noqa: T201
    return code


def _unexpected(error: Exception) -> int:
    usage = getattr(error, "format_message", None)
    if usage is not None:  # typer's own: a wrong option, a missing argument
        return _say(f"{usage()} (see `collect --help`)", ExitCode.CONFIG)
    if isinstance(error, OSError) and error.filename is None:
        return _say(f"standard output could not be written: {error.strerror}", ExitCode.FAILED)
    import traceback  # noqa: PLC0415

    _say("".join(traceback.format_exception(error)) + "this is a bug in quarterdeck; please report it", ExitCode.FAILED)
    return ExitCode.FAILED


def _flush(code: int) -> int:
    """Write out what is buffered while it can still be told that it failed."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _drop_output()
        if not isinstance(error, BrokenPipeError):  # a reader that has seen enough is no failure
            return _say(f"standard output could not be written: {error.strerror}", ExitCode.FAILED)
    return code


def _drop_output() -> None:
    import os  # noqa: PLC0415

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
