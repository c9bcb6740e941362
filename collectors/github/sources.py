"""What stands for a deployment: deployments, releases, runs of a workflow, or merges, whichever exists first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from collectors.github.ids import pull_id, run_id
from collectors.github.records import Deployment, PullRequest, Release, WorkflowRun, known
from collectors.github.rules import Rules, matches
from collectors.github.workflows import ends_as, file_name
from common import delivery

if TYPE_CHECKING:
    from collectors.github.snapshot import GitHubSnapshot

Ended = dict[str, tuple[delivery.Deployment, ...]]
"""What has ended, by environment, in no order and without changes."""


def finish(deployment: Deployment) -> tuple[float, bool] | None:
    """When the deployment ended and whether well: at its first success, failure or error; `None` while it has none.

    A success that a newer deployment made inactive stays a success.
    """
    for status in sorted(deployment.statuses, key=lambda each: each.at):
        if status.state in ("success", "failure", "error"):
            return status.at, status.state == "success"
    return None


def is_production(environment: str, rules: Rules) -> bool:
    """Whether the settings call the environment production."""
    return any(matches(pattern, environment) for pattern in rules.production)


def from_deployments(deployments: Iterable[Deployment], rules: Rules) -> Ended:
    """GitHub's deployments to production environments, of any task; names of environments in lower case."""
    found: dict[str, list[delivery.Deployment]] = {}
    for each in sorted(deployments, key=lambda one: one.id):
        end = finish(each)
        if end is None or each.transient or not is_production(each.environment, rules):
            continue
        title = f"{each.environment} {each.ref}".strip()
        done = delivery.Deployment(
            id=f"deployment:{each.id}", commit=each.sha, finished=end[0], succeeded=end[1], title=title
        )
        found.setdefault(each.environment.casefold(), []).append(done)
    return {environment: tuple(each) for environment, each in found.items()}


def from_releases(releases: Iterable[Release]) -> Iterator[delivery.Deployment]:
    """Published releases whose tag leads to a commit; a pre-release is not in production."""
    for each in releases:
        if each.published is not None and each.sha and not each.prerelease:
            title = each.name or each.tag
            yield delivery.Deployment(id=f"release:{each.tag}", commit=each.sha, finished=each.published, title=title)


def from_runs(runs: Iterable[WorkflowRun], workflow: str, default_branch: str) -> Iterator[delivery.Deployment]:
    """Runs of the workflow that deploys, for the default branch or a release, that succeeded or failed."""
    for each in sorted(runs, key=lambda one: one.id):
        counted = each.own and (each.branch == default_branch or each.event == "release")
        if not counted or each.completed is None or file_name(each.workflow) != workflow:
            continue
        if (end := ends_as(each.conclusion)) in ("success", "failure"):
            yield delivery.Deployment(
                id=run_id(each), commit=each.sha, finished=each.completed, succeeded=end == "success", title=each.title
            )


def from_merges(closed: Iterable[PullRequest], default_branch: str) -> Iterator[delivery.Deployment]:
    """Merges of pull requests into the default branch."""
    for each in closed:
        if each.merged is not None and each.merge_commit and each.base == default_branch:
            yield delivery.Deployment(
                id=pull_id(each), commit=each.merge_commit, finished=each.merged, title=each.title
            )


def _deployment(snapshot: GitHubSnapshot) -> Ended:
    return from_deployments(known(snapshot.deployments), snapshot.rules)


def _release(snapshot: GitHubSnapshot) -> Ended:
    return {snapshot.environment: tuple(from_releases(known(snapshot.releases)))}


def _workflow(snapshot: GitHubSnapshot) -> Ended:
    workflow = snapshot.rules.deployment_workflow
    runs = from_runs(known(snapshot.runs), workflow, snapshot.default_branch) if workflow else ()
    return {snapshot.environment: tuple(runs)}


def _merge(snapshot: GitHubSnapshot) -> Ended:
    return {snapshot.environment: tuple(from_merges(known(snapshot.closed_pulls), snapshot.default_branch))}


_SOURCES: Mapping[delivery.Proxy, Callable[[GitHubSnapshot], Ended]] = {
    "deployment": _deployment,
    "release": _release,
    "workflow": _workflow,
    "merge": _merge,
}


def chosen(snapshot: GitHubSnapshot) -> tuple[delivery.Proxy, Ended] | None:
    """The one source of this repository: the settings' own, else the best that exists; `None` without any.

    Raises `MetricError` where a source that would come first could not be read.
    """
    wanted = snapshot.rules.deployment_source
    for proxy, read in _SOURCES.items():
        if wanted in ("auto", proxy):
            ended = {environment: each for environment, each in read(snapshot).items() if each}
            if ended:
                return proxy, ended
    return None
