"""From a request to the bytes of its answer: who asks, what it costs, what goes wrong, what GitHub would say."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from demo import faults
from demo.graphql.execute import Invalid, prepare, run
from demo.rest.call import Reply, refusal
from demo.rest.routes import answer as rest_answer
from demo.stamp import http_date, stamp

if TYPE_CHECKING:
    from demo.limits import Budget
    from demo.server import Server

GHES = "/api/v3"
TOKEN_LIFE = 3_600


class Request(msgspec.Struct, frozen=True):
    """A request as it came; `text` is the GraphQL document."""

    method: str
    prefix: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    number: int
    target: str
    text: str = ""
    variables: dict[str, Any] = {}
    operation: str | None = None
    readable: bool = True

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str], body: bytes, number: int) -> Request:
        """The parts of a request."""
        url = urlsplit(target)
        path = {"/api/graphql": "/graphql"}.get(url.path, url.path)
        prefix = GHES if path.startswith(f"{GHES}/") else ""
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        made = cls(method, prefix, path.removeprefix(prefix), query, headers, number, target)
        if made.path != "/graphql":
            return made
        try:
            sent = msgspec.json.decode(body)
        except msgspec.DecodeError:
            sent = None
        if not isinstance(sent, dict) or not isinstance(sent.get("query"), str):
            return msgspec.structs.replace(made, readable=False)
        more = {"variables": sent.get("variables") or {}, "operation": sent.get("operationName")}
        return msgspec.structs.replace(made, text=sent["query"], **more)

    @property
    def is_graphql(self) -> bool:
        """Whether it goes to GraphQL."""
        return self.path == "/graphql"

    @property
    def token(self) -> str:
        """What came as authorisation, without the scheme."""
        return self.headers.get("authorization", "").partition(" ")[2]


class Served(msgspec.Struct, frozen=True):
    """A request that was answered: `cost` is what it took from the budget, status 0 a broken connection."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    cost: int
    resource: str
    nodes: int = 0
    operation: str | None = None
    text: str = ""
    unknown: tuple[str, ...] = ()
    fault: str = ""


