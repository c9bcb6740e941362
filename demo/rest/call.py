"""A REST request as its handler sees it, and the answer that it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from demo.graph import Graph
    from demo.records import Repository
    from demo.world import View

DOCS = "https://docs.github.example/rest (SIMULATED)"


class Reply(msgspec.Struct, frozen=True):
    """A status, a JSON body (`None`: none) and more headers."""

    status: int
    body: Any
    headers: dict[str, str] = {}


class Refused(Exception):  # noqa: N818
    """The handler cannot answer; `reply` says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.reply = refusal(status, message)


class Call(msgspec.Struct, frozen=True):
    """One request: the moment, the repository if the path names one, its parts, its query, where the API lives."""

    view: View
    base: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        if self.found is None:
            raise Refused(404, "Not Found")
        return self.found

    @property
    def graph(self) -> Graph:
        """Its commits."""
        return self.view.graph(self.repository)

    @property
    def home(self) -> str:
        """The repository's own address."""
        return f"{self.base}/repos/{self.repository.full_name}"

    def number(self, name: str, default: int, most: int) -> int:
        """A number of the query between 1 and `most`; GitHub takes nonsense for the default."""
        text = self.query.get(name, "")
        return min(max(int(text), 1), most) if text.isdigit() else default


def refusal(status: int, message: str) -> Reply:
    """An error as GitHub writes it."""
    return Reply(status, {"message": message, "documentation_url": DOCS, "status": str(status)})


def paged(
    call: Call, items: Sequence[Any], make: Callable[[Any], Any], *, under: str = "", shown: int | None = None
) -> Reply:
    """A page of a list with its Link header; `under` wraps it with `total_count`, `shown` caps what can be reached."""
    size, page = call.number("per_page", 30, 100), call.number("page", 1, 10**9)
    reachable = items if shown is None else items[:shown]
    body: Any = [make(one) for one in reachable[(page - 1) * size : page * size]]
    if under:
        body = {"total_count": len(items), under: body}
    last = max(1, -(-len(reachable) // size))
    links = []
    if page < last:
        links += [_link(call, page + 1, "next"), _link(call, last, "last")]
    if page > 1:
        links += [_link(call, 1, "first"), _link(call, min(page - 1, last), "prev")]
    return Reply(200, body, {"Link": ", ".join(links)} if links else {})


def _link(call: Call, page: int, relation: str) -> str:
    query = urlencode({**call.query, "page": page})
    return f'<{call.base}{call.path}?{query}>; rel="{relation}"'
