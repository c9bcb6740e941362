"""The git collector against the bare `git log --numstat` that it needs, on 50,000 commits, in one run.

    [FILES=4000 LINES=60] python tests/bench/git_bench.py [commits] [rounds]

Prints both times, their ratio, the collector's share of CPU and its peak memory. The target: at most 1.5 times, below
100 MiB. The repository is made once with fast-import and kept in the user's cache folder.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = 1_500_000_000
STEP = 600
FILES, LINES = int(os.environ.get("FILES", "4000")), int(os.environ.get("LINES", "60"))


def stream(commits: int) -> Iterator[bytes]:
    """A history of 20 authors: 10 % merges, one to six files a commit, some renames, a release every 250 commits."""
    chance = random.Random(1)
    paths = [f"src/part{number % 40}/module{number % 400}/file{number}.py" for number in range(FILES)]
    texts: dict[str, list[str]] = {}
    tip, mark, branch_from, side = 0, 0, 0, 0
    yield b"reset refs/heads/main\n"
    while mark < commits:
        mark += 1
        merging = side and mark - branch_from > 5
        on_side = not merging and tip and (side or chance.random() < 0.2)
        parent = side if on_side and side else tip
        lines = [f"commit refs/heads/{'side' if on_side else 'main'}", f"mark :{mark}", *_people(chance, mark)]
        message = _message(chance, mark)
        lines += [f"data {len(message.encode())}", message]
        lines += [f"from :{parent}"] if parent else []
        if merging:
            lines += [f"merge :{side}"]
        else:
            lines += _changes(chance, paths, texts, mark)
        yield ("\n".join(lines) + "\n\n").encode()
        if on_side:
            branch_from = branch_from if side else mark
            side = mark
        else:
            tip, side = mark, 0 if merging else side
        if not on_side and mark % 250 < 5:
            date = START + mark * STEP + 60
            yield f"tag v{mark // 250}.{mark % 250}\nfrom :{mark}\ntagger R <r@x> {date} +0000\ndata 1\nx\n".encode()
    yield b"done\n"


def _people(chance: random.Random, mark: int) -> list[str]:
    person, written = chance.randrange(20), START + mark * STEP - chance.randrange(86_400)
    who = f"Person {person} <person{person}@example.org>"
    return [f"author {who} {written} +0200", f"committer {who} {START + mark * STEP} +0000"]


def _message(chance: random.Random, mark: int) -> str:
    subject = f'Revert "Change {mark - 1}"' if chance.random() < 0.02 else f"Change {mark}: make the module better"
    body = "Because the module was not as good as it could be.\n" * chance.randrange(4)
    return f"{subject}\n\n{body}" if body else subject


def _changes(chance: random.Random, paths: list[str], texts: dict[str, list[str]], mark: int) -> list[str]:
    lines: list[str] = []
    for index in chance.sample(range(FILES), chance.randrange(1, 7)):
        path = paths[index]
        if chance.random() < 0.02 and path in texts:
            paths[index] = f"{path.partition('@')[0]}@{mark}"
            texts[paths[index]] = texts.pop(path)
            lines.append(f"D {path}")
            path = paths[index]
        text = texts.setdefault(path, [f"line {number} of {path}" for number in range(LINES)])
        place = chance.randrange(len(text))
        text[place : place + 2] = [f"line {place} at {mark}"] * chance.randrange(1, 4)
        content = "\n".join(text) + "\n"
        lines += [f"M 100644 inline {path}", f"data {len(content)}", content]
    return lines


def made(commits: int) -> Path:
    """The repository, made on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "quarterdeck"
    folder = cache / f"bench-{commits}-{FILES}.git"
    if not (folder / "done").exists():
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)
        with subprocess.Popen(
            ["git", "-C", folder, "fast-import", "--quiet", "--force", "--done"], stdin=subprocess.PIPE
        ) as importing:
            assert importing.stdin
            for part in stream(commits):
                importing.stdin.write(part)
            importing.stdin.close()
        subprocess.run(["git", "-C", folder, "branch", "-qD", "side"], check=False)
        subprocess.run(["git", "-C", folder, "repack", "-adq"], check=True)
        (folder / "done").touch()
    return folder


def collect(folder: str) -> None:
    """What a run does but for the sinks: fetch, every metric, the samples."""
    from collectors.git.collector import GitCollector, GitSettings
    from common.collector import Context
    from common.deadline import Deadline
    from common.duration import Duration
    from common.meter import Meter
    from common.run import Attempt, Plan
    from common.sinks import RunKey
    from common.window import window_ending
    from tests.memory import peak_mebibytes

    length = 20 * 365 * 86_400
    context = Context(Deadline(600), Meter(), dict(os.environ))
    collector = GitCollector(GitSettings(paths=(folder,)).with_window(Duration(length)), context)
    plan = Plan(key=RunKey("bench", "git"), window=window_ending(2_000_000_000, length), dry=True)
    run = Attempt(collector, [], plan, context, time.time).execute()
    assert not run.failures, run.failures
    landed = sum(each.value for each in run.samples if each.metric.name == "git.commit.landed")
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{landed:.0f} {peak_mebibytes():.1f} {own.ru_utime + own.ru_stime:.2f}")


def main(commits: int, rounds: int) -> None:
    """Both sides in turn; the best of each counts."""
    folder = made(commits)
    bare, ours, said = [], [], ""
    for _ in range(rounds):
        began = time.perf_counter()
        command = ["git", "-C", folder, "log", "-z", "--numstat", "--format=%H%P%at%ct%aN%aE%B", "-M", "main"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        child = [sys.executable, __file__, "--collect", folder]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        said = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True, env=environ).stdout
        ours.append(time.perf_counter() - began)
    landed, memory, cpu = said.split()
    print(f"commits landed      {landed}")
    print(f"git log --numstat   {min(bare):.2f} s")
    print(f"collector           {min(ours):.2f} s, of which Python's own CPU {cpu} s (interpreter's start included)")
    print(f"ratio               {min(ours) / min(bare):.2f} (at most 1.5)")
    print(f"peak memory         {memory} MiB (below 100)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--collect"]:
        collect(sys.argv[2])
    else:
        main(int((sys.argv[1:] or ["50000"])[0]), int((sys.argv[2:] or ["3"])[0]))
