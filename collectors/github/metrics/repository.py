"""The repository itself, its releases and its runners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.github.records import Runner, known
from collectors.github.snapshot import GitHubSnapshot
from common.errors import MetricError
from common.metric import Kind, Point, metric, point

KILOBYTE = 1024


@metric("github.release.published", unit="{release}", kind=Kind.COUNT, tags={"prerelease": ("true", "false")})
def releases(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Releases that were published.

    By publication; a draft is none.
    """
    for release in known(snapshot.releases):
        if release.published is not None:
            prerelease = str(release.prerelease).lower()
            yield point(1, at=release.published, id=f"release:{release.tag}", prerelease=prerelease)


@metric("github.repository.star", unit="{star}", better="higher")
def stars(snapshot: GitHubSnapshot) -> float:
    """Accounts that starred the repository."""
    return known(snapshot.repository).stars


@metric("github.repository.fork", unit="{fork}", better="higher")
def forks(snapshot: GitHubSnapshot) -> float:
    """Forks of the repository."""
    return known(snapshot.repository).forks


@metric("github.repository.watcher", unit="{watcher}", better="higher")
def watchers(snapshot: GitHubSnapshot) -> float:
    """Accounts that watch the repository.

    Those that are told of what happens in it, not those that starred it.
    """
    return known(snapshot.repository).watchers


@metric("github.repository.vulnerability_alert", unit="{alert}", better="lower")
def vulnerability_alerts(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Open alerts about vulnerable dependencies."""
    snapshot.need("vulnerability_alerts")
    yield point(known(snapshot.repository).vulnerability_alerts, basis=snapshot.basis)


@metric("github.repository.size", unit="By", better="lower")
def size(snapshot: GitHubSnapshot) -> float:
    """Disk space of the repository at GitHub.

    GitHub's kilobytes of 1024 bytes; it counts anew from time to time only.
    """
    return known(snapshot.repository).size * KILOBYTE


def _pushed(snapshot: GitHubSnapshot) -> Iterator[float]:
    pushed = known(snapshot.repository).pushed
    if pushed is not None:
        yield pushed


@metric("github.repository.last_push", unit="unix", better="higher", facts=_pushed)
def last_push(pushes: Iterable[float]) -> float | None:
    """When somebody last pushed to any branch.

    An empty repository has no point.
    """
    return max(pushes, default=None)


def _runner_state(runner: Runner) -> str:
    if runner.status not in ("online", "offline"):
        raise MetricError(f"GitHub says that a runner is {runner.status}, which this release does not know")
    if runner.status == "offline":
        return "offline"
    return "busy" if runner.busy else "idle"


@metric(
    "github.runner.registered",
    unit="{runner}",
    tags={"state": ("busy", "idle", "offline")},
    semconv="cicd.worker.count",
)
def runners(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Self-hosted runners of the repository.

    Those registered with the repository itself, where the setting `runners` is on.
    """
    if not snapshot.rules.runners:
        return
    states = [(f"runner:{runner.id}", _runner_state(runner)) for runner in known(snapshot.runners)]
    for state in ("busy", "idle", "offline"):
        these = [record for record, its in states if its == state]
        yield point(len(these), of=these, state=state)
