"""`collect rules test`: the rendered files held against the real promtool and amtool."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from common.errors import ConfigError
from dashboards.rules.build import ALERTMANAGER, ALERTS, ROUTES, RULES, TESTS
from dashboards.rules.coverage import untested

PATIENCE = 600.0
Say = Callable[[str], object]


class _Route(msgspec.Struct, frozen=True):
    labels: dict[str, str]
    receiver: str


def tool(name: str, given: Path | None, option: str) -> Path:
    """The program to use; raises `ConfigError` where there is none."""
    if given is not None:
        if not given.is_file():
            raise ConfigError(f"{option} {given}: there is no such file")
        return given.resolve()
    found = shutil.which(name)
    if found is None:
        raise ConfigError(f"{name} is not on PATH: give its path by {option} (it comes with Prometheus' releases)")
    return Path(found)


def check(files: Mapping[str, bytes], promtool: Path, amtool: Path, say: Say) -> int:
    """How many checks failed; `say` is told each of them, with what the program complained about."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="quarterdeck-rules-") as name:
        folder = Path(name)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for what, command in _commands(files, promtool, amtool):
            complaint = _run(command, folder)
            say(f"{'failed' if complaint else 'ok'}: {what}\n{complaint}")
            failed += bool(complaint)
    for sentence in untested(files):
        say(f"failed: {sentence}\n")
        failed += 1
    return failed


def _commands(files: Mapping[str, bytes], promtool: Path, amtool: Path) -> Iterator[tuple[str, list[str]]]:
    yield "lint of the rules", [str(promtool), "check", "rules", "--lint=all", "--lint-fatal", RULES, ALERTS]
    for path in files:
        if path.startswith(f"{TESTS}/"):
            yield f"unit tests in {path}", [str(promtool), "test", "rules", path]
    yield "Alertmanager's configuration", [str(amtool), "check-config", ALERTMANAGER]
    for each in msgspec.json.decode(files[ROUTES], type=list[_Route]):
        labels = [f"{name}={value}" for name, value in each.labels.items()]
        options = [f"--config.file={ALERTMANAGER}", f"--verify.receivers={each.receiver}"]
        yield f"route of {{{','.join(labels)}}}", [str(amtool), "config", "routes", "test", *options, *labels]


def _run(command: list[str], folder: Path) -> str:
    """What the program complained about, or nothing."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except OSError as error:
        raise ConfigError(f"{command[0]} does not start: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE:g} s\n"
    if not done.returncode:
        return ""
    return (done.stdout + done.stderr).strip() + "\n"
