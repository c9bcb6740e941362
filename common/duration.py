"""Lengths of time as people write them: `15m`, `7d`, `1h30m`."""

from __future__ import annotations

import re

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_FORM = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[smhdw])+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")


class Duration(float):
    """Seconds, written in settings as a number with a unit."""

    __slots__ = ()


def parse_duration(text: str) -> Duration:
    """The seconds that `text` names; raises `ValueError` for anything but numbers with s, m, h, d or w, above zero."""
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)) if _FORM.fullmatch(text) else 0
    if not 0 < seconds < 100 * 366 * 86_400:
        raise ValueError(
            "a length of time is a number with s, m, h, d or w, above zero and below 100 years, such as 15m or 7d"
        )
    return Duration(seconds)


def format_duration(seconds: float) -> str:
    """The shortest exact form in whole units (`604800` is `7d`), or decimals of seconds below one."""
    if seconds != int(seconds):
        return f"{seconds:.3g}s" if seconds < 1 else format_duration(round(seconds))
    rest, parts = int(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
