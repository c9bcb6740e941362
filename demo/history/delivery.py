"""Deployments and releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.chance import around, chance
from demo.history import people
from demo.records import Deployment, DeploymentStatus, Release

if TYPE_CHECKING:
    from random import Random

    from demo.history.arrivals import Span
    from demo.history.line import Line
    from demo.history.plan import Plan
    from demo.records import Landing

MINUTE, HOUR = 60, 3_600


def write_deployments(line: Line, plans: list[Plan], first_id: int) -> tuple[Deployment, ...]:
    """Every deployment by creation: to the shape's environments, and previews that come and go."""
    wanted: list[tuple[int, str, str, bool, str]] = []
    for environment in line.shape.environments:
        wanted += _to(line, environment)
    if line.shape.environments:
        wanted += [
            (push.at + 2 * MINUTE, f"preview-{plan.number}", push.sha, True, "success")
            for plan in plans
            for push in line.pushes[plan.key][-1:]
            if chance(plan.key, "preview").random() < 0.2
        ]
    return tuple(_deployment(line, first_id + 10 * index, *one) for index, one in enumerate(sorted(wanted)))


def _to(line: Line, environment: str) -> list[tuple[int, str, str, bool, str]]:
    found, running = [], ""
    for landing, following in zip(line.landings, [*line.landings[1:], None], strict=True):
        random = chance(line.key, environment, landing.sha)
        if random.random() > line.shape.deploy_share or (following is not None and following.at == landing.at):
            continue
        at, end = _moment(random, landing), _ending(random)
        found.append((at, environment, landing.sha, False, end))
        if random.random() < 0.06 and running:
            found.append((at + around(random, 40 * MINUTE, 0.4), environment, running, False, "success"))
        elif random.random() < 0.06 and end == "success":
            found.append((at + HOUR, environment, landing.sha, False, "success"))
        running = landing.sha if end == "success" else running
    return found


def _moment(random: Random, landing: Landing) -> int:
    return landing.at + around(random, 12 * MINUTE, 0.3)


def _ending(random: Random) -> str:
    return random.choices(("success", "failure", "error", "in_progress"), (0.86, 0.08, 0.03, 0.03))[0]


def _deployment(line: Line, number: int, at: int, environment: str, sha: str, transient: bool, end: str) -> Deployment:
    random = chance(line.key, "deployment", at, environment)
    times = [("queued", at + 2), ("in_progress", at + 20)]
    if end != "in_progress":
        times.append((end, at + 20 + around(random, 3 * MINUTE, 0.4)))
    if end == "success" and (transient or random.random() < 0.8):
        times.append(("inactive", times[-1][1] + around(random, 8 * HOUR)))
    statuses = tuple(
        DeploymentStatus(number + index, state, time)  # type: ignore[arg-type]
        for index, (state, time) in enumerate(times)
    )
    ref = line.shape.default_branch
    return Deployment(number, sha, environment, at, statuses, ref, "deploy", people.MACHINE, transient)


def write_releases(line: Line, span: Span, times: list[tuple[str, int]], first_id: int) -> tuple[Release, ...]:
    """Every release, of what the default branch was then."""
    found = []
    for index, (_, at) in enumerate(sorted(times, key=lambda pair: pair[1])):
        tips = [landing.sha for landing in line.landings if landing.at <= at]
        random = chance(line.key, "release", at)
        early, published = random.random() < 0.25, None if random.random() < 0.06 else at + 30
        tag = f"v1.{index}.0{'-rc1' if early else ''}"
        found.append(Release(first_id + index, tag, tips[-1], at, published, early, people.MACHINE))
    return tuple(release for release in found if release.created < span.last)
