"""Cutting encoded series into bodies that Datadog takes: whole series, within both limits of a request. Pure."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Literal

import msgspec

from common.errors import ConfigError
from common.sinks.datadog.series import MARK, Text

MAX_COMPRESSED = 512_000
"""The most bytes of a request's body."""
MAX_INFLATED = 5_242_880 - 1
"""The most bytes of what it inflates to."""
Compression = Literal["zstd", "deflate"]
ENCODINGS: dict[Compression, str] = {"zstd": "zstd1", "deflate": "deflate"}
"""What `Content-Encoding` says."""
_OPEN, _CLOSE = b'{"series":[', b"]}"
_ZSTD_LEVEL = 3


class Body(msgspec.Struct, frozen=True):
    """One request's body, and the series that it holds."""

    texts: tuple[Text, ...]
    inflated: int
    compressed: bytes

    @property
    def series(self) -> int:
        """How many series it holds."""
        return sum(text.series for text in self.texts)


class Cutter:
    """Makes bodies of encoded series."""

    def __init__(self, compression: Compression) -> None:
        self._compress = compressor(compression)

    def bodies(self, texts: Iterable[Text]) -> Iterator[Body]:
        """All series in bodies within the limits, one body at a time."""
        return self._cut(texts, MAX_INFLATED)

    def halves(self, body: Body) -> Iterator[Body]:
        """The body's series in smaller bodies."""
        return self._cut(body.texts, body.inflated // 2)

    def _cut(self, texts: Iterable[Text], target: int) -> Iterator[Body]:
        left = deque(texts)
        while left:
            body = self._body(_take(left, target))
            if len(body.compressed) > MAX_COMPRESSED and body.series > 1:
                left.extendleft(reversed(body.texts))
                target = body.inflated // 2
            else:
                yield body

    def _body(self, texts: tuple[Text, ...]) -> Body:
        last = texts[-1].json[:-1]
        inflated = b"".join((_OPEN, *(text.json for text in texts[:-1]), last, _CLOSE))
        return Body(texts, len(inflated), self._compress(inflated))


def _take(left: deque[Text], target: int) -> tuple[Text, ...]:
    """Take series for a body of at most `target` bytes away; one series in any case."""
    room = target - len(_OPEN) - len(_CLOSE) + 1  # the last comma is not sent
    taken: list[Text] = []
    while left and len(left[0].json) <= room:
        taken.append(left.popleft())
        room -= len(taken[-1].json)
    if left:
        text = left[0].json
        cut = text.rfind(MARK, 1, max(0, room) + len(MARK))
        if cut < 0 and not taken:
            cut = text.find(MARK, 1) if left[0].series > 1 else len(text)
        if cut > 0:
            series = text.count(MARK, 0, cut)
            rest = Text(text[cut:], left.popleft().series - series)
            taken.append(Text(text[:cut], series))
            if rest.series:
                left.appendleft(rest)
    return tuple(taken)


def compressor(compression: Compression) -> Callable[[bytes], bytes]:
    """The function that compresses a body; raises `ConfigError` where its library is missing."""
    if compression == "deflate":
        return zlib.compress
    try:
        import zstandard  # noqa: PLC0415  an optional library, loaded on use
    except ImportError:
        raise ConfigError(
            "sinks.datadog.compression is zstd, whose library is not installed: "
            "pip install 'quarterdeck[datadog]', or set it to deflate"
        ) from None
    compress: Callable[[bytes], bytes] = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress
    return compress


def default_compression() -> Compression:
    """`zstd` where its library is installed."""
    return "zstd" if find_spec("zstandard") else "deflate"
