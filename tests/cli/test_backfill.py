"""`collect backfill` as a user calls it: what it tells, what it writes, and what it ends with."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from common.cli.backfilling import moment
from common.errors import ConfigError
from common.window import DAY, HOUR
from tests.cli.conftest import Collect
from tests.cli.past import LANDED, last_values


def test_without_a_target_it_tells_what_there_is_and_writes_nothing(collect_there):
    before = sorted(collect_there.folder.iterdir())
    answer = collect_there("backfill", "git", "--since", "10d")

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("git: backfill (dry run) · ")
    assert re.search(r"^git\.commit\.landed +count +4 +8 +\d+$", answer.out, re.MULTILINE)
    assert (
        "not filled in, because a source does not tell what states and statistics were: delivery.change" in answer.out
    )
    assert answer.out.endswith("nothing was written: give --output FILE for Prometheus, or --push datadog\n")
    assert sorted(collect_there.folder.iterdir()) == before


def test_json_tells_the_same(collect_there, quarter):
    since = quarter - 2 * DAY
    answer = collect_there("backfill", "git", "--since", str(since), "--until", str(quarter), "--json", "--step", "1h")
    found = json.loads(answer.out)
    landed = next(each for each in found["metrics"] if each["metric"] == "git.commit.landed")

    assert (found["collector"], found["dry_run"], found["step"], found["scopes"]) == ("git", True, 3600, ["shop"])
    assert landed == {"metric": "git.commit.landed", "kind": "count", "series": 4, "events": 5, "quarters": 3}
    assert found["failures"] == []


def test_the_text_tells_every_event_in_the_span_once(collect_there, history, quarter):
    since, until = quarter - 62 * HOUR, quarter - 10 * HOUR
    answer = collect_there(
        "backfill", "git", "--since", str(since), "--until", str(until), "--output", str(history.parent / "h.txt")
    )
    text = (history.parent / "h.txt").read_text("utf-8")

    assert answer.code == 0
    assert "promtool tsdb create-blocks-from --max-block-duration=744h openmetrics" in answer.out
    assert text.endswith("# EOF\n")
    assert not (history.parent / "h.txt.part").exists()
    assert sum(last_values(text, LANDED).values()) == 4
    assert sum(last_values(text, "git_commit_time_to_land_seconds_count").values()) == 4
    assert list(last_values(text, "delivery_deployment_completed_total").values()) == [1]
    assert {dict(labels)["job"] for labels in last_values(text, LANDED)} == {"quarterdeck"}


def test_on_standard_output_there_is_nothing_but_the_text(collect_there):
    answer = collect_there("backfill", "git", "--since", "10d", "--output", "-", "--only", "git.commit.landed")

    assert answer.code == 0
    assert sum(last_values(answer.out, LANDED).values()) == 8
    assert "git: backfill (done)" in answer.err


@pytest.mark.slow
def test_tags_shards_and_instances_are_those_of_the_runs(collect_there, history):
    (history / "quarterdeck.yaml").write_text(
        "instance: eu\ntags: {env: test}\nmetrics: {drop_tags: [shape], exclude: ['git.code.*']}\n"
    )
    answer = collect_there("backfill", "git", "--since", "10d", "--output", "-")
    found = last_values(answer.out, LANDED)

    labels = {"job": "quarterdeck", "instance": "eu", "collector": "git", "shard": "0", "env": "test", "repo": "shop"}
    assert found == {
        tuple(sorted({**labels, "author": "human"}.items())): 8,
        tuple(sorted({**labels, "author": "bot"}.items())): 0,
    }
    assert "git_code_lines" not in answer.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gitt", "--since", "9d"), "'gitt' is not in `collectors` of the settings; there: git"),
        (
            ("git", "--since", "soon"),
            "--since 'soon': accepted are a length of time before now such as 90d, a time such",
        ),
        (("git", "--since", "9d", "--until", "10d"), "no whole quarter of an hour between --since and --until"),
        (("git", "--since", "9d", "--until", "2999-01-01"), "--until '2999-01-01': no later than 20"),
        (("git", "--since", "9d", "--step", "20m"), "--step: the distance of points is 15m or a multiple of it"),
        (("git", "--since", "9d", "--push", "pushgateway"), "--push 'pushgateway': accepted is datadog"),
        (("git", "--since", "9d", "--push", "datadog"), "--push datadog: set DD_API_KEY, or sinks.datadog"),
        (("git", "--since", "9d", "--push", "datadog", "--output", "x"), "--output and --push exclude each other"),
        (("git", "--since", "9d", "--scope", "other"), "--scope 'other' is not among the scopes of git"),
        (("git", "--since", "9d", "--only", "git.branch.*"), "no metric of events of git is left to fill in"),
        (("git", "--since", "9d", "--json", "--output", "-"), "--json and --output - both want standard output"),
        (("git",), "Missing option '--since'"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_2(collect, arguments, words):
    answer = collect("backfill", *arguments)

    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_a_place_that_cannot_be_written_is_told(collect_there):
    answer = collect_there("backfill", "git", "--since", "9d", "--output", "nowhere/h.txt")

    assert answer.code == 1
    assert answer.err == "collect: --output nowhere/h.txt: it could not be written: No such file or directory\n"


def test_where_nothing_can_be_read_an_older_file_stays(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "h.txt").write_text("older")
    answer = Collect(tmp_path / "empty")("backfill", "git", "--since", "9d", "--output", str(tmp_path / "h.txt"))

    assert answer.code == 1
    assert "missing: empty: . is not a Git repository" in answer.out
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["h.txt"]
    assert (tmp_path / "h.txt").read_text() == "older"


def test_what_is_missing_is_named_and_strict_makes_it_a_failure(collect_there, history):
    (history / "quarterdeck.yaml").write_text("collectors:\n  git: {paths: [., ./nowhere]}\n")
    arguments = ("backfill", "git", "--since", "9d", "--output", "h.txt")
    answer, strict = collect_there(*arguments), collect_there(*arguments, "--strict")

    assert (answer.code, strict.code) == (0, 1)
    assert "1 of 2 scopes read" in answer.out
    assert "missing: nowhere: " in answer.out
    assert sum(last_values((history / "h.txt").read_text(), LANDED).values()) == 8


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2d", 1_000_000 - 2 * DAY),
        ("1970-01-02", DAY),
        ("1970-01-02T01:00:00Z", DAY + HOUR),
        ("1970-01-02T01:00:00+01:00", DAY),
        ("86400", DAY),
        ("86400.5", DAY + 0.5),
    ],
)
def test_a_time_is_a_length_before_now_a_date_or_unix_seconds(text, at):
    assert moment(text, "--since", 1_000_000) == at


def test_a_time_that_is_none_is_an_error():
    with pytest.raises(ConfigError, match=r"--until 'tomorrow': accepted are"):
        moment("tomorrow", "--until", 0)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_span(collect_there):
    peaks = []
    for since in ("5d", "900d"):
        script = (
            "import sys; from common.cli import main; from collectors import COLLECTORS;"
            "from tests.memory import peak_mebibytes;"
            f"code = main(COLLECTORS, ['backfill', 'git', '--since', '{since}', '--output', 'h.txt']);"
            "print(peak_mebibytes(), file=sys.stderr); sys.exit(code)"
        )
        done = subprocess.run(
            (sys.executable, "-c", script),
            capture_output=True,
            text=True,
            cwd=collect_there.folder,
            env=collect_there.environment(),
            check=True,
        )
        peaks.append(float(done.stderr.split()[-1]))

    assert (collect_there.folder / "h.txt").stat().st_size > 50e6
    assert peaks[1] - peaks[0] < 5
