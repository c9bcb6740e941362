"""Writes the default branch: direct pushes and merges in order of time, and the commits of every pull request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.chance import around, chance, sha
from demo.history import people
from demo.history.tree import Tree, joined, some_changes
from demo.records import Change, Commit, Landing, Push

if TYPE_CHECKING:
    from demo.history.plan import Plan
    from demo.history.shape import Shape

DAY = 86_400


@dataclass
class Line:
    """The branch as it grows."""

    key: str
    owner: str
    shape: Shape
    created: int
    commits: dict[str, Commit] = field(default_factory=dict)
    landings: list[Landing] = field(default_factory=list)
    pushes: dict[str, tuple[Push, ...]] = field(default_factory=dict)
    """plan's key → its commits"""
    merged: dict[str, str] = field(default_factory=dict)
    """plan's key → merge commit"""
    side: list[Push] = field(default_factory=list)
    """tips of the release branch"""
    tree: Tree = field(default_factory=Tree)
    before: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def tip(self) -> str:
        """The newest commit of the default branch."""
        return self.landings[-1].sha

    def commit(
        self, name: str, dates: tuple[int, int], author: str | None, message: str,
        parents: tuple[str, ...], changes: tuple[Change, ...],
    ) -> Commit:  # fmt: skip
        """Makes and keeps a commit; `dates` are authored and committed."""
        account = people.ACCOUNTS.get(author or "")
        who = (account.name, account.email) if account else ("Somebody Gone", "gone@elsewhere.example")
        made = Commit(name, *dates, account.login if account else None, *who, message, parents, changes)
        self.commits[name] = made
        return made

    def land(self, at: int, commit: Commit, pull: int | None, changes: tuple[Change, ...]) -> None:
        """The default branch moves to the commit."""
        self.before[commit.sha] = {change.path: self.tree.blobs.get(change.path, "") for change in changes}
        self.tree.apply(changes)
        self.landings.append(Landing(at, commit.sha, pull, changes))


def write_line(line: Line, plans: list[Plan], direct: list[tuple[str, int]]) -> None:
    """Writes everything; the steps are sorted by time, so that every parent is what was there then."""
    name = sha(line.key, "root")
    root = line.commit(name, (line.created, line.created), people.HUMANS[0].login, "Begin (simulated)", (), ())
    line.land(line.created, root, None, some_changes(chance(line.key, "root"), name))
    if line.shape.release_branch:
        line.side.append(Push(root.sha, line.created))
    steps: list[tuple[int, int, str, Plan | None]] = [(at, 0, key, None) for key, at in direct]
    steps += [(plan.created, 1, plan.key, plan) for plan in plans]
    steps += [(plan.merged, 2, plan.key, plan) for plan in plans if plan.merged is not None]
    for at, kind, key, plan in sorted(steps, key=lambda step: step[:3]):
        if plan is None:
            _push(line, key, at)
        elif kind == 1:
            _open(line, plan)
        else:
            _merge(line, plan, at)


def _push(line: Line, key: str, at: int) -> None:
    """One to three commits pushed straight to the default branch, mostly made minutes before."""
    random = chance(line.key, "direct", key)
    for number in range(random.choice((1, 1, 1, 2, 3))):
        name = sha(line.key, "direct", key, number)
        committed = max(at - 60 * random.randint(0, 9) - 9 + number, line.created + 1)
        author = people.author(line.key, "direct", key)
        changes, message = some_changes(random, name), f"Tidy {name[:4]}"
        if random.random() < 0.06 and len(line.landings) > 3:
            taken = line.landings[-random.randint(1, 3)]
            changes = line.tree.undo(taken.changes, line.before[taken.sha], name)
            message = f"Back out a change\n\nThis reverts commit {taken.sha}."
        elif random.random() < 0.04:
            message = f"hotfix for {name[:4]}"
        authored = committed - (0 if random.random() < 0.8 else around(random, DAY / 2))
        made = line.commit(name, (authored, committed), author, message, (line.tip,), changes)
        line.land(at, made, None, changes)


def _open(line: Line, plan: Plan) -> None:
    random, pushes, parent = chance(plan.key, "commits"), [], line.tip
    if plan.base is not None:
        parent = line.side[-1].sha
    odd = random.random()
    for number, at in enumerate(sorted(plan.pushes)):
        name = sha(line.key, plan.key, number)
        authored = max(at - around(random, DAY / 3), line.created + 1)
        if number == 0 and odd < 0.012:
            authored = at - random.randint(400, 900) * DAY
        elif number == 0 and odd < 0.02:
            authored = at + 60 * DAY
        changes = _own_changes(line, plan, number, name)
        message = f"{plan.title or 'Work'} ({number + 1})"
        if plan.reverts is not None and number == 0 and plan.title.startswith('Revert "'):
            message = f"{plan.title}\n\nThis reverts commit {line.merged[plan.reverts.key]}."
        committed = max(min(at - 5 + number, at), line.created + 1)
        line.commit(name, (authored, committed), plan.author, message, (parent,), changes)
        pushes.append(Push(name, at))
        parent = name
    line.pushes[plan.key] = tuple(pushes)


def _own_changes(line: Line, plan: Plan, number: int, name: str) -> tuple[Change, ...]:
    random = chance(plan.key, "changes", number)
    if plan.reverts is None or number:
        return some_changes(random, name, 0.002)
    steps = [landing for landing in line.landings if landing.pull == plan.reverts.number]
    before = {path: blob for landing in reversed(steps) for path, blob in line.before[landing.sha].items()}
    return line.tree.undo(joined([landing.changes for landing in steps]), before, name)


def _merge(line: Line, plan: Plan, at: int) -> None:
    own = [line.commits[push.sha] for push in line.pushes[plan.key]]
    merger = next(event.actor for event in plan.events if event.kind == "merged")
    changes, tip = joined([commit.changes for commit in own]), line.tip
    if plan.base is not None:
        tip = line.side[-1].sha
    made: list[Commit] = []
    parents: tuple[str, ...]
    if plan.method == "merge":
        message = f"Merge pull request #{plan.number} from {line.owner}/{plan.branch}\n\n{plan.title}"
        parents = (tip, own[-1].sha)
        made = [line.commit(sha(line.key, plan.key, "merge"), (at, at), merger, message, parents, changes)]
    elif plan.method == "squash":
        message = f"{plan.title} (#{plan.number})"
        made = [line.commit(sha(line.key, plan.key, "squash"), (at, at), plan.author, message, (tip,), changes)]
    else:
        for number, commit in enumerate(own):
            name = sha(line.key, plan.key, "rebase", number)
            dates, parents = (commit.authored, at), (made[-1].sha if made else tip,)
            made.append(line.commit(name, dates, plan.author, commit.message, parents, commit.changes))
    line.merged[plan.key] = made[-1].sha
    if plan.base is not None:
        line.side.extend(Push(commit.sha, at) for commit in made)
        return
    for commit in made:
        line.land(at, commit, plan.number, commit.changes)
