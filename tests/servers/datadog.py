"""A server shaped like Datadog's metrics API: strict, loopback only, and it keeps the last value of every point."""

from __future__ import annotations

import threading
import time
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import zstandard
from datadog_api_client.v1.model.metric_metadata import MetricMetadata
from datadog_api_client.v2.model.metric_payload import MetricPayload

from tests.servers.datadog_dashboards import PATH as DASHBOARDS
from tests.servers.datadog_dashboards import Dashboards
from tests.servers.datadog_store import Key, Recorded, Shape, Store, gaps, is_at
from tests.servers.loopback import LoopbackHandler, LoopbackServer, serving
from tests.servers.models import RefusedError, complaints, parse

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator

# The figures of the documentation of POST /api/v2/series: at most the one, less than the other.
MAX_PAYLOAD = 512_000
MAX_INFLATED = 5_242_880
API_KEY = "0123456789abcdef0123456789abcdef"
APP_KEY = "0123456789abcdef0123456789abcdef01234567"
SERIES = "/api/v2/series"
VALIDATE = "/api/v1/validate"
METADATA = "/api/v1/metrics/"
ACTIVE = "/api/v1/metrics"


class TooLargeError(ValueError):
    """A payload above a documented limit."""


class DatadogServer(LoopbackServer):
    """Ask it with `value`, `values` and `unsteady`; `store` holds the rest.

    `clock` gives the Unix seconds it judges timestamps by. `validate=False` leaves the models out, for benchmarks.
    `record=True` keeps every series request in `store.recorded`.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, validate: bool = True, record: bool = False) -> None:
        super().__init__(_Handler)
        self.clock = clock
        self.validate = validate
        self.record = record
        self.store = Store()
        self.dashboards = Dashboards()
        self.lock = threading.Lock()

    @property
    def requests(self) -> Counter[str]:
        """How many requests came, by "METHOD /path"."""
        return self.store.requests

    def values(self, metric: str) -> dict[Key, float]:
        """Every point held of one metric."""
        with self.lock:
            return {key: held for key, held in self.store.points.items() if key.metric == metric}

    def value(self, metric: str, at: int, tags: Iterable[str] = ()) -> float:
        """The value at one timestamp of the only series with exactly these tags, whatever its resources."""
        wanted = list(tags)
        found = {key: held for key, held in self.values(metric).items() if is_at(key, at, wanted)}
        assert len(found) == 1, f"{metric} at {at} with {sorted(wanted)} is held {len(found)} times"
        return next(iter(found.values()))

    def unsteady(self) -> dict[str, set[Shape]]:
        """The metrics whose type, unit or interval was not always the same."""
        with self.lock:
            return {metric: set(shapes) for metric, shapes in self.store.shapes.items() if len(shapes) > 1}

    def wipe(self) -> None:
        """Forgets everything."""
        with self.lock:
            self.store = Store()


@contextmanager
def running(
    clock: Callable[[], float] = time.time, *, validate: bool = True, record: bool = False
) -> Iterator[DatadogServer]:
    """A server that ends with the block."""
    server = DatadogServer(clock, validate=validate, record=record)
    with serving(server):
        yield server


def inflate(raw: bytes, encoding: str) -> bytes:
    """The body without its Content-Encoding; raises `TooLargeError` or, for a wrong encoding, `RefusedError`."""
    if len(raw) > MAX_PAYLOAD:
        raise TooLargeError(f"{len(raw)} bytes are more than {MAX_PAYLOAD}")
    if encoding in {"", "identity"}:
        return raw
    inflaters: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda body: _zlib(body, 16 + zlib.MAX_WBITS),
        "deflate": lambda body: _zlib(body, zlib.MAX_WBITS),
        "zstd1": _zstd,
    }
    if encoding not in inflaters:
        raise RefusedError(f"Content-Encoding {encoding!r} is none of {', '.join(inflaters)}")
    try:
        inflated = inflaters[encoding](raw)
    except (zlib.error, zstandard.ZstdError) as error:
        raise RefusedError(f"not {encoding}: {error}") from error
    if len(inflated) >= MAX_INFLATED:
        raise TooLargeError(f"inflated, it is not less than {MAX_INFLATED} bytes")
    return inflated


def _zlib(raw: bytes, bits: int) -> bytes:
    inflater = zlib.decompressobj(bits)
    inflated = inflater.decompress(raw, MAX_INFLATED)
    if len(inflated) < MAX_INFLATED and (not inflater.eof or inflater.unused_data):
        raise zlib.error("incomplete, or followed by something else")
    return inflated


def _zstd(raw: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as reader:
        return reader.read(MAX_INFLATED)


class _Handler(LoopbackHandler):
    server: DatadogServer

    def _route(self) -> None:
        raw = self.read_body()
        path = urlsplit(self.path).path
        with self.server.lock:
            self.server.store.requests[f"{self.command} {path}"] += 1
        target = METADATA if path.startswith(METADATA) else path
        if path.startswith(DASHBOARDS):
            target = DASHBOARDS
        route = self._routes().get((self.command, target))
        if route is None:
            self._refuse(404, "Not found")
        elif not self._has_keys(application=target in {METADATA, ACTIVE, DASHBOARDS}):
            self._refuse(403, "Forbidden")
        else:
            self._guarded(route, raw)

    do_GET = do_POST = do_PUT = do_DELETE = _route  # noqa: N815

    def _routes(self) -> dict[tuple[str, str], Callable[[bytes], None]]:
        return {
            ("POST", SERIES): self._post_series,
            ("GET", VALIDATE): self._validate,
            ("GET", METADATA): self._get_metadata,
            ("PUT", METADATA): self._put_metadata,
            ("GET", ACTIVE): self._active,
            **{(method, DASHBOARDS): self._dashboards for method in ("GET", "POST", "PUT", "DELETE")},
        }

    def _has_keys(self, *, application: bool) -> bool:
        if self.headers.get("DD-API-KEY") != API_KEY:
            return False
        return not application or self.headers.get("DD-APPLICATION-KEY") == APP_KEY

    def _guarded(self, route: Callable[[bytes], None], raw: bytes) -> None:
        try:
            route(raw)
        except TooLargeError as error:
            self._refuse(413, f"Payload too large: {error}")
        except RefusedError as error:
            self._refuse(400, str(error))

    def _post_series(self, raw: bytes) -> None:
        inflated = inflate(raw, self.headers.get("Content-Encoding", ""))
        if self.server.record:
            self.server.store.recorded.append(Recorded(self.lower_headers(), raw, inflated))
        payload = self._parsed(inflated, MetricPayload)
        if self.server.validate and (wrong := gaps(payload)):
            self._refuse(400, *wrong)
            return
        with self.server.lock:
            errors = self.server.store.take(payload, self.server.clock())
        self._say(202, {"errors": errors})

    def _validate(self, raw: bytes) -> None:
        self._say(200, {"valid": True})

    def _active(self, raw: bytes) -> None:
        with self.server.lock:
            names = sorted(self.server.store.shapes)
        self._say(200, {"from": parse_qs(urlsplit(self.path).query)["from"][0], "metrics": names})

    def _dashboards(self, raw: bytes) -> None:
        if self.command != "GET":
            self.server.dashboards.before_write()
        with self.server.lock:
            status, body = self.server.dashboards.answer(self.command, self.path, raw)
        self._say(status, body)

    def _get_metadata(self, raw: bytes) -> None:
        self._say_metadata({})

    def _put_metadata(self, raw: bytes) -> None:
        changes = self._parsed(raw, MetricMetadata)
        if "integration" in changes:
            raise RefusedError("integration is read-only")
        self._say_metadata(changes)

    def _say_metadata(self, changes: dict[str, Any]) -> None:
        name = unquote(urlsplit(self.path).path.removeprefix(METADATA))
        with self.server.lock:
            seen = name in self.server.store.shapes
            metadata = self.server.store.metadata.setdefault(name, {}) if seen else {}
            metadata.update(changes)
        if seen:
            self._say(200, metadata)
        else:
            self._refuse(404, f"metric_name not found: {name}")

    def _parsed(self, body: bytes, model: type[MetricPayload | MetricMetadata]) -> Any:
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(f"Content-Type {self.headers.get('Content-Type')!r} is not application/json")
        if not self.server.validate:
            return msgspec.json.decode(body)
        value = parse(body)
        if wrong := complaints(value, model):
            raise RefusedError("; ".join(wrong[:20]))
        return value

    def _refuse(self, status: int, *errors: str) -> None:
        self._say(status, {"errors": list(errors[:20])})

    def _say(self, status: int, value: object) -> None:
        self.answer(status, msgspec.json.encode(value), {"Content-Type": "application/json"})
