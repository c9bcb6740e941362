"""Names, schedules and neighbours: long ones, two releases, many releases, and a chart inside of another."""

from __future__ import annotations

import re
import shutil
from collections import Counter

import pytest
import yaml

from tests.chart.helm import BOTH, CHART, CI, READY, Release, given, jobs, named, of_kind, pods, run_helm, template

GATEWAY = {"sinks": {"pushgateway": {"url": "http://pushgateway:9091"}}}
GITHUB = {"type": "github", "repositories": ["acme/*"]}
(READY_GITHUB,) = (path for path in READY if path.stem == "github")


def two(first, second, tmp_path):
    """Values with two collectors of these names."""
    return given(
        {"settings": GATEWAY, "collectors": {first: {"settings": GITHUB}, second: {"settings": GITHUB}}}, tmp_path
    )


@pytest.mark.parametrize("helm", BOTH)
def test_long_names_end_in_a_hash_and_stay_apart(helm, tmp_path):
    values = two("a" * 62 + "b", "a" * 62 + "c", tmp_path)
    found = [
        each["metadata"]["name"] for each in of_kind(template(values, release=Release("r" * 53, helm=helm)), "CronJob")
    ]

    assert len(set(found)) == 3
    assert {len(name) for name in found} == {52}
    assert all(name.startswith("r" * 43 + "-") for name in found)


def test_a_name_with_an_underscore_is_apart_from_one_with_a_hyphen(tmp_path):
    found = {each["metadata"]["name"] for each in of_kind(template(two("a_b", "a-b", tmp_path)), "CronJob")}

    assert len(found) == 3
    assert "quarterdeck-a-b" in found


def test_two_releases_in_one_namespace_share_nothing():
    first, second = (
        {(each["kind"], each["metadata"]["name"]) for each in template(*CI_FULL, release=Release(name))}
        for name in ("one", "two")
    )

    assert first & second == set()
    assert len(first) == len(second) > 10


CI_FULL = tuple(path for path in CI if path.stem in {"git-values", "network-policy-values", "prune-values"})


def test_releases_of_one_name_in_two_namespaces_share_no_cluster_wide_name():
    (values,) = (path for path in CI if path.stem == "rights-values")
    wide = [
        {
            each["metadata"]["name"]
            for each in template(values, release=Release(namespace=namespace))
            if "namespace" not in each["metadata"]
        }
        for namespace in ("one", "two")
    ]

    assert wide[0] & wide[1] == set()
    assert all(wide)


def minute(schedule):
    return int(schedule.split("-")[0])


def test_a_schedule_with_h_stays_the_same_and_spreads_over_the_quarter(tmp_path):
    names = [f"team-{number}" for number in range(40)]
    values = given({"settings": GATEWAY, "collectors": {name: {"settings": GITHUB} for name in names}}, tmp_path)
    schedules = {
        each["metadata"]["name"]: each["spec"]["schedule"]
        for each in of_kind(template(values), "CronJob")
        if "prune" not in each["metadata"]["name"]
    }
    starts = [minute(schedule) for schedule in schedules.values()]

    assert all(schedule.endswith("-59/15 * * * *") for schedule in schedules.values())
    assert len(set(starts)) >= 12
    assert max(Counter(starts).values()) <= 8
    again = of_kind(template(values, release=Release(helm="helm3")), "CronJob")
    assert schedules.items() <= {each["metadata"]["name"]: each["spec"]["schedule"] for each in again}.items()


def test_releases_of_one_collector_start_at_different_minutes():
    jobs_of = (of_kind(template(READY_GITHUB, release=Release(f"team-{number}")), "CronJob") for number in range(6))
    starts = [minute(named(found, "CronJob", "-github")["spec"]["schedule"]) for found in jobs_of]

    assert len(set(starts)) >= 4


