"""The commands over an account, against a server shaped like Datadog."""

from __future__ import annotations

import json

import pytest

from collectors import COLLECTORS
from common.deadline import Deadline
from common.errors import ConfigError, SubmitError
from common.meter import Meter
from common.settings import DatadogSettings
from common.sinks.datadog.transport import Access, Transport
from dashboards.remote import lock
from dashboards.remote.account import Account
from dashboards.remote.commands import (
    Session,
    delete_all,
    export_all,
    pull_all,
    push_all,
    show_audit,
    show_diff,
    show_list,
)
from tests.servers.datadog import API_KEY, APP_KEY
from tests.servers.faults import ResetBeforeBody, html_page, status


def board(title, query="avg:github.pull_request.open{*}"):
    widget = {"definition": {"type": "query_value", "requests": [{"q": query}]}}
    return {"title": title, "description": "What it is for.", "layout_type": "ordered", "widgets": [widget]}


RENDERED = {"developer": board("Developer"), "executive": board("Executive")}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "dashboards.lock.json"


@pytest.fixture
def session(datadog_server, path):
    """Makes sessions: `session(rendered, slugs)`, each as one call of the command line."""

    def make(rendered=RENDERED, slugs=(), at=None, url=None):
        access = Access(DatadogSettings(url=url or datadog_server.url, site="datadoghq.eu"), API_KEY, APP_KEY)
        transport = Transport(access, Deadline(600.0), Meter(), sleep=lambda seconds: None)
        statistics = ("count", "p50", "p95")
        return Session(Account(transport), rendered, at or path, frozenset(slugs), COLLECTORS, statistics)

    return make


def edit(server, title, /, **changes):
    """Change a dashboard as somebody does in the browser."""
    held = next(each for each in server.dashboards.held.values() if each["title"] == title)
    server.dashboards.store(held["id"], {**held, **changes})


def titles(server):
    return sorted(each["title"] for each in server.dashboards.held.values())


def test_a_push_creates_and_another_changes_nothing(session, datadog_server, capsys):
    assert push_all(session(), force=False, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]
    writes = datadog_server.requests["POST /api/v1/dashboard"]
    capsys.readouterr()
    assert push_all(session(), force=False, dry=False) == 0
    assert capsys.readouterr().out == "nothing to do\n"
    assert datadog_server.requests["POST /api/v1/dashboard"] == writes == 2


def test_a_dry_push_writes_neither_to_the_account_nor_the_lock_file(session, datadog_server, path, capsys):
    assert push_all(session(), force=False, dry=True) == 0
    assert titles(datadog_server) == []
    assert not path.exists()
    assert capsys.readouterr().out == "developer: would create\nexecutive: would create\n"


def test_a_changed_render_updates_in_place(session, datadog_server, capsys):
    push_all(session(), force=False, dry=False)
    before = set(datadog_server.dashboards.held)
    capsys.readouterr()
    changed = {**RENDERED, "executive": board("Executive, weekly")}
    assert push_all(session(changed), force=False, dry=False) == 0
    assert set(datadog_server.dashboards.held) == before
    assert titles(datadog_server) == ["Developer", "Executive, weekly"]
    assert capsys.readouterr().out.startswith("executive: updated https://app.datadoghq.eu/dashboard/abc-002-xyz/")


def test_an_edit_in_the_browser_is_left_alone_and_the_others_are_pushed(session, datadog_server, capsys):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    changed = {name: board(f"{each['title']} 2") for name, each in RENDERED.items()}
    assert push_all(session(changed), force=False, dry=False) == 1
    assert titles(datadog_server) == ["Developer 2", "My executive"]
    assert "executive: left alone: edited in Datadog since the last push; look with diff" in capsys.readouterr().err


def test_force_overwrites_an_edit(session, datadog_server):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    assert push_all(session(), force=True, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]


def test_an_update_carries_on_what_belongs_to_the_account(session, datadog_server):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", restricted_roles=["role-1"], notify_list=["lead@example.com"])
    assert push_all(session({"executive": board("Executive 2")}), force=False, dry=False) == 0
    held = next(each for each in datadog_server.dashboards.held.values() if each["title"] == "Executive 2")
    assert (held["restricted_roles"], held["notify_list"]) == (["role-1"], ["lead@example.com"])


