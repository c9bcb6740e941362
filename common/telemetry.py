"""Words on standard error: one logging setup, JSON lines or text, and no secret in either."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Literal, TextIO
from urllib.parse import quote, quote_plus

import msgspec

LEAST = 6
"""The shortest text that is masked: anything shorter would be found in ordinary words."""
_LEAST_BASE64 = 8
MASK = "***"
OURS = ("collectors", "common", "dashboards", "demo", "__main__")
"""Whose words below a warning are wanted; libraries tell of requests and headers there."""
_TOKENS = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_run: ContextVar[Mapping[str, str]] = ContextVar("run", default={})  # noqa: B039  it is never changed in place


class Masker:
    """Replaces secrets, and what they look like once encoded, in any text. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Mask this value from now on; one shorter than `LEAST` is too common to be masked."""
        with self._lock:
            self._forms |= _forms_of(secret)
            longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def mask(self, text: str) -> str:
        """The text with every secret replaced, and whatever has the shape of a token or a password in a URL."""
        if self._pattern:
            text = self._pattern.sub(MASK, text)
        return _TOKENS.sub(MASK, text)


MASKER = Masker()
"""The process's own."""


def _forms_of(secret: str) -> frozenset[str]:
    whole = secret.strip()
    forms: set[str] = set()
    for text in {whole, *(line.strip() for line in whole.splitlines())}:
        if len(text) >= LEAST:
            forms |= _written(text) | _base64_forms(text)
    return frozenset(forms)


def _written(text: str) -> set[str]:
    quoted = {quote(text, safe=""), quote(text), quote_plus(text)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), each) for each in quoted}
    return {text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], *quoted, *lower}


def _base64_forms(text: str) -> set[str]:
    """The middle of its base64 wherever it stands in a longer text, as in the header of basic authentication."""
    content = text.encode("utf-8", "surrogatepass")
    forms = {base64.b64encode(content).decode()}
    for offset, head in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * offset + content).decode()
        whole = (offset + len(content)) * 8 // 6
        forms.add(encoded[head:whole])
    forms |= {form.replace("+", "-").replace("/", "_") for form in forms}
    return {form for form in forms if len(form) >= _LEAST_BASE64}


@contextlib.contextmanager
def run_fields(**fields: str) -> Iterator[None]:
    """Every record within the block carries these fields, such as the collector's name."""
    token = _run.set({**_run.get(), **fields})
    try:
        yield
    finally:
        _run.reset(token)


def setup(
    level: Literal["debug", "info", "warning", "error"],
    format: Literal["auto", "text", "json"],  # noqa: A002  as the setting is called
    stream: TextIO,
    masker: Masker = MASKER,
) -> None:
    """Send our records from `level` on, and others' warnings, to the stream; a second call replaces the first."""
    handler = _Handler(stream)
    handler.setFormatter(_Json(masker) if format == "json" else _Text(masker))
    handler.addFilter(_wanted)
    handler.setLevel(level.upper())  # a library may set its own logger's level at any time
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """Python would print the traceback of a thread as it is, with whatever secret its message holds."""
    error = failure.exc_value
    if error:
        logging.getLogger(__name__).error("a thread failed; this is a bug in quarterdeck", exc_info=error)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that a second setup finds it; a stream that broke must not cost the run."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging calls it so
        del record


def _wanted(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.split(".")[0] in OURS


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


class _Json(logging.Formatter):
    """One object a line."""

    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._masker = masker

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "ts": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_run.get(),
        }
        if record.exc_info:
            fields["exc"] = self.formatException(record.exc_info)
        masked = {name: _encodable(self._masker.mask(text)) for name, text in fields.items()}
        return msgspec.json.encode(masked).decode()


class _Text(logging.Formatter):
    """One line for a person; further lines, as of a traceback, are set in."""

    def __init__(self, masker: Masker) -> None:
        super().__init__()
        self._masker = masker

    def format(self, record: logging.LogRecord) -> str:
        about = "".join(f" {name}={text}" for name, text in _run.get().items())
        text = f"{_time(record)} {record.levelname} {record.name}: {_message(record)}{about}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return printable(self._masker.mask(text)).replace("\n", "\n    ")


def printable(text: str) -> str:
    """The text without control characters, with which a foreign name could repaint or forge lines of a terminal."""
    return _encodable(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
