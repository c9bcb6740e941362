"""Issues and labels, and how lists of issues and pull requests are filtered and sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.connections import Connection
from demo.graphql.fields.people import SITE
from demo.graphql.items import Item, actor, node_id
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demo.records import Issue, Pull


def sorted_subjects(item: Item, kind: str, seen: Sequence[Any], args: dict[str, Any]) -> Connection:
    """Issues or pull requests in the order that was asked for."""
    order, now = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}, item.view.now

    def key(one: Pull | Issue) -> list[Any]:
        if order["field"] == "UPDATED_AT":
            return [facts.updated_at(one, now), one.number]
        count = sum(comment.at <= now for comment in one.comments)
        return [count if order["field"] == "COMMENTS" else one.created, one.number]

    return Connection(seen, lambda one: item.other(kind, one), args, key=key, down=order["direction"] == "DESC")


def subjects(item: Item, kind: str, every: Sequence[Any], args: dict[str, Any]) -> Connection:
    """Issues or pull requests that fit the arguments."""
    now, wanted = item.view.now, args.get("states")
    labels, base, head = set(args.get("labels") or ()), args.get("baseRefName"), args.get("headRefName")
    since = (args.get("filterBy") or {}).get("since")
    seen = [
        one
        for one in every
        if one.created <= now
        and (not wanted or facts.state(one, now) in wanted)
        and (not labels or labels & set(one.labels))
        and (base is None or one.base == base)
        and (head is None or one.head == head)
        and (since is None or stamp(facts.updated_at(one, now)) >= since)
    ]
    return sorted_subjects(item, kind, seen, args)


def _issue(item: Item, *, number: int) -> Item | None:
    found = next((one for one in item.repository.issues if one.number == number), None)
    return None if found is None or found.created > item.view.now else item.other("Issue", found)


def labels(item: Item, **args: object) -> Connection:
    """The labels of an issue or a pull request."""
    return Connection(item.record.labels, lambda name: item.other("Label", name), args)


def comments(item: Item, **args: object) -> Connection:
    """The comments so far."""
    seen = [one for one in item.record.comments if one.at <= item.view.now]
    return Connection(seen, lambda one: item.other("IssueComment", one), args)


def _comment(kind: str) -> dict[str, Callable[..., Any]]:
    return {
        "id": lambda one: node_id(kind, one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "createdAt": lambda one: stamp(one.record.at),
        "author": lambda one: actor(one, one.record.author),
    }


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Issue": {
        "id": lambda one: node_id("Issue", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "url": lambda one: f"{SITE}/{one.repository.full_name}/issues/{one.record.number}",
        "state": lambda one: facts.state(one.record, one.view.now),
        "createdAt": lambda one: stamp(one.record.created),
        "updatedAt": lambda one: stamp(facts.updated_at(one.record, one.view.now)),
        "closedAt": lambda one: maybe(facts.closed_at(one.record, one.view.now)),
        "closed": lambda one: facts.state(one.record, one.view.now) != "OPEN",
        "author": lambda one: actor(one, one.record.author),
        "labels": labels,
        "comments": comments,
    },
    "Label": {
        "id": lambda one: node_id("Label", one.repository.id, one.record),
        "name": lambda one: one.record,
        "color": lambda _one: "ededed",
    },
    "IssueComment": _comment("IssueComment"),
    "PullRequestReviewComment": _comment("PullRequestReviewComment"),
}
ON_REPOSITORY: dict[str, Callable[..., Any]] = {
    "issues": lambda item, **args: subjects(item, "Issue", item.repository.issues, args),
    "issue": _issue,
}
