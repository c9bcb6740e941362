"""Commits, their authors, their history, and what lies between two refs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.connections import Connection
from demo.graphql.fields.people import SITE
from demo.graphql.items import Item, node_id, person
from demo.records import Branch
from demo.stamp import parse, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import Commit, Pull

LONGEST = 72


def headline(commit: Commit) -> str:
    """The subject, cut as GitHub cuts it; the rest begins the body."""
    return commit.subject if len(commit.subject) <= LONGEST else f"{commit.subject[: LONGEST - 3]}…"


def body(commit: Commit) -> str:
    """The rest of the message."""
    if len(commit.subject) <= LONGEST:
        return commit.body
    return f"…{commit.subject[LONGEST - 3 :]}\n\n{commit.body}".rstrip()


def history(item: Item) -> list[str]:
    """What a commit reaches, by committer date, newest first."""
    graph, sha = item.graph, item.record.sha
    if sha in graph.position:
        last = graph.position[sha]
        return [name for _, step, name in graph.by_commit_time if step <= last]
    reached = graph.ancestors(sha)
    return sorted(reached, key=lambda name: (graph.commits[name].committed, name), reverse=True)


def _history(item: Item, *, since: str | None = None, until: str | None = None, **args: Any) -> Connection:  # noqa: ANN401
    commits = item.graph.commits
    found = history(item)
    if since is not None:
        found = [sha for sha in found if commits[sha].committed >= parse(since)]
    if until is not None:
        found = [sha for sha in found if commits[sha].committed <= parse(until)]
    path = args.get("path")
    if path:
        found = [sha for sha in found if any(change.path.startswith(path) for change in commits[sha].changes)]
    return Connection(found, lambda sha: item.other("Commit", commits[sha]), args)


def pulls_of(item: Item) -> list[Pull]:
    """The merged pull request that brought a commit; for one that is on no default branch, open ones too."""
    now, found = item.view.now, item.graph.pulls_of.get(item.record.sha, ())
    merged = [one for one in found if facts.merged_at(one, now) is not None]
    return merged or [one for one in found if one.created <= now]


def _associated(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    return Connection(pulls_of(item), lambda one: item.other("PullRequest", one), args)


def _git_actor(item: Item, at: str) -> Item:
    return item.other("GitActor", (item.record, at))


def _parents(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    return Connection(item.record.parents, lambda sha: item.other("Commit", item.repository.commits[sha]), args)


def _rollup(item: Item) -> Item | None:
    found = facts.rollup(item.graph, item.record.sha, item.view.now)
    return None if found is None else item.other("StatusCheckRollup", item.record.sha)


def _suites(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    seen = [run for run in item.graph.runs_of.get(item.record.sha, ()) if run.created <= item.view.now]
    return Connection(seen, lambda run: item.other("CheckSuite", run), args)


def _deployments(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    wanted = set(args.get("environments") or ())
    seen = [
        one
        for one in item.repository.deployments
        if one.sha == item.record.sha and one.created <= item.view.now and (not wanted or one.environment in wanted)
    ]
    return Connection(seen, lambda one: item.other("Deployment", one), args)


def _target(item: Item) -> Item:
    branch: Branch = item.record
    sha = branch.tips[0].sha if item.kind == "Tag" else item.view.tip(item.repository, branch)
    return item.other("Commit", item.repository.commits[sha])


def _compare(item: Item, *, headRef: str) -> Item | None:  # noqa: N803
    base = _target(item).record.sha
    named = next((one for one in item.view.branches(item.repository) if one.name == headRef), None)
    head = item.view.tip(item.repository, named) if named else headRef
    return item.other("Comparison", (base, head)) if head in item.repository.commits else None


def _distance(item: Item) -> tuple[list[Commit], list[Commit]]:
    base, head = item.record
    return item.graph.between(base, head), item.graph.between(head, base)


def _comparison_status(item: Item) -> str:
    ahead, behind = map(bool, _distance(item))
    return {(True, True): "DIVERGED", (True, False): "AHEAD", (False, True): "BEHIND"}.get((ahead, behind), "IDENTICAL")


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Commit": {
        "id": lambda one: node_id("Commit", one.repository.id, one.record.sha),
        "oid": lambda one: one.record.sha,
        "abbreviatedOid": lambda one: one.record.sha[:7],
        "commitUrl": lambda one: f"{SITE}/{one.repository.full_name}/commit/{one.record.sha}",
        "url": lambda one: f"{SITE}/{one.repository.full_name}/commit/{one.record.sha}",
        "authoredDate": lambda one: stamp(one.record.authored),
        "committedDate": lambda one: stamp(one.record.committed),
        "messageHeadline": lambda one: headline(one.record),
        "messageBody": lambda one: body(one.record),
        "changedFilesIfAvailable": lambda one: len(one.record.changes),
        "author": lambda one: _git_actor(one, stamp(one.record.authored)),
        "committer": lambda one: _git_actor(one, stamp(one.record.committed)),
        "authors": lambda one, **args: Connection([1], lambda _: _git_actor(one, stamp(one.record.authored)), args),
        "parents": _parents,
        "associatedPullRequests": _associated,
        "history": _history,
        "statusCheckRollup": _rollup,
        "checkSuites": _suites,
        "deployments": _deployments,
        "status": lambda one: (
            one.other("Status", one.record.sha) if one.graph.statuses_of.get(one.record.sha) else None
        ),
    },
    "GitActor": {
        "date": lambda one: one.record[1],
        "email": lambda one: one.record[0].email,
        "name": lambda one: one.record[0].name,
        "user": lambda one: person(one, one.record[0].author),
    },
    "Ref": {
        "id": lambda one: node_id("Ref", one.repository.id, one.record.name),
        "name": lambda one: one.record.name,
        "prefix": lambda one: "refs/tags/" if one.kind == "Tag" else "refs/heads/",
        "target": _target,
        "compare": _compare,
        "associatedPullRequests": lambda one, **args: Connection(
            [p for p in one.repository.pulls if p.head == one.record.name and p.created <= one.view.now],
            lambda pull: one.other("PullRequest", pull),
            args,
        ),
    },
    "Comparison": {
        "id": lambda one: node_id("Comparison", one.repository.id, *one.record),
        "aheadBy": lambda one: len(_distance(one)[0]),
        "behindBy": lambda one: len(_distance(one)[1]),
        "status": _comparison_status,
        "commits": lambda one, **args: Connection(_distance(one)[0], lambda commit: one.other("Commit", commit), args),
        "baseTarget": lambda one: one.other("Commit", one.repository.commits[one.record[0]]),
        "headTarget": lambda one: one.other("Commit", one.repository.commits[one.record[1]]),
    },
}