def test_one_deleted_in_datadog_is_not_brought_back_without_force(session, datadog_server, capsys):
    push_all(session(), force=False, dry=False)
    datadog_server.dashboards.held.popitem()
    assert push_all(session(), force=False, dry=False) == 1
    said = "executive: left alone: deleted in Datadog since the last push; --force creates it anew\n"
    assert capsys.readouterr().err == said
    assert push_all(session(), force=True, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]


def test_a_lost_lock_file_is_found_again_by_the_markers(session, datadog_server, path):
    push_all(session(), force=False, dry=False)
    known = lock.read(path, session().account.name)
    path.unlink()
    assert push_all(session(), force=False, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]
    assert {slug: each.id for slug, each in lock.read(path, session().account.name).items()} == {
        slug: each.id for slug, each in known.items()
    }


def test_a_dashboard_marked_twice_is_named_with_both_ids(session, datadog_server, path):
    push_all(session(), force=False, dry=False)
    copy = next(each for each in datadog_server.dashboards.held.values() if each["title"] == "Executive")
    datadog_server.dashboards.store("clone", {**copy, "title": "Clone"})
    assert push_all(session(), force=False, dry=False) == 0
    path.unlink()
    with pytest.raises(SubmitError, match=r"two dashboards are marked as executive: .* and clone; delete one of them"):
        push_all(session(), force=False, dry=False)


def test_a_push_from_another_checkout_is_not_overwritten(session, datadog_server, tmp_path, capsys):
    push_all(session(), force=False, dry=False)
    theirs = session({**RENDERED, "executive": board("Theirs")}, at=tmp_path / "theirs.lock.json")
    push_all(theirs, force=False, dry=False)
    assert push_all(session({**RENDERED, "executive": board("Ours")}), force=False, dry=False) == 1
    assert (
        "pushed from somewhere else since this lock file was written; update the lock file" in capsys.readouterr().err
    )
    assert titles(datadog_server) == ["Developer", "Theirs"]


def test_of_two_people_pushing_at_once_the_one_who_was_overwritten_learns_it(session, datadog_server, tmp_path, capsys):
    push_all(session(), force=False, dry=False)
    there = tmp_path / "theirs.lock.json"
    push_all(session(at=there), force=False, dry=False)
    theirs = session({**RENDERED, "executive": board("Theirs")}, at=there)
    server = datadog_server.dashboards

    def rival():
        server.before_write = lambda: None
        assert push_all(theirs, force=False, dry=False) == 0

    server.before_write = rival
    assert push_all(session({**RENDERED, "executive": board("Ours")}), force=False, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Ours"]
    capsys.readouterr()
    assert push_all(theirs, force=False, dry=False) == 1
    assert "executive: left alone: pushed from somewhere else since this lock file" in capsys.readouterr().err


def test_a_write_between_ours_and_the_look_after_it_is_told(session, datadog_server, monkeypatch, capsys):
    push_all(session(), force=False, dry=False)
    server, put = datadog_server.dashboards, datadog_server.dashboards.answer

    def answer(method, target, raw):
        result = put(method, target, raw)
        if method == "PUT":
            status, body = result[0], dict(result[1])
            server.store(body["id"], {**body, "title": "Theirs"})
            return status, body
        return result

    monkeypatch.setattr(server, "answer", answer)
    assert push_all(session({**RENDERED, "executive": board("Ours")}), force=False, dry=False) == 1
    assert "executive: somebody else changed it while it was pushed; look with diff" in capsys.readouterr().err


def test_what_is_no_longer_rendered_is_named_and_deleted_on_request(session, datadog_server, path, capsys):
    push_all(session(), force=False, dry=False)
    capsys.readouterr()
    fewer = {"developer": RENDERED["developer"]}
    assert push_all(session(fewer), force=False, dry=False) == 0
    assert capsys.readouterr().out == "executive: no longer rendered; delete removes it\n"
    assert delete_all(session(fewer, ["executive"]), every=False, force=False, dry=True) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]
    assert delete_all(session(fewer, ["executive"]), every=False, force=False, dry=False) == 0
    assert titles(datadog_server) == ["Developer"]
    assert list(lock.read(path, session().account.name)) == ["developer"]


def test_delete_leaves_an_edited_one_without_force(session, datadog_server, capsys):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    assert delete_all(session(), every=True, force=False, dry=False) == 1
    assert titles(datadog_server) == ["My executive"]
    assert delete_all(session(), every=True, force=True, dry=False) == 0
    assert titles(datadog_server) == []