class Desk:
    """Answers one request."""

    def __init__(self, server: Server, request: Request, fault: faults.Fault | None) -> None:
        self.server, self.request, self.fault = server, request, fault
        self.resource = "graphql" if request.is_graphql else "core"
        self.budget: Budget = server.limits.budget(self.resource)
        self.unknown: tuple[str, ...] = ()
        self.nodes = 0
        self.recorded: Served | None = None

    def record(self, status: int, cost: int) -> None:
        """Writes the request down."""
        asked, name = self.request, type(self.fault).__name__ if self.fault else ""
        self.recorded = Served(
            asked.method, asked.prefix + asked.path, asked.query, status, cost, self.resource, self.nodes,
            asked.operation, asked.text, self.unknown, name,
        )  # fmt: skip
        with self.server.lock:
            self.server.requests.append(self.recorded)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        if isinstance(self.fault, faults.Done):
            self.fault.change(self.server.changes)
        if isinstance(self.fault, faults.Answer):
            return self._sent(self.fault.status, self.fault.headers, self.fault.body.encode(), 0)
        refused = self._refused()
        if refused is not None:
            return self._finish(refused, 0)
        reply, cost = self._graphql() if self.request.is_graphql else self._rest()
        return self._finish(reply, cost)

    def _refused(self) -> Reply | None:
        server, token = self.server, self.request.token
        if isinstance(self.fault, faults.Exhausted):
            self.budget = server.limits.exhaust(self.resource)
            return self._exhausted(self.fault.status)
        if server.limits.too_fast(self.resource, 1):
            body = {"message": faults.SECONDARY, "documentation_url": "SIMULATED"}
            return Reply(403, body, {"Retry-After": str(server.limits.rates.retry_after)})
        if not token:
            return refusal(401, "Requires authentication")
        if server.tokens is not None and token not in server.tokens and not self._is_fresh(token):
            return refusal(401, "Bad credentials")
        return None

    def _is_fresh(self, token: str) -> bool:
        if self.request.path.startswith("/app/"):
            return token.count(".") == 2
        head, _, made = token.rpartition("at")
        return head.startswith("ghs_simulated") and made.isdigit() and self.server.clock() < int(made) + TOKEN_LIFE

    def _exhausted(self, status: int = 403) -> Reply:
        said = "API rate limit exceeded for user ID 1. (SIMULATED)"
        if self.request.is_graphql:
            return Reply(200, {"errors": [{"type": "RATE_LIMITED", "message": said}]})
        return refusal(status, said)

    def _rest(self) -> tuple[Reply, int]:
        server, asked = self.server, self.request
        if asked.path == "/rate_limit":
            return self._rate_limit(), 0
        if self.budget.remaining == 0 and not server.limits.rates.unlimited:
            return self._exhausted(), 0
        method = "GET" if asked.method == "HEAD" else asked.method
        reply, self.unknown = rest_answer(server.view(), server.url + asked.prefix, method, asked.path, asked.query)
        text = msgspec.json.encode(reply.body)
        if reply.status == 200 and asked.method in {"GET", "HEAD"}:
            mark = hashlib.sha256(asked.token.encode() + text).hexdigest()
            reply = msgspec.structs.replace(reply, headers={**reply.headers, "ETag": f'W/"{mark}"'})
            if f'W/"{mark}"' in asked.headers.get("if-none-match", ""):
                return Reply(304, None, reply.headers), 0
        _, self.budget = server.limits.charge(self.resource, 1)
        return reply, 1

    def _rate_limit(self) -> Reply:
        limits = self.server.limits
        if limits.rates.unlimited:
            return refusal(404, "Rate limiting is not enabled.")
        found = {name: limits.budget(name).body() for name in ("core", "graphql", "search")}
        return Reply(200, {"resources": found, "rate": found["core"]})

    def _graphql(self) -> tuple[Reply, int]:
        server, asked = self.server, self.request
        if asked.method != "POST":
            return refusal(404, "Not Found"), 0
        if not asked.readable:
            return refusal(400, "Problems parsing JSON"), 0
        try:
            query = prepare(asked.text, asked.variables, asked.operation, server.without)
        except Invalid as error:
            return Reply(200, {"errors": error.bodies}), 0
        self.nodes = query.cost.nodes
        paid, self.budget = server.limits.charge("graphql", query.cost.points)
        if not paid:
            return self._exhausted(), 0
        if server.heaviest is not None and query.cost.nodes > server.heaviest:
            return Reply(504, {"message": faults.SLOW}), query.cost.points
        return Reply(200, run(query, server.view(), self._rate(query.cost.points))), query.cost.points

    def _rate(self, points: int) -> dict[str, Any] | None:
        if self.server.limits.rates.unlimited:
            return None
        now = self.budget
        left = {"limit": now.limit, "remaining": now.remaining, "used": now.used, "resetAt": stamp(now.reset)}
        return {**left, "cost": points, "nodeCount": self.nodes}

    def _finish(self, reply: Reply, cost: int) -> tuple[int, dict[str, str], bytes]:
        body = reply.body
        if isinstance(self.fault, faults.Rewritten):
            body = self.fault.change(body)
        text = b"" if body is None else msgspec.json.encode(body)
        if isinstance(self.fault, faults.Truncated):
            text = text[: len(text) // 2]
        return self._sent(reply.status, reply.headers, text, cost)

    def _sent(self, status: int, more: dict[str, str], text: bytes, cost: int) -> tuple[int, dict[str, str], bytes]:
        self.record(status, cost)
        headers = {
            "Date": http_date(self.server.clock() + self.server.skew),
            "Server": "simulated-github",
            "X-GitHub-Request-Id": f"SIM:{self.request.number:X}",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "Content-Type": "application/json; charset=utf-8",
        }
        if not self.server.limits.rates.unlimited:
            headers |= self.budget.headers()
        return status, {**headers, **more}, text
