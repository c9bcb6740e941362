"""Requests to GitHub's two APIs: counted, within the budget, tried again where that helps, and decoded into types."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from collectors.github.budget import Budget, BudgetError
from collectors.github.client.access import Places, headers
from collectors.github.client.errors import AnswerError, CredentialsError, NotFoundError, RefusedError
from collectors.github.client.limits import Limited, graphql_transience, rest_transience, took_too_long
from collectors.github.client.pause import Pause
from collectors.github.client.query import query
from common.collector import Context
from common.decoding import decode_json
from common.errors import FetchError
from common.http import HttpClient, Response, Transient, retrying
from common.ledger import Cached
from common.telemetry import MASK

T = TypeVar("T")
QUERY_LIMIT = 15.0
"""Seconds that a query may take: GitHub gives up after ten."""
SMALLEST = 5
"""The smallest page that a query that takes too long is cut down to."""
_LONGEST_WORDS = 160
_TIMED_OUT = re.compile(r"something went wrong|timed? ?out|loading|couldn't respond", re.IGNORECASE)


class Problem(msgspec.Struct, frozen=True):
    """One error of a GraphQL answer."""

    message: str = ""
    type: str | None = None
    path: list[str | int] | None = None
    locations: list[dict[str, int]] = []

    @property
    def words(self) -> str:
        """What it says, cut short."""
        text = "".join(letter if letter.isprintable() else " " for letter in self.message)[:_LONGEST_WORDS]
        return f"{self.type}: {text}" if self.type else text

    @property
    def is_one_missing(self) -> bool:
        """Whether one of several things that were asked for does not exist."""
        return self.type == "NOT_FOUND" and self.path != ["repository"] and len(self.path or ()) <= 2

    @property
    def passing(self) -> bool:
        """Whether another try may do better."""
        return self.type is None and bool(_TIMED_OUT.search(self.message))


class _Envelope(msgspec.Struct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[Problem] | None = None

    @property
    def is_empty(self) -> bool:
        return bytes(self.data) == b"null"


class _Message(msgspec.Struct, frozen=True):
    message: str = ""


class Lacking(dict[str, str]):
    """Parts of queries that a repository or server withholds, and why."""


class Api:
    """GitHub for one token. Safe from any thread."""

    def __init__(
        self,
        places: Places,
        token: str,
        context: Context,
        reserve: float,
        *,
        concurrency: int = 8,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """`concurrency` is how many requests may be under way at once."""
        self._places, self._headers, self._secret = places, headers(token), token.encode()
        self._context, self._clock = context, clock
        self._pause = Pause(context.deadline, sleep)
        self.rest_budget = Budget("rest", reserve, context.meter)
        self.graphql_budget = Budget("graphql", reserve, context.meter)
        self.unknown = Lacking()
        self._concurrency = concurrency
        self._turn = threading.BoundedSemaphore(concurrency)
        self._rest = self._client("rest", self.rest_budget, rest_transience)
        self._graphql = self._client("graphql", self.graphql_budget, graphql_transience)

    def get(
        self,
        path: str,
        kind: type[T],
        params: Mapping[str, str] | None = None,
        *,
        budgeted: bool = True,
        cached: Cached | None = None,
    ) -> tuple[T, Response]:
        """The decoded answer of a REST path, or of what is cached if GitHub confirms it; raises `FetchError`."""
        if budgeted:
            self.rest_budget.check()

        def once() -> tuple[T, Response]:
            etag = cached.etag if cached else ""
            url = f"{self._places.rest}{path}"
            response = self._ask(self._rest, self.rest_budget, "GET", url, params=params, etag=etag)
            if response.status == 304 and cached:
                response = msgspec.structs.replace(response, status=200, body=cached.body)
            _refuse(response)
            return _decoded(response, kind), response

        return self._surely("rest", once)

    def ask(
        self,
        name: str,
        variables: Mapping[str, Any],
        kind: type[T],
        lacking: Lacking,
        *,
        times: int = 1,
        some: bool = False,
    ) -> T:
        """The decoded data of a query. What this server or repository withholds is added to `lacking` and left out.

        A query that takes too long is asked again with half of `first`. `some`: single things may be missing, and are
        null then. Raises `FetchError` and its kinds.
        """
        asked = dict(variables)

        def once() -> T:
            while True:
                self.graphql_budget.check()
                data = self._data(name, asked, lacking, times, some)
                if data is not None:
                    return _typed(data, kind, name)

        return self._surely("graphql", once)

    def _data(self, name: str, asked: dict[str, Any], lacking: Lacking, times: int, some: bool) -> msgspec.Raw | None:
        """The data, or `None` where the query must be asked again without what `lacking` now names."""
        found = query(name, frozenset(lacking), times)
        body = msgspec.json.encode({"query": found.text, "variables": asked})
        response = self._ask(self._graphql, self.graphql_budget, "POST", self._places.graphql, body, QUERY_LIMIT)
        if took_too_long(response):
            raise self._less(asked, f"answered {response.status}")
        _refuse(response)
        envelope = _decoded(response, _Envelope)
        serious = [each for each in envelope.errors or () if not (some and each.is_one_missing)]
        for problem in serious:
            part = found.part_of([at.get("line", 0) for at in problem.locations], problem.path or ())
            if part is None or problem.passing:
                self._raise(problem, name, asked)
            else:
                lacking[part] = f"GitHub withholds {part.replace('_', ' ')}: {problem.words}"
                if envelope.is_empty and problem.type is None:
                    self.unknown[part] = lacking[part]
        if not serious and envelope.is_empty:
            raise AnswerError(f"GraphQL {name}: the answer has no data")
        return None if serious else envelope.data

    def _raise(self, problem: Problem, name: str, asked: dict[str, Any]) -> None:
        if problem.type == "NOT_FOUND" and problem.path == ["repository"]:
            raise NotFoundError("GitHub shows no such repository to this token: deleted, made private, or misspelt")
        if problem.type in {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            raise RefusedError(f"GraphQL {name}: {problem.words}")
        if problem.passing:
            raise self._less(asked, "the query took too long")
        raise AnswerError(f"GraphQL {name}: {problem.words}")

    def _less(self, asked: dict[str, Any], why: str) -> Transient:
        """Halve every page that the query asks for; what to raise so that it is asked again."""
        for key in ("first", "branches", "issues", "releases", "commits"):
            if asked.get(key):
                asked[key] = max(min(SMALLEST, asked[key]), asked[key] // 2)
        return Transient(why)

    def _ask(
        self,
        client: HttpClient,
        budget: Budget,
        method: str,
        url: str,
        data: bytes | None = None,
        limit: float = 30.0,
        params: Mapping[str, str] | None = None,
        etag: str = "",
    ) -> Response:
        carried = {**self._headers, "If-None-Match": etag} if etag else self._headers
        try:
            with self._turn:
                self._pause.keep()
                response = client.request(method, url, headers=carried, data=data, params=params, limit=limit)
        except FetchError:
            if budget.used_up:
                raise BudgetError(budget.words()) from None
            raise
        if self._secret not in response.body:
            return response
        # A name or a message that repeats the token would be kept in the ledger.
        return msgspec.structs.replace(response, body=response.body.replace(self._secret, MASK.encode()))

    def _surely(self, target: str, once: Callable[[], T]) -> T:
        """Call it again after what may pass: a text that breaks off, a query that took too long."""
        try:
            return retrying(target, self._context.deadline, self._context.meter, attempts=4, sleep=self._pause.nap)(
                once
            )
        except Transient as error:
            raise FetchError(f"GitHub's {target} API: {error.reason}, every time") from None

    def _client(
        self, api: str, budget: Budget, transience: Callable[[Response, float], Transient | None]
    ) -> HttpClient:
        def watched(response: Response, now: float) -> Transient | None:
            budget.observe(response.headers)
            found = transience(response, now)
            if isinstance(found, Limited):
                self._pause.begin(found.seconds)
            return found

        return HttpClient(
            api,
            self._context.deadline,
            self._context.meter,
            transience=watched,
            clock=self._clock,
            sleep=self._pause.nap,
            pool=self._concurrency,
        )


def _refuse(response: Response) -> None:
    """Raise for an answer that is no success."""
    if response.status < 300:
        return
    words = f"{response.place}: answered {response.status}"
    if response.status == 401:
        raise CredentialsError(f"{words}: the token is not valid; renew it")
    said = _said(response)
    if response.status == 403:
        sso = (
            " (authorise the token for the organisation's single sign-on)" if "x-github-sso" in response.headers else ""
        )
        raise RefusedError(f"{words}{said}{sso}")
    if response.status == 404:
        raise RefusedError(f"{words}: not there, or the token lacks the right")
    raise FetchError(f"{words}{said}")


def _said(response: Response) -> str:
    try:
        message = response.json(_Message).message
    except msgspec.DecodeError:
        return ""
    shown = "".join(letter if letter.isprintable() else " " for letter in message)[:_LONGEST_WORDS]
    return f": {shown}" if shown else ""


def _decoded(response: Response, kind: type[T]) -> T:
    try:
        return response.json(kind)
    except msgspec.ValidationError as error:
        raise AnswerError(f"{response.place}: not what GitHub describes: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Transient("an answer that breaks off or is no JSON") from None


def _typed(data: msgspec.Raw, kind: type[T], name: str) -> T:
    try:
        return decode_json(data, kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AnswerError(f"GraphQL {name}: not what GitHub describes: {error}") from None
