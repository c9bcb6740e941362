"""Histories written by hand: times are hours before (negative) or after NOW."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from common.window import Window
from demo import Organisation, Repository, Settings
from demo.records import (
    NEVER,
    Attempt,
    Branch,
    Change,
    Comment,
    Commit,
    Deployment,
    DeploymentStatus,
    Event,
    Issue,
    Job,
    Landing,
    Pull,
    Push,
    Review,
    Run,
)

NOW, HOUR, DAY = 1_790_000_000, 3_600, 86_400
WEEK = Window(NOW - 7 * DAY, NOW)
REPO = "simulated-acme/hand"


@cache
def generated(seed: int = 1, size: str = "small") -> Organisation:
    """A generated organisation, made once for all tests."""
    return Organisation(seed, size)


def at(hours: float) -> int:
    return NOW + round(hours * HOUR)


def commit(sha: str, hours: float, parents: str = "", **more: Any) -> Commit:
    author = more.pop("author", "ada-sim")
    values: dict[str, Any] = {
        "authored": at(hours),
        "committed": at(hours),
        "name": "Ada",
        "email": f"{author}@x",
        "message": f"Change {sha}",
        "changes": (Change(f"{sha}.py", 10, 2, sha),),
    }
    values |= more
    return Commit(sha=sha, author=author, parents=tuple(parents.split()), **values)


def landing(made: Commit, hours: float | None = None, pull: int | None = None) -> Landing:
    return Landing(made.committed if hours is None else at(hours), made.sha, pull, made.changes)


def event(kind: str, hours: float, actor: str = "bela-sim", reason: str | None = None) -> Event:
    return Event(kind, at(hours), actor, reason)  # type: ignore[arg-type]


def review(state: str, hours: float, who: str | None = "bela-sim", dismissed: float | None = None) -> Review:
    until = NEVER if dismissed is None else at(dismissed)
    return Review(round(hours * 10), who, at(hours), state, until)  # type: ignore[arg-type]


def comment(hours: float, who: str | None = "bela-sim") -> Comment:
    return Comment(round(hours * 10), who, at(hours))


def pull(number: int, hours: float, *steps: Event | Review | Comment, commits: str = "", **more: Any) -> Pull:
    pushes = tuple(Push(sha, at(hours)) for sha in commits.split())
    values: dict[str, Any] = {
        "title": f"Work {number}",
        "body": "",
        "author": "ada-sim",
        "base": "main",
        "head": f"work-{number}",
    }
    values |= more
    ordered = sorted(steps, key=lambda step: step.at)
    return Pull(
        number=number,
        id=number,
        created=at(hours),
        pushes=values.pop("pushes", pushes),
        events=tuple(step for step in ordered if isinstance(step, Event)),
        reviews=tuple(step for step in ordered if isinstance(step, Review)),
        comments=tuple(step for step in ordered if isinstance(step, Comment)),
        activity=tuple(sorted([at(hours), *(step.at for step in steps)])),
        **values,
    )


def run(number: int, hours: float, *attempts: tuple[float, float | None, str], **more: Any) -> Run:
    """Attempts are (started, completed or None, conclusion); their only job starts a minute after."""
    made = []
    for started, completed, conclusion in attempts:
        end = NEVER if completed is None else at(completed)
        made.append(Attempt(at(started), end, conclusion, (Job(number, "test", at(started) + 60, end, conclusion),)))
    values: dict[str, Any] = {"workflow": ".github/workflows/ci.yml", "event": "push", "branch": "main", "sha": "a"}
    return Run(id=number, number=number, created=at(hours), attempts=tuple(made), **(values | more))


def deployment(sha: str, hours: float, state: str = "success", **more: Any) -> Deployment:
    number = abs(round(hours * 100))
    status = DeploymentStatus(number, state, at(hours))  # type: ignore[arg-type]
    values: dict[str, Any] = {"environment": "production", "statuses": (status,)}
    return Deployment(id=number, sha=sha, created=at(hours) - 60, **(values | more))


def issue(number: int, hours: float, *steps: Event, labels: tuple[str, ...] = ()) -> Issue:
    return Issue(number, number, f"Issue {number}", "ada-sim", at(hours), labels, steps)


def branch(name: str, sha: str, hours: float, deleted: float | None = None) -> Branch:
    return Branch(name, (Push(sha, at(hours)),), NEVER if deleted is None else at(deleted))


def repository(*parts: Any, **more: Any) -> Repository:
    """A repository of these records, each sorted into its list; commits stay in the order given."""
    lists = {
        Landing: "landings",
        Pull: "pulls",
        Run: "runs",
        Deployment: "deployments",
        Issue: "issues",
        Branch: "branches",
    }
    found: dict[str, list[Any]] = {name: [] for name in lists.values()}
    commits = {part.sha: part for part in parts if isinstance(part, Commit)}
    for part in parts:
        if type(part) in lists:
            found[lists[type(part)]].append(part)
    found["landings"].sort(key=lambda one: one.at)
    made = Repository("simulated-acme", "hand", 1, at(-24 * 365), commits=commits)
    made = msgspec.structs.replace(made, **{name: tuple(each) for name, each in found.items()})
    return msgspec.structs.replace(made, **more)


def organisation(*parts: Any, settings: Settings | None = None, **more: Any) -> Organisation:
    return Organisation.of([repository(*parts, **more)], settings)


class Told:
    """The truth of a history written by hand, easy to ask."""

    def __init__(self, *parts: Any, window: Window = WEEK, now: float = NOW, **more: Any) -> None:
        self.truth = organisation(*parts, **more).truth(window, now)

    def value(self, metric: str, **tags: str) -> float | None:
        found = self.truth.get((metric, REPO, tuple(sorted(tags.items()))))
        assert found is None or isinstance(found, float)
        return found

    def events(self, metric: str, **tags: str) -> list[tuple[float, float]]:
        """(hours from NOW, value) of each event."""
        found = self.truth.get((metric, REPO, tuple(sorted(tags.items()))), ())
        assert isinstance(found, tuple)
        return [((one.at - NOW) / HOUR, one.value) for one in found]
