"""Standard output as it may be shown: no secret, no control character that a foreign name could carry."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import msgspec

from common.telemetry import MASKER, Masker, printable


class Masked:
    """A text stream that masks what is written to it; Rich and `write` take it for the stream itself."""

    def __init__(self, stream: TextIO, masker: Masker) -> None:
        self._stream, self._masker = stream, masker

    @property
    def encoding(self) -> str:
        """The stream's own."""
        return self._stream.encoding

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write the text without what must not be seen; colours stay on a terminal."""
        masked = self._masker.mask(text)
        with unread():
            self._stream.write(masked if self.isatty() else printable(masked))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        with unread():
            self._stream.flush()


@contextlib.contextmanager
def unread() -> Iterator[None]:
    """A reader that has seen enough, as `head` has, is no failure: what follows goes nowhere."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def output() -> Masked:
    """Standard output, masked."""
    return Masked(sys.stdout, MASKER)


def write_json(body: Any) -> None:  # noqa: ANN401  whatever msgspec encodes
    """Print one JSON object."""
    output().write(msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n")
