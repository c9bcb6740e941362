"""Deployments, their statuses, and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.graphql.items import node_id
from demo.rest.call import Call, Refused, Reply, paged
from demo.rest.shapes import SITE, somebody
from demo.rest.subjects import author
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from demo.records import Deployment, DeploymentStatus, Release


def deployments(call: Call) -> Reply:
    """GET deployments, newest first."""
    query = call.query
    found = [
        one
        for one in reversed(call.repository.deployments)
        if one.created <= call.view.now
        and query.get("environment") in {None, "", one.environment}
        and query.get("sha") in {None, "", one.sha}
        and query.get("ref") in {None, "", one.ref}
        and query.get("task") in {None, "", one.task}
    ]
    return paged(call, found, lambda one: _deployment(call, one))


def statuses(call: Call) -> Reply:
    """GET the statuses of a deployment, newest first."""
    text = call.parts["deployment_id"]
    one: Deployment | None = None
    if text.isdigit():
        one = call.view.record(call.repository, "deployments", int(text))
    if one is None:
        raise Refused(404, "Not Found")
    of, seen = one, [status for status in reversed(one.statuses) if status.at <= call.view.now]
    return paged(call, seen, lambda status: _status(call, of, status))


def releases(call: Call) -> Reply:
    """GET releases, newest first."""
    return paged(call, call.view.releases(call.repository)[::-1], lambda one: _release(call, one))


def _deployment(call: Call, one: Deployment) -> dict[str, Any]:
    home = f"{call.home}/deployments/{one.id}"
    newest = max([one.created, *(status.at for status in one.statuses if status.at <= call.view.now)])
    return {
        "id": one.id,
        "node_id": node_id("Deployment", call.repository.id, one.id),
        "url": home,
        "sha": one.sha,
        "ref": one.ref,
        "task": one.task,
        "payload": {},
        "original_environment": one.environment,
        "environment": one.environment,
        "description": "SIMULATED",
        "creator": somebody(call, one.creator),
        "created_at": stamp(one.created),
        "updated_at": stamp(newest),
        "statuses_url": f"{home}/statuses",
        "repository_url": call.home,
        "transient_environment": one.transient,
        "production_environment": one.environment.lower() == "production",
    }


def _status(call: Call, of: Deployment, one: DeploymentStatus) -> dict[str, Any]:
    home = f"{call.home}/deployments/{of.id}"
    return {
        "id": one.id,
        "node_id": node_id("DeploymentStatus", call.repository.id, one.id),
        "url": f"{home}/statuses/{one.id}",
        "state": one.state,
        "creator": somebody(call, of.creator),
        "description": "SIMULATED",
        "environment": of.environment,
        "target_url": f"{SITE}/deploy/{of.id}",
        "created_at": stamp(one.at),
        "updated_at": stamp(one.at),
        "deployment_url": home,
        "repository_url": call.home,
        "environment_url": f"{SITE}/environment/{of.environment}",
        "log_url": f"{SITE}/log/{one.id}",
    }


def _release(call: Call, one: Release) -> dict[str, Any]:
    home, page = f"{call.home}/releases/{one.id}", f"{SITE}/{call.repository.full_name}/releases"
    return {
        "id": one.id,
        "node_id": node_id("Release", call.repository.id, one.id),
        "url": home,
        "html_url": f"{page}/tag/{one.tag}",
        "assets_url": f"{home}/assets",
        "upload_url": f"{home}/assets{{?name,label}}",
        "tarball_url": f"{call.home}/tarball/{one.tag}",
        "zipball_url": f"{call.home}/zipball/{one.tag}",
        "tag_name": one.tag,
        "target_commitish": one.sha,
        "name": one.tag,
        "body": "SIMULATED",
        "draft": one.published is None,
        "prerelease": one.prerelease,
        "created_at": stamp(one.created),
        "published_at": maybe(one.published),
        "author": author(call, one.author),
        "assets": [],
    }
