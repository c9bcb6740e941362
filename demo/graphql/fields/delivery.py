"""Deployments and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.graphql.connections import Connection
from demo.graphql.fields import issues, pulls
from demo.graphql.fields.people import SITE
from demo.graphql.fields.repositories import FIELDS as REPOSITORIES
from demo.graphql.items import Item, actor, node_id, person
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import DeploymentStatus

STATES = {"success": "ACTIVE", "failure": "FAILURE", "error": "ERROR", "inactive": "INACTIVE"}
REPOSITORIES["Repository"] |= {**issues.ON_REPOSITORY, **pulls.ON_REPOSITORY}


def seen_statuses(item: Item) -> list[DeploymentStatus]:
    """The statuses so far, newest first."""
    return [one for one in reversed(item.record.statuses) if one.at <= item.view.now]


def _status(item: Item, status: DeploymentStatus) -> Item:
    return item.other("DeploymentStatus", (item.record, status))


def _statuses(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    return Connection(seen_statuses(item), lambda one: _status(item, one), args)


def _state(item: Item) -> str:
    newest = seen_statuses(item)
    return STATES.get(newest[0].state, newest[0].state.upper()) if newest else "PENDING"


def _updated(item: Item) -> str:
    newest = seen_statuses(item)
    return stamp(newest[0].at if newest else item.record.created)


def _latest(item: Item) -> bool:
    published = [one for one in item.view.releases(item.repository) if one.published and not one.prerelease]
    return bool(published) and published[-1] == item.record


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Deployment": {
        "id": lambda one: node_id("Deployment", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "commitOid": lambda one: one.record.sha,
        "commit": lambda one: one.other("Commit", one.repository.commits[one.record.sha]),
        "createdAt": lambda one: stamp(one.record.created),
        "updatedAt": _updated,
        "creator": lambda one: actor(one, one.record.creator or next(iter(one.view.accounts))),
        "description": lambda _one: "SIMULATED",
        "latestEnvironment": lambda one: one.record.environment,
        "originalEnvironment": lambda one: one.record.environment,
        "state": _state,
        "latestStatus": lambda one: _status(one, seen_statuses(one)[0]) if seen_statuses(one) else None,
        "statuses": _statuses,
        "ref": lambda _one: None,
    },
    "DeploymentStatus": {
        "id": lambda one: node_id("DeploymentStatus", one.repository.id, one.record[1].id),
        "createdAt": lambda one: stamp(one.record[1].at),
        "updatedAt": lambda one: stamp(one.record[1].at),
        "creator": lambda one: actor(one, one.record[0].creator or next(iter(one.view.accounts))),
        "description": lambda _one: "SIMULATED",
        "environment": lambda one: one.record[0].environment,
        "state": lambda one: one.record[1].state.upper(),
        "deployment": lambda one: one.other("Deployment", one.record[0]),
    },
    "Release": {
        "id": lambda one: node_id("Release", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "name": lambda one: one.record.tag,
        "tagName": lambda one: one.record.tag,
        "createdAt": lambda one: stamp(one.record.created),
        "publishedAt": lambda one: maybe(one.record.published),
        "updatedAt": lambda one: stamp(one.record.published or one.record.created),
        "isDraft": lambda one: one.record.published is None,
        "isPrerelease": lambda one: one.record.prerelease,
        "isLatest": _latest,
        "author": lambda one: person(one, one.record.author),
        "tagCommit": lambda one: one.other("Commit", one.repository.commits[one.record.sha]),
        "url": lambda one: f"{SITE}/{one.repository.full_name}/releases/{one.record.tag}",
    },
}
