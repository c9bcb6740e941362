"""The records behind a number, for a person: what each is, and where GitHub shows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote

from collectors.github.records import Commit, Unavailable
from collectors.github.snapshot import GitHubSnapshot
from collectors.github.workflows import file_name
from common.collector import Evidence

T = TypeVar("T")


def describe(snapshot: GitHubSnapshot, record: str) -> Evidence:
    """What the id stands for, and its address; an id that is not in the snapshot is its own description."""
    kind, _, rest = record.partition(":")
    tell = _KINDS.get(kind)
    if tell is None:
        return Evidence(_printable(record))
    text, path = tell(snapshot, rest)
    return Evidence(_printable(text or record), f"{snapshot.url}/{path}")


def _there(section: tuple[T, ...] | Unavailable) -> tuple[T, ...]:
    return () if isinstance(section, Unavailable) else section


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _pull(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    number = rest.partition(":")[0]
    pulls = (*_there(snapshot.open_pulls), *_there(snapshot.closed_pulls))
    found = next((pull for pull in pulls if str(pull.number) == number), None)
    by = f" by {found.author.login}" if found and found.author else ""
    return f"#{number} {found.title}{by}" if found else "", f"pull/{number}"


def _issue(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    number = rest.partition(":")[0]
    issues = (*_there(snapshot.open_issues), *_there(snapshot.closed_issues))
    found = next((issue for issue in issues if str(issue.number) == number), None)
    return f"#{number} {found.title}" if found else "", f"issues/{number}"


def _run(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    number, attempt, *more = (*rest.split(":"), "")
    runs = (*_there(snapshot.runs), *_there(snapshot.active_runs))
    found = next((run for run in runs if str(run.id) == number), None)
    text = ""
    if found:
        last = str(found.attempt) == attempt
        earlier = next((each.conclusion for each in found.earlier or () if str(each.number) == attempt), None)
        state = (found.conclusion or found.status) if last else (earlier or "not known")
        state = "earlier attempts not known" if "unknown" in more else state
        text = f"{file_name(found.workflow)} on {found.branch or found.sha[:7]}, attempt {attempt}: {state}"
    return text, f"actions/runs/{number}/attempts/{attempt}"


def _commit(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    sections: tuple[tuple[Commit, ...], ...] = (
        _there(snapshot.commits),
        *(pull.commits for pull in _there(snapshot.closed_pulls)),
        *(each.commits for each in snapshot.comparisons),
    )
    found = next((commit for commits in sections for commit in commits if commit.sha == rest), None)
    return f"{rest[:7]} {found.subject}" if found else "", f"commit/{rest}"


def _deployment(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    found = next((each for each in _there(snapshot.deployments) if str(each.id) == rest), None)
    if found is None:
        return "", "deployments"
    state = found.statuses[-1].state if found.statuses else "no status"
    return f"{found.sha[:7]} to {found.environment}: {state}", f"deployments/{quote(found.environment, safe='')}"


def _release(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    found = next((each for each in _there(snapshot.releases) if each.tag == rest), None)
    return (found.name or found.tag) if found else "", f"releases/tag/{quote(rest, safe='')}"


def _branch(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    del snapshot
    return rest, f"tree/{quote(rest)}"


def _runner(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    found = next((each for each in _there(snapshot.runners) if str(each.id) == rest), None)
    return found.name if found else "", f"settings/actions/runners/{rest}"


def _person(snapshot: GitHubSnapshot, rest: str) -> tuple[str, str]:
    del snapshot
    return rest, f"commits?author={quote(rest, safe='')}"


_KINDS: Mapping[str, Callable[[GitHubSnapshot, str], tuple[str, str]]] = {
    "pr": _pull,
    "issue": _issue,
    "run": _run,
    "commit": _commit,
    "deployment": _deployment,
    "release": _release,
    "branch": _branch,
    "runner": _runner,
    "person": _person,
}
