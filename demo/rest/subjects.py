"""Pull requests, reviews and issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.fields import pulls as graphql
from demo.graphql.items import Item, node_id
from demo.rest.call import Call, Refused, Reply, paged
from demo.rest.commits import shape as commit_shape
from demo.rest.shapes import SITE, repository, somebody, user
from demo.stamp import maybe, parse, stamp

if TYPE_CHECKING:
    from demo.records import Account, Issue, Pull, Review

STATES = {"open": {"OPEN"}, "closed": {"CLOSED", "MERGED"}, "all": {"OPEN", "CLOSED", "MERGED"}}
GHOST = "ghost"


def pulls(call: Call) -> Reply:
    """GET pull requests."""
    now, query = call.view.now, call.query
    states = STATES.get(query.get("state", "open"), STATES["open"])
    found = [
        one
        for one in call.repository.pulls
        if one.created <= now
        and facts.state(one, now) in states
        and query.get("base") in {None, "", one.base}
        and query.get("head") in {None, "", f"{call.repository.owner}:{one.head}"}
    ]
    whole = _end_shapes(call)
    return paged(call, _sorted(call, found), lambda one: _simple(call, one, whole))


def pull(call: Call) -> Reply:
    """GET one pull request, with its numbers."""
    one = _pull(call)
    item = Item("PullRequest", call.view, call.repository, one)
    added, deleted, files = graphql.lines(item)
    merged = facts.merged_at(one, call.view.now)
    mergeable: bool | None = {"MERGEABLE": True, "CONFLICTING": False}.get(facts.mergeable(one, call.view.now))
    merger = next((e.actor for e in one.events if e.kind == "merged" and e.at <= call.view.now), None)
    body = {
        **_simple(call, one, _end_shapes(call)),
        "additions": added,
        "deletions": deleted,
        "changed_files": len(files),
        "commits": len(graphql.own_commits(item)),
        "comments": sum(comment.at <= call.view.now for comment in one.comments),
        "review_comments": graphql.comment_count(item) - sum(c.at <= call.view.now for c in one.comments),
        "mergeable": mergeable,
        "mergeable_state": "unknown" if mergeable is None else "clean" if mergeable else "dirty",
        "merged": merged is not None,
        "merged_by": somebody(call, merger),
        "maintainer_can_modify": False,
        "rebaseable": mergeable,
    }
    return Reply(200, body)


def pull_commits(call: Call) -> Reply:
    """GET the commits of a pull request, oldest first; 250 at most."""
    item = Item("PullRequest", call.view, call.repository, _pull(call))
    return paged(call, graphql.own_commits(item)[:250], lambda one: commit_shape(call, one))


def reviews(call: Call) -> Reply:
    """GET the reviews of a pull request, oldest first."""
    one = _pull(call)
    seen = [review for review in one.reviews if review.at <= call.view.now]
    return paged(call, seen, lambda review: _review(call, one, review))


def issues(call: Call) -> Reply:
    """GET issues, pull requests among them as GitHub lists them."""
    now, query = call.view.now, call.query
    states = STATES.get(query.get("state", "open"), STATES["open"])
    labels = {name for name in query.get("labels", "").split(",") if name}
    since = parse(query["since"]) if query.get("since") else 0
    every: list[Issue | Pull] = [*call.repository.issues, *call.repository.pulls]
    found = [
        one
        for one in every
        if one.created <= now
        and facts.state(one, now) in states
        and labels <= set(one.labels)
        and facts.updated_at(one, now) >= since
    ]
    return paged(call, _sorted(call, found), lambda one: _issue(call, one))


def _sorted(call: Call, found: list[Any]) -> list[Any]:
    up = call.query.get("direction") == "asc"
    if call.query.get("sort") == "updated":
        return sorted(found, key=lambda one: (facts.updated_at(one, call.view.now), one.number), reverse=not up)
    return sorted(found, key=lambda one: (one.created, one.number), reverse=not up)


def _pull(call: Call) -> Pull:
    text = call.parts["pull_number"]
    found = call.graph.pulls.get(int(text)) if text.isdigit() and call.repository.pulls else None
    if found is None or found.created > call.view.now:
        raise Refused(404, "Not Found")
    return found


def author(call: Call, login: str | None) -> dict[str, Any]:
    """An account; REST shows a deleted one as the ghost."""
    known = somebody(call, login)
    if known is not None:
        return known
    some: Account = next(iter(call.view.accounts.values()))
    return {**user(call.base, some), "login": GHOST, "id": 10_137, "node_id": node_id("User", 10_137)}


def _end_shapes(call: Call) -> dict[str, Any]:
    return repository(call, call.repository)


def _label(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": sum(map(ord, name)),
        "node_id": node_id("Label", call.repository.id, name),
        "url": f"{call.home}/labels/{name}",
        "name": name,
        "description": "SIMULATED",
        "color": "ededed",
        "default": False,
    }


def _end(call: Call, whole: dict[str, Any], ref: str, sha: str, fork: str | None = None) -> dict[str, Any]:
    login = fork.split("/", 1)[0] if fork else call.repository.owner
    return {
        "label": f"{login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": author(call, login) if fork else whole["owner"],
        "repo": {**whole, "full_name": fork, "id": whole["id"] + 500_000, "fork": True} if fork else whole,
    }


def _simple(call: Call, one: Pull, whole: dict[str, Any]) -> dict[str, Any]:
    now = call.view.now
    merged, head = facts.merged_at(one, now), facts.head(one, now)
    return {
        **_subject(call, one),
        **_pull_links(call, one, head),
        "body": one.body,
        "merged_at": maybe(merged),
        "merge_commit_sha": one.merge_commit if merged is not None else None,
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(call, whole, one.head, head, one.fork),
        "base": _end(call, whole, one.base, facts.base_commit(call.repository, one)),
        "auto_merge": None,
        "draft": facts.is_draft(one, now),
    }


def _subject(call: Call, one: Issue | Pull) -> dict[str, Any]:
    """What issues and pull requests have in common."""
    now, kind = call.view.now, "PullRequest" if hasattr(one, "pushes") else "Issue"
    return {
        "id": one.id,
        "node_id": node_id(kind, call.repository.id, one.id),
        "number": one.number,
        "title": one.title,
        "user": author(call, one.author),
        "labels": [_label(call, name) for name in one.labels],
        "state": "open" if facts.state(one, now) == "OPEN" else "closed",
        "locked": False,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "created_at": stamp(one.created),
        "updated_at": stamp(facts.updated_at(one, now)),
        "closed_at": maybe(facts.closed_at(one, now)),
        "author_association": "MEMBER",
    }


def _pull_links(call: Call, one: Pull, head: str) -> dict[str, Any]:
    home, page = f"{call.home}/pulls/{one.number}", f"{SITE}/{call.repository.full_name}/pull/{one.number}"
    issue = f"{call.home}/issues/{one.number}"
    ends = {
        "comments": f"{issue}/comments",
        "review_comments": f"{home}/comments",
        "review_comment": f"{call.home}/pulls/comments{{/number}}",
        "commits": f"{home}/commits",
        "statuses": f"{call.home}/statuses/{head}",
    }
    links = {"self": home, "html": page, "issue": issue, **ends}
    return {
        "url": home,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        **{f"{name}_url": link for name, link in ends.items()},
        "_links": {name: {"href": link} for name, link in links.items()},
    }


def _review(call: Call, of: Pull, one: Review) -> dict[str, Any]:
    home, page = f"{call.home}/pulls/{of.number}", f"{SITE}/{call.repository.full_name}/pull/{of.number}"
    return {
        "id": one.id,
        "node_id": node_id("PullRequestReview", call.repository.id, one.id),
        "user": somebody(call, one.author),
        "body": "SIMULATED",
        "state": "DISMISSED" if one.dismissed <= call.view.now else one.state,
        "html_url": f"{page}#review-{one.id}",
        "pull_request_url": home,
        "author_association": "MEMBER",
        "_links": {"html": {"href": f"{page}#review-{one.id}"}, "pull_request": {"href": home}},
        "submitted_at": stamp(one.at),
        "commit_id": facts.head(of, one.at),
    }


def _issue(call: Call, one: Issue | Pull) -> dict[str, Any]:
    home, page = f"{call.home}/issues/{one.number}", f"{SITE}/{call.repository.full_name}"
    is_pull = hasattr(one, "pushes")
    body = {
        **_subject(call, one),
        "url": home,
        "repository_url": call.home,
        "labels_url": f"{home}/labels{{/name}}",
        "comments_url": f"{home}/comments",
        "events_url": f"{home}/events",
        "html_url": f"{page}/{'pull' if is_pull else 'issues'}/{one.number}",
        "comments": sum(comment.at <= call.view.now for comment in one.comments),
        "body": "SIMULATED",
    }
    if is_pull:
        pull_home = f"{call.home}/pulls/{one.number}"
        ends = {"diff_url": f"{page}/pull/{one.number}.diff", "patch_url": f"{page}/pull/{one.number}.patch"}
        body["pull_request"] = {"url": pull_home, "html_url": body["html_url"], **ends}
    return body
