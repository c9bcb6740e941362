"""JSON bodies of accounts and repositories."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.items import node_id
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from demo.records import Account, Issue, Pull, Repository
    from demo.rest.call import Call

SITE = "https://github.example"
USER_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}
LINKS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
)  # fmt: skip
ENDS = {
    "archive": "{archive_format}{/ref}", "assignees": "assignees{/user}", "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}", "collaborators": "collaborators{/collaborator}", "comments": "comments{/number}",
    "commits": "commits{/sha}", "compare": "compare/{base}...{head}", "contents": "contents/{+path}",
    "git_commits": "git/commits{/sha}", "git_refs": "git/refs{/sha}", "git_tags": "git/tags{/sha}",
    "issue_comment": "issues/comments{/number}", "issue_events": "issues/events{/number}",
    "issues": "issues{/number}", "keys": "keys{/key_id}", "labels": "labels{/name}",
    "milestones": "milestones{/number}", "notifications": "notifications", "pulls": "pulls{/number}",
    "releases": "releases{/id}", "statuses": "statuses/{sha}", "trees": "git/trees{/sha}",
}  # fmt: skip


def user(base: str, account: Account) -> dict[str, Any]:
    """An account, as most bodies hold it."""
    home = f"{base}/users/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.kind, account.id),
        "avatar_url": f"{SITE}/avatars/{account.id}",
        "gravatar_id": "",
        "url": home,
        "html_url": f"{SITE}/{account.login}",
        **{name: f"{home}/{end}" for name, end in USER_LINKS.items()},
        "type": account.kind,
        "site_admin": False,
    }


def somebody(call: Call, login: str | None) -> dict[str, Any] | None:
    """The account with that login; a deleted one is `None`, as REST shows its commits and reviews."""
    account = call.view.accounts.get(login or "")
    if account is None:
        return None
    key = call.base, account.id
    if key not in call.view.made:
        call.view.made[key] = user(call.base, account)
    found: dict[str, Any] = call.view.made[key]
    return found


def owner(base: str, login: str) -> dict[str, Any]:
    """The organisation as an account."""
    home = f"{base}/users/{login}"
    return {
        "login": login,
        "id": 1,
        "node_id": node_id("Organization", 1),
        "avatar_url": f"{SITE}/avatars/1",
        "gravatar_id": "",
        "url": home,
        "html_url": f"{SITE}/{login}",
        **{name: f"{home}/{end}" for name, end in USER_LINKS.items()},
        "type": "Organization",
        "site_admin": False,
    }


def minimal_repository(call: Call, one: Repository) -> dict[str, Any]:
    """A repository as part of another body, made once for each answer."""
    key = call.base, one.full_name
    if key not in call.view.made:
        call.view.made[key] = _minimal(call, one)
    found: dict[str, Any] = call.view.made[key]
    return found


def _minimal(call: Call, one: Repository) -> dict[str, Any]:
    home = f"{call.base}/repos/{one.full_name}"
    return {
        "id": one.id,
        "node_id": node_id("Repository", one.id),
        "name": one.name,
        "full_name": one.full_name,
        "private": one.private,
        "owner": owner(call.base, one.owner),
        "html_url": f"{SITE}/{one.full_name}",
        "description": f"SIMULATED: {one.name} never existed",
        "fork": one.is_fork,
        "url": home,
        **{f"{name}_url": f"{home}/{ENDS.get(name, name)}" for name in LINKS},
    }


def repository(call: Call, one: Repository) -> dict[str, Any]:
    """A repository in a list of them."""
    now = call.view.now
    pushed = call.view.pushed_at(one)
    every: list[Issue | Pull] = [*one.issues, *one.pulls]
    still = [subject for subject in every if subject.created <= now]
    open_count = sum(facts.state(subject, now) == "OPEN" for subject in still)
    stars, forks = bisect_right(one.stars, now), bisect_right(one.forks, now)
    return {
        **minimal_repository(call, one),
        **_plain(one),
        "archived": one.archived <= now,
        "size": call.view.size(one),
        "forks": forks,
        "forks_count": forks,
        "stargazers_count": stars,
        "watchers": stars,
        "watchers_count": stars,
        "open_issues": open_count,
        "open_issues_count": open_count,
        "created_at": stamp(one.created),
        "updated_at": stamp(pushed or one.created),
        "pushed_at": maybe(pushed),
    }


def _plain(one: Repository) -> dict[str, Any]:
    """What is the same at any time."""
    flags = ("disabled", "has_projects", "has_wiki", "has_pages", "has_downloads", "has_discussions")
    return {
        "clone_url": f"{SITE}/{one.full_name}.git",
        "git_url": f"git://github.example/{one.full_name}.git",
        "ssh_url": f"git@github.example:{one.full_name}.git",
        "svn_url": f"{SITE}/{one.full_name}",
        "mirror_url": None,
        "homepage": None,
        "license": None,
        "language": one.language,
        "default_branch": one.default_branch,
        "visibility": "private" if one.private else "public",
        "topics": list(one.topics),
        "has_issues": True,
        **dict.fromkeys(flags, False),
    }


def full_repository(call: Call, one: Repository) -> dict[str, Any]:
    """A repository by itself."""
    watching = bisect_right(one.watchers, call.view.now)
    whole = repository(call, one)
    if whole["pushed_at"] is None:
        whole["pushed_at"] = whole["created_at"]
    return {**whole, "network_count": whole["forks_count"], "subscribers_count": watching}
