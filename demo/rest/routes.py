"""Every path of the REST API that is served, with the query parameters it knows and the right it needs."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from demo.rest import actions, commits, delivery, subjects
from demo.rest.call import Call, Refused, Reply, paged, refusal
from demo.rest.shapes import full_repository, minimal_repository, owner, repository, user
from demo.stamp import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import Repository
    from demo.world import View

PAGE = ("per_page", "page")
_PART = re.compile(r"\{(\w+)\}")


class Route(msgspec.Struct, frozen=True):
    """A path as the OpenAPI description writes it."""

    path: str
    handler: Callable[[Call], Reply]
    parameters: tuple[str, ...] = ()
    right: str = "metadata"
    method: str = "GET"

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The parts of a path that fits."""
        found = _pattern(self.path).fullmatch(path) if method == self.method else None
        return None if found is None else {name: unquote(text) for name, text in found.groupdict().items()}


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PART.sub(_group, path))


def _group(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>{'.+' if found[1] in {'basehead', 'ref'} else '[^/]+'})"


def _whole(call: Call) -> Reply:
    return Reply(200, full_repository(call, call.repository))


def _of_organisation(call: Call) -> Reply:
    if call.parts["org"].lower() != call.view.organisation.owner.lower():
        raise Refused(404, "Not Found")
    wanted = call.query.get("type", "all")
    fits: dict[str, Callable[[Repository], bool]] = {
        "public": lambda one: not one.private,
        "private": lambda one: one.private,
        "forks": lambda one: one.is_fork,
        "sources": lambda one: not one.is_fork,
    }
    found = [one for one in call.view.repositories() if wanted not in fits or fits[wanted](one)]
    keys: dict[str, Callable[[Repository], Any]] = {
        "full_name": lambda one: one.full_name,
        "pushed": lambda one: call.view.pushed_at(one) or 0,
        "updated": lambda one: call.view.pushed_at(one) or 0,
    }
    sort = call.query.get("sort", "created")
    down = call.query.get("direction", "asc" if sort == "full_name" else "desc") == "desc"
    found.sort(key=keys.get(sort, lambda one: one.created), reverse=down)
    return paged(call, found, lambda one: repository(call, one))


def _installed(call: Call) -> Reply:
    return paged(call, call.view.repositories(), lambda one: repository(call, one), under="repositories")


def _token(call: Call) -> Reply:
    expires = stamp(call.view.now + 3_600)
    token = f"ghs_simulated{call.parts['installation_id']}at{call.view.now}"
    body = {"token": token, "expires_at": expires, "permissions": {"metadata": "read"}, "repository_selection": "all"}
    return Reply(201, body)


def _me(call: Call) -> Reply:
    account = next(iter(call.view.accounts.values()))
    more = {
        "name": account.name, "company": None, "blog": None, "location": None, "email": None, "hireable": None,
        "bio": "SIMULATED", "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
        "created_at": stamp(1_500_000_000), "updated_at": stamp(1_500_000_000),
    }  # fmt: skip
    return Reply(200, {**user(call.base, account), **more})


def _organisation(call: Call) -> Reply:
    login = call.view.organisation.owner
    if call.parts["org"].lower() != login.lower():
        raise Refused(404, "Not Found")
    home = f"{call.base}/orgs/{login}"
    more = {
        "url": home, "hooks_url": f"{home}/hooks", "issues_url": f"{home}/issues", "repos_url": f"{home}/repos",
        "members_url": f"{home}/members{{/member}}", "public_members_url": f"{home}/public_members{{/member}}",
        "events_url": f"{home}/events", "name": f"{login} (SIMULATED)", "description": "SIMULATED",
        "has_organization_projects": False, "has_repository_projects": False, "public_gists": 0, "followers": 0,
        "public_repos": sum(not one.private for one in call.view.repositories()), "following": 0,
        "created_at": stamp(1_500_000_000), "updated_at": stamp(1_500_000_000), "archived_at": None,
    }  # fmt: skip
    return Reply(200, {**owner(call.base, login), **more})