@pytest.mark.parametrize(
    ("schedule", "shape", "interval"),
    [
        ("H/15 * * * *", r"\d+-59/15 \* \* \* \*", 900),
        ("H/5 * * * *", r"\d-59/5 \* \* \* \*", 300),
        ("H * * * *", r"\d+ \* \* \* \*", 3600),
        ("H H/6 * * *", r"\d+ \d-23/6 \* \* \*", 21600),
        ("H H * * *", r"\d+ \d+ \* \* \*", 86400),
        ("H H * * 1", r"\d+ \d+ \* \* 1", 604800),
        ("*/15 * * * *", r"\*/15 \* \* \* \*", 900),
        ("7-59/20 * * * *", r"7-59/20 \* \* \* \*", 1200),
        ("* * * * *", r"\* \* \* \* \*", 60),
        ("@hourly", "@hourly", 3600),
        ("30 2 * * *", r"30 2 \* \* \*", 86400),
    ],
)
def test_a_schedule_tells_how_far_apart_two_runs_are(schedule, shape, interval, tmp_path):
    values = {"settings": GATEWAY, "collectors": {"github": {"settings": GITHUB, "schedule": schedule}}}
    objects = template(given(values, tmp_path))
    content = yaml.safe_load(named(objects, "ConfigMap", "-github")["data"]["quarterdeck.yaml"])

    assert re.fullmatch(shape, named(objects, "CronJob", "-github")["spec"]["schedule"])
    assert content["schedule_interval"] == f"{interval}s"


@pytest.fixture
def umbrella(tmp_path):
    """A chart that has this one as a dependency."""
    folder = tmp_path / "umbrella"
    shutil.copytree(CHART, folder / "charts" / "quarterdeck")
    dependency = {"name": "quarterdeck", "version": "*", "condition": "quarterdeck.enabled"}
    chart = {"apiVersion": "v2", "name": "umbrella", "version": "1.0.0", "dependencies": [dependency]}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(chart))
    return folder


@pytest.mark.parametrize("helm", BOTH)
def test_it_works_inside_of_another_chart(helm, umbrella, tmp_path):
    own = {**yaml.safe_load(READY_GITHUB.read_text()), "enabled": True}
    values = {"global": {"imageRegistry": "registry.example.com", "other": {"key": 1}}, "quarterdeck": own}
    objects = template(given(values, tmp_path), release=Release("all", chart=umbrella, helm=helm))
    images = {container["image"] for _, spec in pods(objects) for container in spec["containers"]}

    assert [name for name, _ in jobs(of_kind(objects, "CronJob"))] == [
        "all-quarterdeck-github",
        "all-quarterdeck-sinks-prune",
    ]
    assert images == {"registry.example.com/quarterdeck:0.1.0"}


@pytest.mark.parametrize("helm", BOTH)
def test_it_can_be_turned_off_by_the_chart_around_it_and_by_itself(helm, umbrella, tmp_path):
    own = {**yaml.safe_load(READY_GITHUB.read_text()), "enabled": False}

    assert template(given({"quarterdeck": own}, tmp_path), release=Release(chart=umbrella, helm=helm)) == []
    assert template(given(own, tmp_path), release=Release(helm=helm)) == []


def test_a_collector_that_is_null_or_disabled_is_not_there(tmp_path):
    values = {"settings": GATEWAY, "collectors": {"github": None, "other": {"enabled": False, "settings": GITHUB}}}

    found = [each["metadata"]["name"] for each in of_kind(template(given(values, tmp_path)), "CronJob")]
    assert found == ["quarterdeck-sinks-prune"]


def test_the_notes_tell_the_schedule_how_to_run_one_and_who_to_trust(tmp_path):
    (aws,) = (path for path in CI if path.stem == "aws-values")
    client = ("install", "rel", str(CHART), "-n", "metrics", "--dry-run=client", "-f")
    notes = run_helm("helm4", *client, str(aws)).split("NOTES:\n")[1]
    ready = run_helm("helm4", *client, str(READY_GITHUB)).split("NOTES:\n")[1]

    assert 'the instance "metrics/rel"' in notes
    assert "system:serviceaccount:metrics:rel-quarterdeck-github" in notes
    assert "system:serviceaccount:metrics:rel-quarterdeck-git\n" in notes
    assert "github reads GITHUB_TOKEN from the Secret quarterdeck-github." in ready
    assert "kubectl -n metrics create job --from=cronjob/rel-quarterdeck-github rel-quarterdeck-github-now" in ready
    assert any(
        line.split()[:1] == ["github"] and "-59/15 * * * *" in line and "600s" in line for line in ready.splitlines()
    )
