"""Traffic as people write it, `2m-4m:400%,6m-8m:300%`: spans after the start that are busier or quieter."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from common.duration import format_duration, parse_duration
from common.errors import ConfigError

ACCEPTED = "START-END:PERCENT%, such as 2m-4m:400%,6m-8m:300%"
MOST = 10_000
_FORM = re.compile(r"(0|[\d.a-z]+)-([\d.a-z]+):(\d+(?:\.\d+)?)%")


class Span(msgspec.Struct, frozen=True):
    """From `start` until `end`, in seconds after the living part begins, `factor` times as much happens."""

    start: float
    end: float
    factor: float


class Traffic(msgspec.Struct, frozen=True):
    """How busy the living part is; outside of the spans: as ever."""

    spans: tuple[Span, ...] = ()

    def factor(self, after: float) -> float:
        """How much busier it is, so many seconds after the start."""
        return next((span.factor for span in self.spans if span.start <= after < span.end), 1.0)

    def edges(self) -> list[float]:
        """The seconds after the start at which the factor changes."""
        return [edge for span in self.spans for edge in (span.start, span.end)]

    def preview(self) -> list[str]:
        """A row of text for each span."""
        if not self.spans:
            return ["traffic  as ever"]
        return [
            f"traffic  {_length(span.start):>6} to {_length(span.end):>6}  {span.factor * 100:g} %"
            for span in self.spans
        ]


def parse_traffic(text: str) -> Traffic:
    """The spans that `text` names; raises `ConfigError` with what was found and what is accepted."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    spans = tuple(_span(part) for part in parts)
    for before, span in pairwise(spans):
        if span.start < before.start:
            raise ConfigError(f"traffic: {text!r} is not in order of time: {_length(span.start)} comes too late")
        if span.start < before.end:
            raise ConfigError(f"traffic: two spans of {text!r} overlap at {_length(span.start)}")
    return Traffic(spans)


def _span(part: str) -> Span:
    found = _FORM.fullmatch(part)
    if found is None:
        raise ConfigError(f"traffic: found {part!r}; accepted is {ACCEPTED}")
    start, end = (_seconds(text, part) for text in found.groups()[:2])
    if end <= start:
        raise ConfigError(f"traffic: {part!r} ends before it starts; accepted is {ACCEPTED}")
    percent = float(found[3])
    if percent > MOST:
        raise ConfigError(f"traffic: found {percent:g}% in {part!r}; accepted are 0% to {MOST}%")
    return Span(start, end, percent / 100)


def _seconds(text: str, part: str) -> float:
    if text == "0":
        return 0.0
    try:
        return float(parse_duration(text))
    except ValueError as error:
        raise ConfigError(f"traffic: found {text!r} in {part!r}; {error}") from error


def _length(seconds: float) -> str:
    return format_duration(seconds) if seconds else "0s"
