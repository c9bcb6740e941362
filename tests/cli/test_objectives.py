"""`collect objectives`: how everything stands, beside what is true of the simulated organisation."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from common.cli.objectives import show_objectives
from common.cli.objectives_table import write_table
from common.objectives.record import Verdict
from common.stats import summarise
from common.window import DAY, Window
from demo import serve
from tests.cli.conftest import ROOT, Collect
from tests.cli.settled import ORGANISATION
from tests.common.judged import bound, orders, state

SETTLED = {"github": "tests.cli.settled:SettledCollector"}
MONTH = 30 * DAY
EXAMPLE = yaml.safe_load(re.search(r"```yaml\n(.*?)```", (ROOT / "docs/objectives.md").read_text(), re.DOTALL)[1])


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """What the example of the docs says of the organisation, and the organisation's own truth."""
    organisation, at = ORGANISATION, ORGANISATION.end
    told = organisation.settings
    required = ({"match": name, "required_workflows": files} for name, files in told.required_workflows.items())
    github = {
        **EXAMPLE["collectors"]["github"],
        "repositories": [f"{organisation.owner}/*", *required],
        "archived": True,
        "forks": True,
        "bots": list(told.bots),
        "issue_classes": {name: [label] for label, name in told.issue_classes if name != "incident"},
    }
    everything = {"name": "everything", "match": f"{organisation.owner}/*"}
    path = tmp_path_factory.mktemp("objectives") / "settings.yaml"
    path.write_text(json.dumps({**EXAMPLE, "collectors": {"github": github}, "rollups": [everything]}))
    with pytest.MonkeyPatch.context() as patch, serve(organisation, lambda: at) as server:
        patch.setenv("GITHUB_API_URL", server.url)
        patch.setenv("GITHUB_TOKEN", "simulated-token")
        patch.setattr("sys.stdout", out := Text())
        code = show_objectives(SETTLED, (), path, as_json=True, clock=lambda: at)
        words = Text()
        patch.setattr("sys.stdout", words)
        show_objectives(SETTLED, (), path, clock=lambda: at)
    assert code == 0
    return json.loads(out.text), organisation.truth(Window(at - MONTH, at), at), at, words.text


class Text:
    """A stream that is no terminal."""

    encoding = "utf-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        return len(text)

    def isatty(self):
        return False

    def flush(self):
        return None


def of(looked, name):
    found = [each for each in looked[0]["objectives"] if each["objective"] == name]
    assert len(found) >= 4
    return found


def happened(truth, metric, scope, **tags):
    """The events of a metric, of one scope or of all."""
    return [
        one
        for (name, repository, own), events in truth.items()
        if name == metric and scope in (repository, None) and all(dict(own)[tag] in of for tag, of in tags.items())
        for one in events
    ]


def test_the_example_judges_every_objective_for_every_repository(looked):
    report = looked[0]

    assert report["failures"] == []
    assert len({(each["objective"], each["scope"]) for each in report["objectives"] if each["scope"]}) == 8 * 6
    assert {each["objective"] for each in report["objectives"]} == {each["name"] for each in EXAMPLE["objectives"]}


@pytest.mark.parametrize(
    ("name", "metric", "good", "total", "target"),
    [
        (
            "ci",
            "github.workflow_run.completed",
            {"branch": ["default"], "conclusion": ["success"]},
            {"branch": ["default"], "conclusion": ["success", "failure"]},
            0.95,
        ),
        ("deployments", "delivery.deployment.completed", {"result": ["success"]}, {}, 0.9),
    ],
)
def test_shares_budgets_burns_and_days_are_those_of_the_organisations_truth(looked, name, metric, good, total, target):
    _, truth, at, _ = looked
    for each in of(looked, name):
        fine = [one.at for one in happened(truth, metric, each["scope"], **good)]
        every = [one.at for one in happened(truth, metric, each["scope"], **total)]
        assert each["compliance"] == (pytest.approx(len(fine) / len(every)) if every else None)
        if every:
            wrong = 1 - len(fine) / len(every)
            assert each["met"] is (len(fine) / len(every) >= target)
            assert each["budget_remaining"] == pytest.approx(1 - wrong / (1 - target))
            assert each["score"] == pytest.approx(min(1, max(0, 2 - wrong / (1 - target))))
        assert each["burn"] == pytest.approx(burns(fine, every, at, target))
        assert each["days"] == [pytest.approx(day) for day in days(fine, every, at, target)]


def burns(fine, every, at, target):
    found = {}
    for name, size in {"1d": DAY, "3d": 3 * DAY, "7d": 7 * DAY, "30d": MONTH}.items():
        good, total = (sum(one >= at - size for one in events) for events in (fine, every))
        if total >= max(10, round(1 / (1 - target), 6)):
            found[name] = (1 - good / total) / (1 - target)
    return found


def days(fine, every, at, target):
    for start in (at - left * DAY for left in range(7, 0, -1)):
        good, total = (sum(start <= one < start + DAY for one in events) for events in (fine, every))
        yield min(1, max(0, 2 - (1 - good / total) / (1 - target))) if total else None


def test_states_are_those_of_the_organisations_truth(looked):
    _, truth, _, _ = looked
    for each in of(looked, "review"):
        waits = [one.value for one in happened(truth, "github.pull_request.time_to_first_review", each["scope"])]
        assert each["value"] == (pytest.approx(summarise(waits).p95) if waits else None)
        assert each["met"] == (each["value"] <= DAY if waits else None)
    for each in of(looked, "deployment-frequency"):
        done = happened(truth, "delivery.deployment.completed", each["scope"], result=["success"])
        assert (each["value"], each["met"]) == (len(done), len(done) >= 4)
    gauges = {"reviewed": "github.pull_request.review_coverage", "green": "github.default_branch.passing"}
    for name, metric in gauges.items():
        for each in of(looked, name):
            if each["scope"]:
                assert each["value"] == pytest.approx(truth.get((metric, each["scope"], ()))) or each["value"] is None
                assert ((metric, each["scope"], ()) in truth) is (each["value"] is not None)


