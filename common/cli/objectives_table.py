"""The verdicts on objectives as a person reads them: a table, the last seven days, and words for what is unknown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import IO, cast

from common.objectives.record import Objective, OfEvents, Verdict
from common.outcome import Run
from common.sinks.console import Out, human_number, rfc3339

UNKNOWN = "·"
_HEADER = ("OBJECTIVE", "SCOPE", "VALUE", "TARGET", "MET", "COMPLIANCE", "BUDGET LEFT", "BURN", "SCORE", "LAST 7 DAYS")
_LISTED = 5
"""How many scopes a note names."""
Row = tuple[str, ...]


def write_table(verdicts: Sequence[tuple[str, Verdict]], runs: Sequence[Run], now: float, out: Out) -> None:
    """The headline, a row for each verdict, then what is unknown and what is missing."""
    out.write(f"{_headline([each for _, each in verdicts])} · {rfc3339(now)}\n\n")
    several = len({collector for collector, _ in verdicts}) > 1
    rows = [_row(each, collector if several else "") for collector, each in verdicts]
    if rows and out.isatty():
        _rich_table(rows, [each for _, each in verdicts], out)
    elif rows:
        out.write("".join(line + "\n" for line in _aligned([_HEADER, *rows])))
    out.write("\n" if rows else "")
    out.write("".join(f"{line}\n" for line in _footer(verdicts, runs)))


def _headline(verdicts: Sequence[Verdict]) -> str:
    number = {met: sum(each.met is met for each in verdicts) for met in (True, False, None)}
    parts = (f"{number[True]} met", f"{number[False]} not met", f"{number[None]} unknown" if number[None] else "")
    return f"objectives: {', '.join(filter(None, parts))}"


def _row(each: Verdict, collector: str) -> Row:
    objective = each.objective
    scope = f"rollup {each.rollup}" if each.rollup else each.scope
    mark = "" if each.basis == "measured" else f" ({each.basis.replace('_', ' ')})"
    return (
        objective.name,
        f"{collector} {scope}".strip(),
        _number(each.value, objective.unit) + mark,
        _target(objective),
        {True: "yes", False: "NO", None: UNKNOWN}[each.met],
        _share(each.compliance),
        _share(each.budget_remaining) if isinstance(objective, OfEvents) else "",
        "  ".join(f"{window} {rate:.1f}" for window, rate in each.burn.items()),
        _score(each.score),
        " ".join(map(_score, each.days)),
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return UNKNOWN
    return f"{_percent(value)}" if unit == "1" else human_number(value, unit)


def _target(objective: Objective) -> str:
    if objective.unit == "bool":
        return human_number(float(objective.comparison in (">=", ">")), "bool")
    return f"{objective.comparison} {_number(objective.target, objective.unit)}"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else _percent(value)


def _percent(value: float) -> str:
    """Rounded down, so that 100 % is all of it."""
    return f"{math.floor(value * 1000 + 1e-6) / 10:g} %"


def _score(value: float | None) -> str:
    """Rounded down, so that only what is met shows 1.0."""
    return UNKNOWN if value is None else f"{math.floor(value * 10 + 1e-6) / 10:.1f}"


def _footer(verdicts: Sequence[tuple[str, Verdict]], runs: Sequence[Run]) -> Iterator[str]:
    notes: dict[str, dict[str, list[str]]] = {}
    for _, each in verdicts:
        for note in each.notes:
            where = f"rollup {each.rollup}" if each.rollup else each.scope
            notes.setdefault(note, {}).setdefault(each.objective.name, []).append(where)
    for note, by_objective in notes.items():
        yield f"{note}: {'; '.join(f'{name} of {_some(scopes)}' for name, scopes in by_objective.items())}"
    for run in runs:
        for failure in run.failures:
            yield f"missing: {failure.scope or run.collector}: {failure.reason}"


def _some(scopes: Sequence[str]) -> str:
    more = f" and {len(scopes) - _LISTED} more" if len(scopes) > _LISTED else ""
    return ", ".join(scopes[:_LISTED]) + more


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _rich_table(rows: Sequence[Row], verdicts: Sequence[Verdict], out: Out) -> None:
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in _HEADER:
        table.add_column(title, no_wrap=title != "BURN", overflow="fold")
    for row, each in zip(rows, verdicts, strict=True):
        days = Text(" ").join(Text(_score(day), _colour(day)) for day in each.days)
        met = Text(row[4], {True: "green", False: "bold red", None: "dim"}[each.met])
        cells = [Text(row[0], "cyan"), *map(Text, row[1:4]), met, *map(Text, row[5:8])]
        table.add_row(*cells, Text(row[8], _colour(each.score)), days)
    Console(file=cast(IO[str], out)).print(table)


def _colour(score: float | None) -> str:
    if score is None:
        return "dim"
    return "green" if score >= 1 else "yellow" if score > 0 else "red"
