"""Repositories, their branches and the lists that hang on them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.connections import Connection
from demo.graphql.fields.people import SITE
from demo.graphql.items import Item, node_id, person
from demo.records import Branch, Push
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demo.records import Alert, Release, Repository


def listed(item: Item, args: dict[str, Any]) -> Connection:
    """The organisation's repositories."""
    order = args.get("orderBy") or {"field": "NAME", "direction": "ASC"}
    fork, archived, privacy = args.get("isFork"), args.get("isArchived"), args.get("privacy")
    seen = [
        one
        for one in item.view.repositories()
        if fork in {None, one.is_fork}
        and archived in {None, one.archived <= item.view.now}
        and privacy in {None, "PRIVATE" if one.private else "PUBLIC"}
    ]
    keys: dict[str, Callable[[Repository], list[Any]]] = {
        "NAME": lambda one: [one.name],
        "PUSHED_AT": lambda one: [item.view.pushed_at(one) or 0, one.name],
        "UPDATED_AT": lambda one: [item.view.pushed_at(one) or 0, one.name],
        "STARGAZERS": lambda one: [bisect_right(one.stars, item.view.now), one.name],
        "CREATED_AT": lambda one: [one.created, one.name],
    }
    down = order["direction"] == "DESC"

    def make(one: Repository) -> Item:
        return Item("Repository", item.view, one, one)

    return Connection(seen, make, args, key=keys[order["field"]], down=down)


def ref_item(item: Item, branch: Branch) -> Item:
    """A branch."""
    return item.other("Ref", branch)


def _refs(item: Item, *, refPrefix: str, **args: Any) -> Connection | None:  # noqa: N803, ANN401
    if refPrefix == "refs/tags/":
        seen = [one for one in item.repository.releases if one.published and one.published <= item.view.now]
        tags = [Branch(one.tag, (Push(one.sha, one.created),)) for one in seen]
        return Connection(tags, lambda one: item.other("Tag", one), args, key=lambda one: [one.name])
    wanted = args.get("query") or ""
    branches = [one for one in item.view.branches(item.repository) if wanted in one.name]
    down = args.get("direction") == "DESC" or (args.get("orderBy") or {}).get("direction") == "DESC"
    return Connection(branches, lambda one: ref_item(item, one), args, key=lambda one: [one.name], down=down)


def _ref(item: Item, *, qualifiedName: str) -> Item | None:  # noqa: N803
    name = qualifiedName.removeprefix("refs/heads/")
    found = next((one for one in item.view.branches(item.repository) if one.name == name), None)
    return None if found is None else ref_item(item, found)


def _object(item: Item, *, oid: str | None = None, expression: str | None = None) -> Item | None:
    name = oid or expression or ""
    branch = next((one for one in item.view.branches(item.repository) if one.name == name), None)
    sha = item.view.tip(item.repository, branch) if branch else name
    commit = item.repository.commits.get(sha)
    return None if commit is None else item.other("Commit", commit)


