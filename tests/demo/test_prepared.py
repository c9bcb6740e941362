"""Answers that are made once: a client's time is measured without the simulation's own work."""

from __future__ import annotations

from urllib.request import Request, urlopen

from demo import Organisation, Rates, serve


def test_an_answer_that_was_made_once_is_given_again_while_the_clock_stands():
    organisation = Organisation(seed=1, size="small")
    now = [organisation.end]

    def asked(server) -> bytes:
        request = Request(f"{server.url}/repos/simulated-acme/web", headers={"Authorization": "Bearer any"})
        with urlopen(request, timeout=10) as answer:
            return answer.read()

    with serve(organisation, lambda: now[0], rates=Rates(unlimited=True), prepared=True) as server:
        first, again = asked(server), asked(server)
        assert (first == again, len(server.prepared), len(server.requests)) == (True, 1, 2)
        now[0] += 86_400
        asked(server)
        assert (len(server.prepared), len(server.requests)) == (2, 3)
