"""Commits, comparisons and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.graphql.items import node_id
from demo.rest.call import Call, Refused, Reply, paged
from demo.rest.shapes import SITE, somebody
from demo.stamp import parse, stamp

if TYPE_CHECKING:
    from demo.records import Branch, Commit

FILE_CAP = 300


def git_person(commit: Commit, at: int) -> dict[str, str]:
    """The author or committer as git has it."""
    return {"name": commit.name, "email": commit.email, "date": stamp(at)}


def shape(call: Call, commit: Commit) -> dict[str, Any]:
    """A commit in a list."""
    home = f"{call.home}/commits/{commit.sha}"
    page = f"{SITE}/{call.repository.full_name}/commit"
    who = somebody(call, commit.author)
    return {
        "url": home,
        "sha": commit.sha,
        "node_id": node_id("Commit", call.repository.id, commit.sha),
        "html_url": f"{page}/{commit.sha}",
        "comments_url": f"{home}/comments",
        "commit": {
            "url": f"{call.home}/git/commits/{commit.sha}",
            "author": git_person(commit, commit.authored),
            "committer": git_person(commit, commit.committed),
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.sha[::-1], "url": f"{call.home}/git/trees/{commit.sha[::-1]}"},
        },
        "author": who,
        "committer": who,
        "parents": [
            {"sha": sha, "url": f"{call.home}/commits/{sha}", "html_url": f"{page}/{sha}"} for sha in commit.parents
        ],
    }


def files(call: Call, lines: dict[str, tuple[int, int]], sha: str) -> list[dict[str, Any]]:
    """Changed files, at most 300 of them."""
    return [
        {
            "sha": sha,
            "filename": path,
            "status": "modified",
            "additions": added,
            "deletions": deleted,
            "changes": added + deleted,
            "blob_url": f"{SITE}/{call.repository.full_name}/blob/{sha}/{path}",
            "raw_url": f"{SITE}/{call.repository.full_name}/raw/{sha}/{path}",
            "contents_url": f"{call.home}/contents/{path}?ref={sha}",
        }
        for path, (added, deleted) in list(lines.items())[:FILE_CAP]
    ]


def resolve(call: Call, name: str) -> str:
    """The commit that a branch, tag or (short) sha names."""
    branch = next((one for one in call.view.branches(call.repository) if one.name == name), None)
    if branch is not None:
        return call.view.tip(call.repository, branch)
    tag = next((one.sha for one in call.view.releases(call.repository) if one.tag == name), None)
    if tag is not None or name in call.repository.commits:
        return tag or name
    short = [sha for sha in call.repository.commits if sha.startswith(name)] if len(name) > 6 else []
    if len(short) != 1:
        raise Refused(404, "Not Found")
    return short[0]


def commits(call: Call) -> Reply:
    """GET commits."""
    if not call.view.branches(call.repository):
        raise Refused(409, "Git Repository is empty.")
    known = call.repository.commits
    start = resolve(call, call.query.get("sha") or call.repository.default_branch)
    position = call.graph.position
    if start in position:
        found = [sha for _, step, sha in call.graph.by_commit_time if step <= position[start]]
    else:
        reached = call.graph.ancestors(start)
        found = sorted(reached, key=lambda sha: (known[sha].committed, sha), reverse=True)
    if "since" in call.query:
        found = [sha for sha in found if known[sha].committed >= parse(call.query["since"])]
    if "until" in call.query:
        found = [sha for sha in found if known[sha].committed <= parse(call.query["until"])]
    if "author" in call.query:
        found = [sha for sha in found if call.query["author"] in {known[sha].author, known[sha].email}]
    return paged(call, found, lambda sha: shape(call, known[sha]))


def commit(call: Call) -> Reply:
    """GET one commit, with its files."""
    found = call.repository.commits[resolve(call, call.parts["ref"])]
    lines = {change.path: (change.added, change.deleted) for change in found.changes}
    total = found.additions + found.deletions
    stats = {"additions": found.additions, "deletions": found.deletions, "total": total}
    return Reply(200, {**shape(call, found), "stats": stats, "files": files(call, lines, found.sha)})


def compare(call: Call) -> Reply:
    """GET compare/base...head: the commits that head is ahead by, and the net change of files since the merge base."""
    names = call.parts["basehead"].split("...")
    if len(names) != 2:
        raise Refused(404, "Not Found")
    base, head = (resolve(call, name) for name in names)
    graph, known = call.graph, call.repository.commits
    ahead, behind = graph.between(base, head), graph.between(head, base)
    middle = graph.merge_base(base, head)
    if middle is None:
        raise Refused(404, "No common ancestor")
    page = f"{SITE}/{call.repository.full_name}/compare/{base}...{head}"
    many = paged(call, ahead, lambda one: shape(call, one))
    body = {
        "url": f"{call.home}/compare/{base}...{head}",
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "base_commit": shape(call, known[base]),
        "merge_base_commit": shape(call, known[middle]),
        "status": _status(bool(ahead), bool(behind)),
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": many.body if {"page", "per_page"} & set(call.query) else [shape(call, one) for one in ahead[:250]],
    }
    if call.number("page", 1, 10**9) == 1:
        body["files"] = files(call, graph.changed_files(base, head), head)
    return Reply(200, body, many.headers)


def _status(ahead: bool, behind: bool) -> str:
    return {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}.get((ahead, behind), "identical")


def branches(call: Call) -> Reply:
    """GET branches, by name."""
    found = sorted(call.view.branches(call.repository), key=lambda one: one.name)
    return paged(call, found, lambda one: _branch(call, one))


def _branch(call: Call, one: Branch) -> dict[str, Any]:
    sha = call.view.tip(call.repository, one)
    protected = one.name == call.repository.default_branch
    return {
        "name": one.name,
        "commit": {"sha": sha, "url": f"{call.home}/commits/{sha}"},
        "protected": protected,
    }