R = "/repos/{owner}/{repo}"
RUNS = (*actions.FILTERS, "exclude_pull_requests", *PAGE)
ROUTES = (
    Route(R, _whole),
    Route(f"{R}/actions/runs", actions.runs, RUNS, "actions"),
    Route(f"{R}/actions/runs/{{run_id}}", actions.run, ("exclude_pull_requests",), "actions"),
    Route(f"{R}/actions/runs/{{run_id}}/jobs", actions.jobs, ("filter", *PAGE), "actions"),
    Route(
        f"{R}/actions/runs/{{run_id}}/attempts/{{attempt_number}}",
        actions.attempt,
        ("exclude_pull_requests",),
        "actions",
    ),
    Route(
        f"{R}/actions/runs/{{run_id}}/attempts/{{attempt_number}}/jobs",
        actions.attempt_jobs,
        PAGE,
        "actions",
    ),
    Route(f"{R}/actions/workflows", actions.workflows, PAGE, "actions"),
    Route(f"{R}/actions/runners", actions.runners, PAGE, "administration"),
    Route(f"{R}/compare/{{basehead}}", commits.compare, PAGE, "contents"),
    Route(f"{R}/commits", commits.commits, ("sha", "author", "since", "until", *PAGE), "contents"),
    Route(f"{R}/commits/{{ref}}", commits.commit, PAGE, "contents"),
    Route(f"{R}/branches", commits.branches, PAGE, "contents"),
    Route(f"{R}/pulls", subjects.pulls, ("state", "head", "base", "sort", "direction", *PAGE), "pull_requests"),
    Route(f"{R}/pulls/{{pull_number}}", subjects.pull, (), "pull_requests"),
    Route(f"{R}/pulls/{{pull_number}}/commits", subjects.pull_commits, PAGE, "pull_requests"),
    Route(f"{R}/pulls/{{pull_number}}/reviews", subjects.reviews, PAGE, "pull_requests"),
    Route(f"{R}/issues", subjects.issues, ("state", "labels", "since", "sort", "direction", *PAGE), "issues"),
    Route(f"{R}/releases", delivery.releases, PAGE, "contents"),
    Route(f"{R}/deployments", delivery.deployments, ("sha", "ref", "task", "environment", *PAGE), "deployments"),
    Route(f"{R}/deployments/{{deployment_id}}/statuses", delivery.statuses, PAGE, "deployments"),
    Route("/orgs/{org}", _organisation),
    Route("/orgs/{org}/repos", _of_organisation, ("type", "sort", "direction", *PAGE)),
    Route("/installation/repositories", _installed, PAGE),
    Route("/user", _me),
    Route("/app/installations/{installation_id}/access_tokens", _token, method="POST"),
)


def answer(view: View, base: str, method: str, path: str, query: dict[str, str]) -> tuple[Reply, tuple[str, ...]]:
    """The answer to a request, and the names of query parameters that this path does not know."""
    by_id = re.match(r"/repositories/(\d+)(/.*)?$", path)
    if by_id:
        found = next((one for one in view.repositories() if str(one.id) == by_id[1]), None)
        path = f"/repos/{found.full_name}{by_id[2] or ''}" if found else path
    for route in ROUTES:
        parts = route.match(method, path)
        if parts is not None:
            unknown = tuple(name for name in query if name not in route.parameters)
            return _answer(view, route, Call(view, base, path, parts, query)), unknown
    return refusal(404, "Not Found"), tuple(query)


def _answer(view: View, route: Route, call: Call) -> Reply:
    if "repo" in call.parts:
        wanted = f"{call.parts['owner']}/{call.parts['repo']}"
        found = view.repository(wanted)
        if found is not None and view.moved(wanted):
            return _moved(call, found)
        call = msgspec.structs.replace(call, found=found)
    if route.right in view.denied:
        return refusal(403, "Resource not accessible by integration")
    try:
        if "repo" in call.parts:
            minimal_repository(call, call.repository)
        return route.handler(call)
    except Refused as error:
        return error.reply


def _moved(call: Call, found: Repository) -> Reply:
    rest = call.path.split("/", 4)[4:]
    query = "&".join(f"{name}={text}" for name, text in call.query.items())
    location = (
        f"{call.base}/repositories/{found.id}{''.join(f'/{part}' for part in rest)}{f'?{query}' if query else ''}"
    )
    body = {"message": "Moved Permanently", "url": location, "documentation_url": "SIMULATED"}
    return Reply(301, body, {"Location": location})
