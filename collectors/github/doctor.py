"""What `collect check github` looks at: the token, the budgets, and every right that a metric needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from collectors.github.client.api import Api
from collectors.github.client.errors import RefusedError
from collectors.github.records import Unavailable
from collectors.github.snapshot import GitHubSnapshot
from common.collector import Check, Scope

SECTIONS = {
    "repository": "Metadata: read",
    "open_pulls": "Pull requests: read",
    "closed_pulls": "Pull requests: read",
    "commits": "Contents: read",
    "changed_files": "Contents: read",
    "branches": "Contents: read",
    "releases": "Contents: read",
    "runs": "Actions: read",
    "active_runs": "Actions: read",
    "open_issues": "Issues: read",
    "closed_issues": "Issues: read",
    "deployments": "Deployments: read",
    "runners": "Administration: read",
}
"""Section of a snapshot → the fine-grained right that it needs."""
FACTS = {
    "checks": "Checks: read and Commit statuses: read",
    "head_checks": "Checks: read and Commit statuses: read",
    "jobs": "Checks: read",
    "vulnerability_alerts": "Dependabot alerts: read",
}
"""Fact → the right that it needs; what is not here comes with its section."""


class _Limits(msgspec.Struct, frozen=True):
    """GitHub's word about the budgets, which the headers repeat."""


def ask_limits(api: Api) -> None:
    """Have GitHub tell its time and what is left of the budgets; raises `RefusedError` where it has no limits."""
    api.get("/rate_limit", _Limits, budgeted=False)


def token_and_budgets(api: Api) -> Iterator[Check]:
    """Whether the token is valid, and what is left of the hour."""
    try:
        ask_limits(api)
    except RefusedError:
        yield Check("token", "ok", "the server has no rate limits")
        return
    yield Check("token", "ok", "GitHub accepts it")
    for budget in (api.rest_budget, api.graphql_budget):
        if budget.told is not None:
            limit, remaining, _ = budget.told
            yield _budget_left(budget.api, limit, remaining)


def _budget_left(api: str, limit: int, remaining: int) -> Check:
    detail = f"{remaining} of {limit} requests left this hour"
    if remaining > limit / 5:
        return Check(f"{api} budget", "ok", detail)
    return Check(f"{api} budget", "warning", detail, "run it less often, or give it a token of its own")


def rights(scopes: Sequence[Scope], read: Callable[[Scope], GitHubSnapshot]) -> Iterator[Check]:
    """What the first repository shows to this token."""
    if not scopes:
        yield Check("repositories", "warning", "no repository is selected", "look at collectors.github.repositories")
        return
    yield Check("repositories", "ok", f"{len(scopes)} selected, {scopes[0].name} is tried")
    snapshot = read(scopes[0])
    for section, right in SECTIONS.items():
        found = getattr(snapshot, section)
        if section == "runners" and not snapshot.rules.runners:
            continue
        if isinstance(found, Unavailable):
            yield Check(section.replace("_", " "), "warning", found.reason, f"give the token {right}")
        else:
            yield Check(section.replace("_", " "), "ok", "readable")
    for fact, reason in sorted(snapshot.missing.items()):
        remedy = f"give the token {FACTS[fact]}" if fact in FACTS else "the metrics that need it are left out"
        yield Check(fact.replace("_", " "), "warning", reason, remedy)
