"""What every section needs to read its part of one repository, and how pages follow each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import UnsetType

from collectors.github.client.api import Api, Lacking
from collectors.github.client.errors import AnswerError, CredentialsError, RefusedError
from collectors.github.raw import Page
from collectors.github.records import Unavailable
from collectors.github.rules import Rules
from common.errors import DeadlineError, FetchError
from common.ledger import Cached
from common.window import DAY, Window

T = TypeVar("T")
R = TypeVar("R")
MOST = 100
"""The largest page that GitHub gives."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of one repository."""

    scope: str
    since: float
    window: Window
    delivery_window: Window
    rules: Rules
    environment: str = "production"
    look_back: float = 2 * DAY
    """How long before the time that is asked for a workflow run may have been created and still be found."""

    @property
    def start(self) -> float:
        """From when on what delivery needs is wanted, too."""
        return min(self.since, self.delivery_window.start)


class Look(msgspec.Struct, frozen=True):
    """One look at one repository; `owner` and `name` are its present ones."""

    api: Api
    wish: Wish
    owner: str
    name: str
    lacking: Lacking
    pages: Executor
    cached: Callable[[str], Cached | None]
    answers: dict[str, Cached]

    def ask(self, name: str, kind: type[T], *, times: int = 1, some: bool = False, **variables: Any) -> T:  # noqa: ANN401
        """The answer to a query about this repository."""
        return self.api.ask(
            name, {"owner": self.owner, "name": self.name, **variables}, kind, self.lacking, times=times, some=some
        )

    def get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """The answer of a REST path below the repository's own."""
        return self.api.get(f"/repos/{self.owner}/{self.name}{path}", kind, params)[0]

    def get_again(self, path: str, kind: type[T], params: Mapping[str, str]) -> T:
        """The same for what is often as it was: asked with the ETag of the last answer, and kept for the next run."""
        key = _key(path, params)
        full = f"/repos/{self.owner}/{self.name}{path}"
        value, response = self.api.get(full, kind, params, cached=self.cached(key))
        if etag := response.headers.get("etag"):
            self.answers[key] = Cached(etag, response.body, self.wish.window.end)
        return value

    def get_anew(self, path: str, kind: type[T], params: Mapping[str, str], short: Callable[[T], T]) -> T:
        """The answer, of which only what `short` makes of it is kept for the next run's `get_changed`."""
        return self._shortened(path, kind, params, short, None)

    def get_changed(self, path: str, kind: type[T], params: Mapping[str, str], short: Callable[[T], T]) -> T:
        """The answer; where GitHub says that it is as it was the last time, what `short` made of that."""
        return self._shortened(path, kind, params, short, self.cached(_key(path, params)))

    def _shortened(
        self, path: str, kind: type[T], params: Mapping[str, str], short: Callable[[T], T], kept: Cached | None
    ) -> T:
        key = _key(path, params)
        value, response = self.api.get(f"/repos/{self.owner}/{self.name}{path}", kind, params, cached=kept)
        if etag := response.headers.get("etag"):
            same = kept is not None and response.body is kept.body
            body = response.body if same else msgspec.json.encode(short(value))
            self.answers[key] = Cached(etag, body, self.wish.window.end)
        return value

    def at_once(self, read: Callable[[T], R], wanted: Sequence[T]) -> list[R]:
        """Several reads at the same time, in order; the first failure is raised."""
        return list(self.pages.map(read, wanted))

    def present(self, value: T | UnsetType, part: str) -> T | None:
        """A value that was asked for; `None` where its part is withheld. Raises `AnswerError` where it is missing."""
        if not isinstance(value, UnsetType):
            return value
        if part not in self.lacking:
            raise AnswerError(f"GitHub's answer has no {part.replace('_', ' ')}, though it was asked for")
        return None


def _key(path: str, params: Mapping[str, str]) -> str:
    return f"{path}?{'&'.join(f'{name}={text}' for name, text in sorted(params.items()))}"


def following(ask: Callable[[int, str | None], Page[T]], first: int, page: Page[T] | None = None) -> Iterator[Page[T]]:
    """Page after page, beginning with one that is there already. Pages that GitHub had to be spared stay small."""
    size = max(1, min(MOST, first))
    while True:
        if page is None:
            page = ask(size, None)
        yield page
        if not page.page_info.has_next_page:
            return
        if not page.page_info.end_cursor:
            raise AnswerError("GitHub says that there is another page, but not where it begins")
        page = ask(size, page.page_info.end_cursor)
        if page.page_info.has_next_page and 0 < len(page.nodes) < size:
            size = len(page.nodes)


def even(count: int, most: int = MOST) -> int:
    """A page size that reads so many things in as few pages as possible, with a little room for new ones."""
    wanted = max(1, count + 2)
    return -(-wanted // -(-wanted // most))


def stamp(time: float) -> str:
    """A time as GitHub writes it, in whole seconds."""
    return datetime.fromtimestamp(int(time), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def attempted(read: Callable[[], R]) -> R | Unavailable:
    """What is read, or why it could not be; what ends the whole run is raised."""
    try:
        return read()
    except (DeadlineError, CredentialsError):
        raise
    except FetchError as error:
        return Unavailable(str(error))


def page_of(look: Look, found: R | UnsetType | None, part: str) -> R:
    """What the first answer brought of a section; raises `RefusedError` where that is withheld."""
    if isinstance(found, UnsetType) or found is None:
        raise RefusedError(look.lacking.get(part) or f"GitHub does not show {part} to this token")
    return found
