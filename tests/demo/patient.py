"""A client that asks patiently for everything, a page at a time, and the times that it asks at."""

from __future__ import annotations

from datetime import datetime

import requests

from common.window import Window
from demo.history.people import MACHINE
from tests.demo.build import DAY

TOKEN = {"Authorization": "Bearer simulated"}
NAMES = ("web", "api", "tools", "empty")
LATER = {"first": 0, "steady": 900, "outage": 2 * DAY}


def ask(server, text, **variables):
    body = requests.post(server.graphql_url, json={"query": text, "variables": variables}, headers=TOKEN, timeout=30)
    assert "errors" not in body.json(), body.text[:500]
    return body.json()["data"]


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def kind(author):
    if author is None:
        return "human"
    return "bot" if author["__typename"] == "Bot" or author["login"] == MACHINE else "human"


def look(organisation, clock, after):
    """(time, window, truth) so many seconds after the end."""
    clock[0] = now = organisation.end + after
    week = Window(now - 7 * DAY, now)
    return now, week, organisation.truth(week, now)


def true_values(truth, name, metric):
    found = [value for key, value in truth.items() if key[0] == metric and key[1] == f"simulated-acme/{name}"]
    return sorted(one.value for events in found for one in events)
