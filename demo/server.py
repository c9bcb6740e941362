"""Serves the organisation: GitHub's REST and GraphQL on loopback, with its limits, ETags and faults on demand."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from demo.answers import Desk, Request, Served
from demo.control import PREFIX, steer
from demo.faults import Faults, Reset, Silence
from demo.limits import Limits, Rates
from demo.loopback import Handler, Loopback, serving
from demo.world import Changes, View

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from demo.organisation import Organisation

__all__ = ["Rates", "Served", "Server", "serve"]
Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


class Server(Loopback):
    """The running server: `url`, `requests` in order of arrival, `faults` to come, `changes` made to repositories."""

    def __init__(
        self, organisation: Organisation, clock: Callable[[], float], *, rates: Rates, latency: float, skew: float,
        denied: Iterable[str], without: Iterable[str], heaviest: int | None, tokens: Iterable[str] | None,
        seconds: Callable[[], float], port: int, prepared: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(_Handler, port)
        self.organisation, self.clock, self.latency, self.skew = organisation, clock, latency, skew
        self.denied, self.without, self.heaviest = frozenset(denied), frozenset(without), heaviest
        self.tokens = None if tokens is None else set(tokens)
        self.limits = Limits(rates, clock, seconds)
        self.faults, self.changes = Faults(), Changes()
        self.requests: list[Served] = []
        self.arrived = 0
        self.lock = threading.Lock()
        self.prepared: dict[Hashable, tuple[Served, Reply]] | None = {} if prepared else None

    @property
    def graphql_url(self) -> str:
        """Where queries go."""
        return f"{self.url}/graphql"

    def view(self) -> View:
        """The organisation as it is now."""
        return View(self.organisation, self.clock(), self.changes, self.denied)

    @property
    def cost(self) -> dict[str, int]:
        """What the requests took from each budget, and how many there were of each."""
        found: dict[str, int] = {}
        for one in self.requests:
            found[one.resource] = found.get(one.resource, 0) + one.cost
        return found


@contextmanager
def serve(
    organisation: Organisation, clock: Callable[[], float] | None = None, *, rates: Rates | None = None,
    latency: float = 0.0, skew: float = 0.0, denied: Iterable[str] = (), without: Iterable[str] = (),
    heaviest: int | None = None, tokens: Iterable[str] | None = None,
    seconds: Callable[[], float] = time.monotonic, port: int = 0, prepared: bool = False,
) -> Iterator[Server]:  # fmt: skip
    """A server for the length of the block; without a clock it stands at the organisation's end.

    `latency` in seconds a request; `skew` of the Date header; `denied` rights (`vulnerability_alerts`,
    `administration`, …); `without` fields (`Type.field`) that an older server lacks; `heaviest`: nodes above which a
    query times out; `tokens` that are known, absent: any; `prepared`: an answer that was made once is given again while
    the clock stands, so that a client's time is measured without the simulation's: only without limits and faults.
    """
    server = Server(
        organisation, clock or (lambda: organisation.end), rates=rates or Rates(), latency=latency, skew=skew,
        denied=denied, without=without, heaviest=heaviest, tokens=tokens, seconds=seconds, port=port,
        prepared=prepared,
    )  # fmt: skip
    with serving(server):
        yield server


class _Handler(Handler):
    server: Server

    def _handle(self) -> None:
        body = self.read_body()
        if self.path.startswith(PREFIX):
            self.send(*steer(self.server, self.command, self.path, body))
            return
        with self.server.lock:
            self.server.arrived += 1
            self.server.limits.running += 1
            number = self.server.arrived
        headers = {name.lower(): text for name, text in self.headers.items()}
        try:
            if self.server.latency:
                self.server.closing.wait(self.server.latency)
            key = (self.command, self.path, body, headers.get("if-none-match"), self.server.clock())
            if not self._repeat(key):
                self._answer(Request.of(self.command, self.path, headers, body, number), key)
        finally:
            with self.server.lock:
                self.server.limits.running -= 1

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _repeat(self, key: Hashable) -> bool:
        found = self.server.prepared.get(key) if self.server.prepared is not None else None
        if found is None:
            return False
        with self.server.lock:
            self.server.requests.append(found[0])
        self.send(*found[1])
        return True

    def _answer(self, request: Request, key: Hashable) -> None:
        fault = self.server.faults.choose(request.number, request.target, request.text)
        desk = Desk(self.server, request, fault)
        if isinstance(fault, Reset):
            desk.record(0, 0)
            self.reset()
        elif isinstance(fault, Silence):
            desk.record(0, 0)
            self.server.closing.wait(fault.seconds)
            self.hang_up()
        else:
            reply = desk.answer()
            if self.server.prepared is not None and fault is None and desk.recorded is not None:
                self.server.prepared[key] = (desk.recorded, reply)
            self.send(*reply)
