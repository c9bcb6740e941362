"""Issues, without pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from collectors.github.ids import issue_id
from collectors.github.messages import has_label
from collectors.github.records import Issue, known
from collectors.github.rules import Rules
from collectors.github.snapshot import GitHubSnapshot
from common.metric import Kind, Point, metric, point

TAGS = {"class": None}
Class = TypedDict("Class", {"class": str})


def _class_of(issue: Issue, rules: Rules) -> Class:
    classes = {"incident": rules.incident_labels, **rules.issue_classes}
    return {"class": next((name for name, labels in classes.items() if has_label(issue.labels, labels)), "other")}


@metric("github.issue.open", unit="{issue}", tags=TAGS, better="lower")
def open_issues(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Issues that are open now.

    Without pull requests. The class is `incident` by the setting `incident_labels`, else the first of the setting
    `issue_classes` that fits, else `other`.
    """
    rules = snapshot.rules
    found: dict[str, list[str]] = {name: [] for name in ("incident", *rules.issue_classes, "other")}
    for issue in known(snapshot.open_issues):
        found[_class_of(issue, rules)["class"]].append(issue_id(issue))
    for name, these in found.items():
        yield point(len(these), of=these, **Class({"class": name}))


@metric("github.issue.opened", unit="{issue}", kind=Kind.COUNT, tags=TAGS)
def opened(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Issues that were opened.

    By creation, without pull requests, whatever became of them; classes as of `github.issue.open`.
    """
    for issue in known(snapshot.open_issues) + known(snapshot.closed_issues):
        yield point(1, at=issue.created, id=issue_id(issue), **_class_of(issue, snapshot.rules))


@metric("github.issue.closed", unit="{issue}", kind=Kind.COUNT, tags=TAGS, better="higher")
def closed(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Closes of issues.

    Each at its own time, also of those that were reopened later; classes as of `github.issue.open`.
    """
    for issue in known(snapshot.open_issues) + known(snapshot.closed_issues):
        for at in issue.closes:
            yield point(1, at=at, id=issue_id(issue, at), **_class_of(issue, snapshot.rules))
