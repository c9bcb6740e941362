"""The queries of `queries/*.graphql`: which fragments each needs, and what is left of it where a server lacks a part.

A line that ends in `# part:NAME` may be left out: an older server does not know it, or a right for it is missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

_PART = re.compile(r"#\s*part:(\w+)\s*$")
_SPREAD = re.compile(r"\.\.\.(\w+)")
_FRAGMENT = re.compile(r"^fragment (\w+) on .*?^}\n", re.MULTILINE | re.DOTALL)


class Query(msgspec.Struct, frozen=True):
    """A query as it is sent, and the part that each of its lines (from 1) belongs to."""

    name: str
    text: str
    parts: Mapping[int, str]

    def part_of(self, lines: Iterable[int], path: Sequence[str | int]) -> str | None:
        """The part that an error is about, by its lines or its path; `None` for what the query cannot do without."""
        by_line = next((self.parts[line] for line in lines if line in self.parts), None)
        return by_line or next((p for name in reversed(path) if (p := self._named(str(name)))), None)

    def _named(self, name: str) -> str | None:
        """The part whose line begins with that field."""
        field = re.compile(rf"\s*{re.escape(name)}\b")
        lines = self.text.splitlines()
        return next((part for line, part in self.parts.items() if field.match(lines[line - 1])), None)


@cache
def query(name: str, without: frozenset[str] = frozenset(), times: int = 1) -> Query:
    """The query of that file without some parts; `times` repeats what is numbered 0, as 0, 1, 2 and so on."""
    return build(name, _read(name), without, times)


def build(name: str, text: str, without: Collection[str] = (), times: int = 1) -> Query:
    """The same for a text."""
    whole = _repeated(text, times)
    lines = _kept(whole, without)
    known = _fragments()
    needed: list[str] = []
    waiting = list(lines)
    while waiting:
        for found in _SPREAD.findall(waiting.pop(0)):
            if found in known and found not in needed:
                needed.append(found)
                part = _kept(known[found], without)
                lines += part
                waiting += part
    parts = {number: found[1] for number, line in enumerate(lines, 1) if (found := _PART.search(line))}
    return Query(name, "\n".join(lines), parts)


def names() -> tuple[str, ...]:
    """The names of all queries."""
    every = (each.name for each in files("collectors.github.queries").iterdir())
    return tuple(sorted(name.removesuffix(".graphql") for name in every if name.endswith(".graphql")))


def _kept(text: str, without: Collection[str]) -> list[str]:
    lines = (line for line in text.splitlines() if line.strip())
    return [line for line in lines if not ((found := _PART.search(line)) and found[1] in without)]


def _repeated(text: str, times: int) -> str:
    if times < 2:
        return text
    head, _, tail = text.partition("{\n")
    declared = ", ".join(
        re.sub(r"0\b", str(index), each)
        for index in range(1, times)
        for each in re.findall(r"\$\w*0: [\w!\[\]]+", head)
    )
    head = head.replace(")", f", {declared})", 1)
    block = _numbered_block(tail)
    more = "".join(re.sub(r"(?<=[a-z])0\b", str(index), block) for index in range(1, times))
    return f"{head}{{\n{tail.replace(block, block + more, 1)}"


def _numbered_block(text: str) -> str:
    """The first field with a number: a line, or the lines down to its closing brace."""
    lines = text.splitlines(keepends=True)
    start = next(index for index, line in enumerate(lines) if re.match(r"\s*\w+0: ", line))
    depth = 0
    for end, line in enumerate(lines[start:], start + 1):
        depth += line.count("{") - line.count("}")
        if depth == 0:
            return "".join(lines[start:end])
    raise ValueError("a numbered field has no end")


@cache
def _fragments() -> dict[str, str]:
    return {found[1]: found[0] for found in _FRAGMENT.finditer(_read("fragments"))}


def _read(name: str) -> str:
    return files("collectors.github.queries").joinpath(f"{name}.graphql").read_text(encoding="utf-8")