@pytest.mark.parametrize(("every", "slugs"), [(False, ()), (True, ("executive",))])
def test_delete_wants_names_or_all(session, every, slugs):
    with pytest.raises(ConfigError, match="name the dashboards to delete, or give --all; not both"):
        delete_all(session(slugs=slugs), every=every, force=False, dry=False)


def test_after_a_pull_the_next_push_may_overwrite(session, datadog_server, tmp_path, capsys):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    assert pull_all(session(slugs=["executive"]), tmp_path / "pulled", dry=False) == 0
    pulled = json.loads((tmp_path / "pulled/executive.jsonnet").read_text())
    assert pulled == {**RENDERED["executive"], "title": "My executive"}
    assert push_all(session(), force=False, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]


def test_an_edit_that_could_not_be_saved_is_not_overwritten(session, datadog_server, tmp_path, path):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    before = path.read_bytes()
    (tmp_path / "pulled").write_text("no folder")
    with pytest.raises(ConfigError, match=r"executive\.jsonnet: cannot be written"):
        pull_all(session(slugs=["executive"]), tmp_path / "pulled", dry=False)
    assert path.read_bytes() == before
    assert push_all(session(), force=False, dry=False) == 1
    assert "My executive" in titles(datadog_server)


def test_a_dry_pull_writes_nothing(session, datadog_server, tmp_path, path):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    before = path.read_bytes()
    assert pull_all(session(slugs=["executive"]), tmp_path / "pulled", dry=True) == 0
    assert not (tmp_path / "pulled").exists()
    assert path.read_bytes() == before


def test_export_saves_what_is_there_as_it_is(session, datadog_server, tmp_path):
    push_all(session(), force=False, dry=False)
    datadog_server.dashboards.store("foreign", board("Foreign"))
    assert export_all(session(), tmp_path / "out", every=False, dry=False) == 0
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["developer.json", "executive.json"]
    assert export_all(session(), tmp_path / "out", every=True, dry=False) == 0
    assert json.loads((tmp_path / "out/foreign.json").read_text()) == datadog_server.dashboards.held["foreign"]


def test_diff_shows_what_a_push_would_change(session, datadog_server, capsys):
    push_all(session(), force=False, dry=False)
    capsys.readouterr()
    assert show_diff(session(), strict=True) in {0, 1}
    capsys.readouterr()
    changed = {**RENDERED, "executive": board("Executive 2")}
    assert show_diff(session(changed), strict=False) == 0
    said = capsys.readouterr().out
    assert "# executive: as last pushed; what is rendered has changed\n" in said
    assert '-  "title": "Executive",\n+  "title": "Executive 2",\n' in said
    assert show_diff(session(changed), strict=True) == 1


def test_the_list_names_every_state(session, datadog_server, capsys):
    push_all(session(), force=False, dry=False)
    edit(datadog_server, "Executive", title="My executive")
    capsys.readouterr()
    assert show_list(session({**RENDERED, "platform-health": board("Platform health")}), as_json=True) == 0
    rows = json.loads(capsys.readouterr().out)["dashboards"]
    assert [(each["slug"], each["state"]) for each in rows] == [
        ("developer", "same"),
        ("executive", "edited"),
        ("platform-health", "absent"),
    ]


def test_more_dashboards_than_a_page_holds_are_all_seen(session, datadog_server, path):
    for number in range(250):
        datadog_server.dashboards.store(f"foreign-{number}", board(f"Foreign {number}"))
    push_all(session(), force=False, dry=False)
    path.unlink()
    assert push_all(session(), force=False, dry=False) == 0
    assert len(datadog_server.dashboards.held) == 252