def test_what_is_unknown_is_null_and_told_why(looked):
    for each in looked[0]["objectives"]:
        assert (each["met"] is None) is (each["value"] is None) is (each["score"] is None)
        if each["type"] == "state":
            assert (each["compliance"], each["days"], each["burn"]) == (None, [None] * 7, {})
            assert each["notes"]
    mixed = [each["notes"] for each in of(looked, "lead-time") if each["rollup"]]
    assert mixed == [["3 series of delivery.lead_time cannot be added up; give one proxy"]]


def test_the_table_has_a_row_for_each_and_words_for_what_is_unknown(looked):
    report, _, _, text = looked
    rows = [line for line in text.splitlines() if re.match(r"(ci|deployments|review|green) +\S", line)]
    met = sum(each["met"] is True for each in report["objectives"])

    assert text.startswith(f"objectives: {met} met, ")
    assert len([row for row in rows if " of " not in row]) >= 4 * 4
    assert re.search(r"^ci +simulated-acme/empty +· +>= 95 % +· +· +· +· +· · · · · · ·$", text, re.MULTILINE)
    assert "no events in its window, so there is nothing to judge: ci of simulated-acme/empty" in text


def test_the_table_rounds_down_so_that_only_what_is_met_looks_so():
    (events, wait) = bound(
        orders(window="7d"), state("shop.wait", "<=", "24h", statistic="p95", tags={"queue": "long"})
    )
    rows = [
        ("shop", Verdict(objective=events, scope="a", value=0.7999, met=False, score=0.9999, days=(0.96,) * 7)),
        ("shop", Verdict(objective=wait, rollup="all", value=90_000.0, met=False, compliance=0.5, basis="lower_bound")),
    ]
    out = Text()
    write_table(rows, (), 1_750_000_000, out)

    assert [line.split("  ")[0] for line in out.text.splitlines()] == [
        "objectives: 0 met, 2 not met · 2025-06-15T15:06:40Z", "", "OBJECTIVE", "orders", "state", "",
    ]  # fmt: skip
    orders_row, state_row = (re.sub(" +", " ", line) for line in out.text.splitlines()[3:5])
    assert orders_row == "orders a 79.9 % >= 80 % NO · · 0.9 0.9 0.9 0.9 0.9 0.9 0.9 0.9"
    assert state_row == "state rollup all 1d1h (lower bound) <= 1d NO 50 % · · · · · · · ·"


@pytest.fixture
def judged(repository):
    def call(objectives, *arguments):
        settings = {"collectors": {"git": {}}, "objectives": objectives}
        (repository / "quarterdeck.yaml").write_text(json.dumps(settings))
        return Collect(repository)(*arguments)

    return call


REVERTS = {"name": "calm", "metric": "git.commit.revert", "comparison": "<=", "target": 0}


def test_without_objectives_it_says_how_to_have_some(collect):
    answer = collect("objectives")

    assert (answer.code, answer.err) == (0, "")
    assert (
        answer.out == "no objectives: name some under `objectives` in the settings; docs/objectives.md has good ones\n"
    )
    assert json.loads(collect("objectives", "--json").out)["objectives"] == []


def test_a_run_tells_of_them_and_check_says_who_judges_them(judged):
    run = judged([REVERTS], "--json", "--only", "objective.*")
    told = {each["metric"]: each["value"] for each in json.loads(run.out)["runs"][0]["samples"]}

    assert told == {"objective.met": 0, "objective.score": 0, "objective.target": 0, "objective.value": 1}
    foreign = {**REVERTS, "name": "foreign", "metric": "github.commit.revert"}
    checked = judged([REVERTS, foreign], "check").out
    assert "ok       objectives: calm: judged by git\n" in checked
    assert "warning  objectives: foreign: no collector of these settings has github.commit.revert\n" in checked


@pytest.mark.parametrize("command", [("objectives",), ("--dry-run",)])
def test_a_mistake_is_one_sentence_and_exit_2(judged, command):
    answer = judged([{**REVERTS, "metric": "git.commit.reverts"}], *command)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        "collect: objectives[0].metric: 'git.commit.reverts' is not a metric of these collectors; "
        "did you mean git.commit.revert?\n"
    )


def test_an_objective_that_is_for_nothing_is_named(judged):
    answer = judged([REVERTS, {**REVERTS, "name": "away", "match": "elsewhere/*"}], "objectives")

    assert answer.code == 0
    assert answer.out.endswith(
        "away: it is for no scope that was read; look at its `match`, and whether its collector is in the settings\n"
    )
    assert "\ncalm " in answer.out


def test_a_mistake_is_found_by_check_too(judged):
    answer = judged([{**REVERTS, "comparison": ">="}], "check")

    assert answer.code == 1
    assert "FAILED   objectives: objectives[0].comparison: git.commit.revert >= 0 is always true" in answer.out


def test_a_window_of_one_call_changes_no_rule(judged):
    lines = {"metric": "git.commit.landed"}
    human = {"name": "human", "good": {**lines, "tags": {"author": "human"}}, "total": lines, "target": 0.9}

    assert judged([human], "--window", "1d").code == 0
    assert "objective.met" in judged([human]).out
    assert "objective.met" not in judged([human], "--window", "1d").out
