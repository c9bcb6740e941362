"""What may go wrong with a request, on demand: other answers, broken ones, silence, something odd in the true one."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.world import Changes

HTML = "<html><body><h1>{status}</h1><p>SIMULATED: something between you and us is not well.</p></body></html>"
SLOW = "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class Answer(msgspec.Struct, frozen=True):
    """An answer instead of the true one."""

    status: int
    body: str
    headers: dict[str, str] = {}


class Exhausted(msgspec.Struct, frozen=True):
    """The hour's budget is gone from here on: 403, or 200 with RATE_LIMITED from GraphQL."""

    status: int = 403


class Reset(msgspec.Struct, frozen=True):
    """A TCP reset instead of an answer."""


class Silence(msgspec.Struct, frozen=True):
    """Nothing for so long, or until the server ends; then the connection is closed."""

    seconds: float = 30.0


class Truncated(msgspec.Struct, frozen=True):
    """Half of the true JSON as a complete answer."""


class Rewritten(msgspec.Struct, frozen=True):
    """The true answer with its JSON changed."""

    change: Callable[[Any], Any]


class Done(msgspec.Struct, frozen=True):
    """Something happens to the organisation first; the request is then answered truly."""

    change: Callable[[Changes], None]


Fault: TypeAlias = Answer | Exhausted | Reset | Silence | Truncated | Rewritten | Done


def said(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    """An error of GitHub's own form."""
    body = {"message": message, "documentation_url": "SIMULATED", "status": str(status)}
    return Answer(status, msgspec.json.encode(body).decode(), headers or {})


def unauthorised() -> Answer:
    """401."""
    return said(401, "Bad credentials")


def forbidden() -> Answer:
    """403 for want of a right."""
    return said(403, "Resource not accessible by integration")


def not_found() -> Answer:
    """404."""
    return said(404, "Not Found")


def secondary(status: int = 403, retry_after: int | None = 60) -> Answer:
    """A secondary limit: 403 or 429."""
    return said(status, SECONDARY, {} if retry_after is None else {"Retry-After": str(retry_after)})


def server_error(status: int = 500) -> Answer:
    """500 in JSON."""
    return said(status, "Server Error")


def gateway_page(status: int = 502) -> Answer:
    """A web page where JSON is expected."""
    return Answer(status, HTML.format(status=status), {"Content-Type": "text/html; charset=utf-8"})


def timed_out() -> Answer:
    """504 as a heavy query gets it after ten seconds."""
    return said(504, SLOW)


def partial(*path: str) -> Rewritten:
    """GraphQL's data with a hole at this path and an error that names it."""
    message = f"Something went wrong while executing your query. Please include `SIM:{len(path)}` when reporting this."

    def change(body: Any) -> Any:  # noqa: ANN401
        holder = body.get("data") or {}
        for name in path[:-1]:
            holder = holder.get(name) or {}
        holder[path[-1]] = None
        return {**body, "errors": [*body.get("errors", ()), {"path": list(path), "message": message}]}

    return Rewritten(change)


def with_value(key: str, value: object, *, most: int = 1) -> Rewritten:
    """The true answer in which the first `most` values under this key are another: an unknown enum value, a null."""
    return Rewritten(lambda body: _each(body, key, [most], lambda holder: holder.__setitem__(key, value)))


def without(key: str, *, most: int = 1 << 30) -> Rewritten:
    """The true answer in which this key is missing."""
    return Rewritten(lambda body: _each(body, key, [most], lambda holder: holder.pop(key)))


def renamed(old: str, new: str) -> Done:
    """The repository (owner/name) gets another name."""
    return Done(lambda changes: changes.renamed.__setitem__(old, new))


def deleted(name: str) -> Done:
    """The repository is deleted."""
    return Done(lambda changes: changes.gone.add(name))


def hidden(name: str) -> Done:
    """The repository is made private, out of the token's sight."""
    return Done(lambda changes: changes.hidden.add(name))


def archived(name: str) -> Done:
    """The repository is archived."""
    return Done(lambda changes: changes.archived.add(name))


def emptied(name: str) -> Done:
    """The repository has neither commits nor branches any more; what people said about them stays."""
    return Done(lambda changes: changes.emptied.add(name))


def default_branch(name: str, branch: str) -> Done:
    """The repository's default branch is renamed."""
    return Done(lambda changes: changes.default_branches.__setitem__(name, branch))


def rewound(name: str, at: float) -> Done:
    """The repository's default branch is forced back to what it was at that time."""
    return Done(lambda changes: changes.rewound.__setitem__(name, at))


class Rule(msgspec.Struct):
    """A fault, for which requests, and how often still."""

    fault: Fault
    nth: int | None
    path: str | None
    query: str | None
    left: int


class Faults:
    """The faults that are still to come; a request gets the first that fits it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(
        self, fault: Fault, *, nth: int | None = None, path: str | None = None, query: str | None = None, times: int = 1
    ) -> None:
        """For the `nth` request from 1, those whose path or whose GraphQL text matches; without all: the next."""
        with self._lock:
            self._rules.append(Rule(fault, nth, path, query, times))

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._rules.clear()

    def choose(self, number: int, path: str, query: str) -> Fault | None:
        """The fault for this request, which is used up by it."""
        with self._lock:
            for rule in self._rules:
                if rule.left and _fits(rule, number, path, query):
                    rule.left -= 1
                    return rule.fault
        return None


def _fits(rule: Rule, number: int, path: str, query: str) -> bool:
    return (
        rule.nth in {None, number}
        and (rule.path is None or re.search(rule.path, path) is not None)
        and (rule.query is None or re.search(rule.query, query) is not None)
    )


def _each(body: Any, key: str, left: list[int], change: Callable[[dict[str, Any]], object]) -> Any:  # noqa: ANN401
    if isinstance(body, list):
        for one in body:
            _each(one, key, left, change)
    elif isinstance(body, dict):
        if key in body and left[0] > 0:
            left[0] -= 1
            change(body)
        for one in list(body.values()):
            _each(one, key, left, change)
    return body