def _deployments(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    wanted = set(args.get("environments") or ())
    seen = [
        one
        for one in item.repository.deployments
        if one.created <= item.view.now and (not wanted or one.environment in wanted)
    ]
    down = (args.get("orderBy") or {}).get("direction") == "DESC"

    def key(one: Any) -> list[Any]:  # noqa: ANN401
        return [one.created, one.id]

    return Connection(seen, lambda one: item.other("Deployment", one), args, key=key, down=down)


def _environments(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    seen = [one for one in item.repository.deployments if one.created <= item.view.now]
    names = sorted({one.environment for one in seen})
    return Connection(names, lambda one: item.other("Environment", one), args, key=lambda one: [one])


def _releases(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    down = (args.get("orderBy") or {"direction": "DESC"})["direction"] == "DESC"

    def key(one: Release) -> list[Any]:
        return [one.created, one.id]

    return Connection(
        item.view.releases(item.repository), lambda one: item.other("Release", one), args, key=key, down=down
    )


def _alerts(item: Item, **args: Any) -> Connection | None:  # noqa: ANN401
    wanted = args.get("states")

    def state(alert: Alert) -> str:
        return "OPEN" if item.view.now < alert.closed else "FIXED"

    seen = [
        one for one in item.repository.alerts if one.opened <= item.view.now and state(one) in (wanted or [state(one)])
    ]
    return Connection(seen, lambda one: item.other("RepositoryVulnerabilityAlert", one), args)


def _people(item: Item, times: Sequence[int], args: dict[str, Any]) -> Connection:
    logins = list(item.view.accounts)
    seen = range(bisect_right(times, item.view.now))
    return Connection(seen, lambda index: person(item, logins[index % len(logins)]) or item, args)


def _default(item: Item) -> Item | None:
    name = item.repository.default_branch
    return next((ref_item(item, one) for one in item.view.branches(item.repository) if one.name == name), None)


def _queue(item: Item, *, branch: str | None = None) -> Item | None:
    default = item.repository.default_branch
    return item.other("MergeQueue", default) if item.repository.queue and branch in {None, default} else None


def _size(item: Item) -> int:
    return item.view.size(item.repository)


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Repository": {
        "id": lambda one: node_id("Repository", one.record.id),
        "databaseId": lambda one: one.record.id,
        "name": lambda one: one.record.name,
        "nameWithOwner": lambda one: one.record.full_name,
        "owner": lambda one: one.other("Organization", one.record.owner),
        "description": lambda one: f"SIMULATED: {one.record.name} never existed",
        "url": lambda one: f"{SITE}/{one.record.full_name}",
        "createdAt": lambda one: stamp(one.record.created),
        "updatedAt": lambda one: stamp(one.view.pushed_at(one.record) or one.record.created),
        "pushedAt": lambda one: maybe(one.view.pushed_at(one.record)),
        "archivedAt": lambda one: maybe(one.record.archived if one.record.archived <= one.view.now else None),
        "isArchived": lambda one: one.record.archived <= one.view.now,
        "isPrivate": lambda one: one.record.private,
        "isEmpty": lambda one: not one.view.branches(one.record),
        "isDisabled": lambda _one: False,
        "isLocked": lambda _one: False,
        "visibility": lambda one: "PRIVATE" if one.record.private else "PUBLIC",
        "diskUsage": _size,
        "stargazerCount": lambda one: bisect_right(one.record.stars, one.view.now),
        "forkCount": lambda one: bisect_right(one.record.forks, one.view.now),
        "watchers": lambda one, **args: _people(one, one.record.watchers, args),
        "primaryLanguage": lambda one: one.other("Language", one.record.language) if one.record.language else None,
        "refs": _refs,
        "ref": _ref,
        "object": _object,
        "defaultBranchRef": _default,
        "deployments": _deployments,
        "environments": _environments,
        "releases": _releases,
        "latestRelease": lambda one: next(
            (one.other("Release", r) for r in reversed(one.view.releases(one.record)) if r.published), None
        ),
        "mergeQueue": _queue,
        "vulnerabilityAlerts": _alerts,
        "hasVulnerabilityAlertsEnabled": lambda _one: True,
        "hasIssuesEnabled": lambda _one: True,
        "repositoryTopics": lambda one, **args: Connection(
            one.record.topics, lambda topic: one.other("RepositoryTopic", topic), args
        ),
        "mergeCommitAllowed": lambda _one: True,
        "squashMergeAllowed": lambda _one: True,
        "rebaseMergeAllowed": lambda _one: True,
    },
    "Language": {"id": lambda one: node_id("Language", one.record), "name": lambda one: one.record},
    "Environment": {
        "id": lambda one: node_id("Environment", one.repository.id, one.record),
        "databaseId": lambda _one: None,
        "name": lambda one: one.record,
    },
    "RepositoryTopic": {
        "id": lambda one: node_id("RepositoryTopic", one.repository.id, one.record),
        "topic": lambda one: one.other("Topic", one.record),
        "url": lambda one: f"{SITE}/topics/{one.record}",
    },
    "Topic": {"id": lambda one: node_id("Topic", one.record), "name": lambda one: one.record},
    "MergeQueue": {
        "id": lambda one: node_id("MergeQueue", one.repository.id),
        "entries": lambda one, **args: Connection(
            [p for p in one.repository.pulls if facts.queue_entry(p, one.view.now) is not None],
            lambda pull: one.other("MergeQueueEntry", pull),
            args,
        ),
        "nextEntryEstimatedTimeToMerge": lambda _one: 900,
        "url": lambda one: f"{SITE}/{one.repository.full_name}/queue/{one.record}",
    },
    "RepositoryVulnerabilityAlert": {
        "id": lambda one: node_id("RepositoryVulnerabilityAlert", one.repository.id, one.record.id),
        "number": lambda one: one.record.id % 1000,
        "createdAt": lambda one: stamp(one.record.opened),
        "dismissedAt": lambda _one: None,
        "fixedAt": lambda one: maybe(one.record.closed if one.record.closed <= one.view.now else None),
        "state": lambda one: "OPEN" if one.view.now < one.record.closed else "FIXED",
    },
}
