"""The organisation's own truth, from its history by the definitions of the catalogue, never through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.truth.book import Book, Happening, Key, Tags, Truth
from demo.truth.commits import tell_commits
from demo.truth.delivery import tell_delivery
from demo.truth.flow import tell_flow
from demo.truth.pulls import tell_pulls
from demo.truth.repository import tell_repository
from demo.truth.runs import tell_runs
from demo.truth.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from common.window import Window
    from demo.graph import Graph

__all__ = ["Book", "Happening", "Key", "Settings", "Tags", "Truth", "repository_truth"]


def repository_truth(graph: Graph, settings: Settings, window: Window, at: float, bots: Iterable[str] = ()) -> Truth:
    """Every number of the github and delivery sections for one repository, as it was known at `at`."""
    book = Book(graph, settings, window, at, frozenset(bots))
    for tell in (tell_pulls, tell_flow, tell_commits, tell_runs, tell_repository, tell_delivery):
        tell(book)
    return book.truth()