def test_audit_tells_what_is_received_read_and_known_apart(session, datadog_server, capsys):
    shapes = datadog_server.store.shapes
    for name in ("github.pull_request.open", "github.pulls.old_name", "somebody.elses"):
        shapes[name] = {}
    rendered = {"executive": board("Executive", "avg:github.pull_request.stale{*}")}
    push_all(session(rendered), force=False, dry=False)
    edit(datadog_server, "Executive", widgets=board("x", "avg:github.pulls.old_name{*}")["widgets"])
    capsys.readouterr()
    assert show_audit(session(rendered), as_json=True, strict=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["unregistered"] == ["github.pulls.old_name"]
    assert found["unknown"] == {"executive": ["github.pulls.old_name"]}
    assert found["absent"] == ["github.pull_request.stale"]
    assert "github.pull_request.open" not in found["unread"]
    assert "github.pull_request.time_to_merge.p95" in found["unread"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            status(401),
            r"answered 401: planned\. Look whether the key in DD_API_KEY and in sinks\.datadog\.app_key is still valid",
        ),
        (status(403), "answered 403"),
        (status(404), "answered 404 for /api/v1/dashboard"),
        (status(429), r"answered 429 \(tried 5 times\)"),
        (status(500), r"answered 500 \(tried 5 times\)"),
        (html_page(502), r"answered 502 \(tried 5 times\)"),
        (html_page(200), "not a dashboard's"),
        (ResetBeforeBody(), "tried 5 times"),
    ],
    ids=["401", "403", "404", "429", "500", "502", "html", "reset"],
)
def test_an_account_that_refuses_is_named_and_nothing_is_written(
    session, datadog_server, fault_proxy, path, fault, words
):
    proxy = fault_proxy(datadog_server.url, lambda _: fault)
    with pytest.raises(SubmitError, match=words):
        push_all(session(url=proxy.url), force=False, dry=False)
    assert not path.exists()
    assert titles(datadog_server) == []


@pytest.mark.parametrize("fault", [status(429), status(503), ResetBeforeBody()], ids=["429", "503", "reset"])
def test_a_fault_that_passes_costs_nothing(session, datadog_server, fault_proxy, fault):
    proxy = fault_proxy(datadog_server.url, [fault, fault])
    assert push_all(session(url=proxy.url), force=False, dry=False) == 0
    assert titles(datadog_server) == ["Developer", "Executive"]


def test_a_create_that_fails_is_not_sent_twice_and_the_next_push_finds_what_it_made(
    session, datadog_server, monkeypatch, capsys
):
    server, answer = datadog_server.dashboards, datadog_server.dashboards.answer

    def made_but_not_said(method, target, raw):
        status, body = answer(method, target, raw)
        return (502, {"errors": ["bad gateway"]}) if method == "POST" else (status, body)

    monkeypatch.setattr(server, "answer", made_but_not_said)
    assert push_all(session({"executive": RENDERED["executive"]}), force=False, dry=False) == 1
    assert titles(datadog_server) == ["Executive"]
    monkeypatch.setattr(server, "answer", answer)
    assert push_all(session({"executive": RENDERED["executive"]}), force=False, dry=False) in {0, 1}
    assert titles(datadog_server) == ["Executive"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"accounts": {"x": {"y": {"id": 1}}}}', '{"accounts": {}, "more": 1}']
)
def test_a_lock_file_that_is_none_is_named_with_the_remedy(path, text):
    path.write_text(text)
    with pytest.raises(
        ConfigError, match=r"dashboards\.lock\.json: not a lock file that can be read .*; mend it, or delete"
    ):
        lock.read(path, "api.datadoghq.com")


def test_a_lock_file_of_a_newer_release_is_not_overwritten(path):
    path.write_text('{"accounts": {}, "schema": 2}')
    with pytest.raises(ConfigError, match="written by a newer release"):
        lock.write(path, "api.datadoghq.com", "executive", None)


def test_accounts_are_kept_apart_in_one_lock_file(path):
    lock.write(path, "one", "executive", lock.Pushed("a", "b", "c"))
    lock.write(path, "two", "executive", lock.Pushed("d", "e", "f"))
    assert lock.read(path, "one") == {"executive": lock.Pushed("a", "b", "c")}
    assert lock.read(path, "two") == {"executive": lock.Pushed("d", "e", "f")}


def test_one_that_cannot_be_read_costs_only_itself(session, datadog_server, monkeypatch, capsys):
    push_all(session(), force=False, dry=False)
    server, answer = datadog_server.dashboards, datadog_server.dashboards.answer

    def refuse_one(method, target, raw):
        refused = method == "GET" and target.endswith("abc-001-xyz")
        return (403, {"errors": ["Forbidden"]}) if refused else answer(method, target, raw)

    monkeypatch.setattr(server, "answer", refuse_one)
    changed = {name: board(f"{each['title']} 2") for name, each in RENDERED.items()}
    assert push_all(session(changed), force=False, dry=False) == 1
    assert titles(datadog_server) == ["Developer", "Executive 2"]
    assert "developer: " in capsys.readouterr().err
