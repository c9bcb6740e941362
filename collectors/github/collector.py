"""The `github` collector: which repositories, how they are read together, and what a person may ask about them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from collectors.github.budget import BudgetError, rotated
from collectors.github.client.access import places, token
from collectors.github.client.api import Api
from collectors.github.client.errors import CredentialsError
from collectors.github.client.limits import rest_transience
from collectors.github.coverage import coverage_of
from collectors.github.discovery import scopes
from collectors.github.doctor import ask_limits, rights, token_and_budgets
from collectors.github.evidence import describe
from collectors.github.reading.look import Wish
from collectors.github.reading.memory import Store
from collectors.github.reading.probe import Probes
from collectors.github.reading.reader import Reader
from collectors.github.records import Unavailable
from collectors.github.settings import GitHubSettings, check_settings, rules_for
from collectors.github.snapshot import GitHubSnapshot
from collectors.github.workflows import KNOWN_ENDS
from common.collector import BaseCollector, Check, Context, Evidence, Failure, Scope
from common.errors import ConfigError, DeadlineError, FetchError
from common.http import HttpClient
from common.ledger import Ledger
from common.metric import Metric
from common.window import BUCKET, DAY, Window

log = logging.getLogger(__name__)

SECTIONS = 3
"""How many sections of each repository that is being read are begun at the same time."""
ROOM = 20
"""Requests that must be left of a budget for a repository to be begun."""


class GitHubCollector(BaseCollector[GitHubSettings, GitHubSnapshot]):
    """Pull requests, reviews, commits, branches, workflow runs, issues, releases and deployments on GitHub."""

    name = "github"
    scope = "repo"
    modules = (
        "collectors.github.metrics.branches",
        "collectors.github.metrics.commits",
        "collectors.github.metrics.contributors",
        "collectors.github.metrics.issues",
        "collectors.github.metrics.pull_flow",
        "collectors.github.metrics.pull_requests",
        "collectors.github.metrics.repository",
        "collectors.github.metrics.reviews",
        "collectors.github.metrics.workflow_runs",
        "common.delivery",
    )
    settings_type = GitHubSettings

    def __init__(
        self,
        settings: GitHubSettings,
        context: Context,
        *,
        ledger: Ledger | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """Raises `ConfigError` for settings that cannot work. `clock` is only compared with GitHub's own."""
        super().__init__(settings, context)
        check_settings(settings)
        self._clock, self._sleep = clock, sleep
        self._places = places(settings, context.environ)
        self._store = Store(context.ledger if ledger is None else ledger, context.collector or self.name)
        self._known_api: Api | None = None
        self._unknown_ends: set[str] = set()

    def window_of(self, metric: Metric, window: Window) -> Window:
        """Delivery's own window for `delivery.*`, the run's for the others."""
        return self._delivery_window(window) if metric.name.startswith("delivery.") else window

    def coverage_of(self, metric: Metric, snapshot: GitHubSnapshot) -> tuple[int, int] | None:
        """Of the metrics that may leave pull requests or runs out, how many they used."""
        return coverage_of(metric.name, snapshot)

    def discover(self) -> Sequence[Scope]:
        """The repositories by name; raises `FetchError` where a pattern cannot be looked up."""
        found = scopes(self._api(), self.settings)
        self._ask_the_time()
        return found

    def _ask_the_time(self) -> None:
        """What time it is there, and what is left of the budgets, where no answer has told yet: it costs nothing."""
        if self.context.meter.read().clock_skew is not None:
            return
        try:
            ask_limits(self._api())
        except (DeadlineError, CredentialsError):
            raise
        except FetchError as error:
            log.debug("GitHub does not tell its time: %s", error)

    def fetch(self, since: Mapping[str, float], window: Window) -> Iterator[GitHubSnapshot | Failure]:
        """One snapshot of each repository, or why there is none. Each run begins with another repository."""
        turn = int(window.end // BUCKET)
        most = self.settings.concurrency
        together = max(1, most // 2)
        pools = [ThreadPoolExecutor(size, "github") for size in (together, SECTIONS * together, most)]
        reader = Reader(self._api(), self._store, *pools[1:])
        under_way: deque[tuple[str, Future[GitHubSnapshot]]] = deque()
        try:
            order = rotated(list(since), turn)
            probes = Probes(self._api(), order, window.end, pools[2]) if self._store.ledger.keeps else None
            for scope in order:
                wish = self._wish(scope, since[scope], window)
                under_way.append((scope, pools[0].submit(self._read, reader, wish, probes)))
                if len(under_way) > together:
                    yield self._taken(*under_way.popleft())
            while under_way:
                yield self._taken(*under_way.popleft())
        finally:
            for pool in pools:
                pool.shutdown(wait=False, cancel_futures=True)

    def describe(self, snapshot: GitHubSnapshot, record: str) -> Evidence:
        """The record with that id, and where GitHub shows it."""
        return describe(snapshot, record)

    def check(self) -> Iterator[Check]:
        """Whether the token is valid, what it may read, and what is left of the budgets."""
        try:
            yield from token_and_budgets(self._api())
            found = self.discover()
            yield from rights(found, self._look_once)
        except CredentialsError as error:
            yield Check("token", "failed", str(error), "renew the token, or correct collectors.github.token or .app")
        except (FetchError, ConfigError) as error:
            yield Check("GitHub", "failed", str(error), "look at collectors.github.api_url, token and repositories")

    def _look_once(self, scope: Scope) -> GitHubSnapshot:
        end = self._clock()
        for item in self.fetch({scope.name: end - DAY}, Window(end - DAY, end)):
            if isinstance(item, Failure):
                raise FetchError(f"{item.scope}: {item.reason}")
            return item
        raise FetchError(f"{scope.name}: nothing was read")

    def _read(self, reader: Reader, wish: Wish, probes: Probes | None) -> GitHubSnapshot:
        self._api().rest_budget.check(ROOM)
        self._api().graphql_budget.check(ROOM)
        return reader.read(wish, probes)

    def _taken(self, scope: str, future: Future[GitHubSnapshot]) -> GitHubSnapshot | Failure:
        try:
            snapshot = future.result()
        except (DeadlineError, CredentialsError):
            raise
        except BudgetError as error:
            return Failure(scope, f"{error}; its turn comes in a later run")
        except FetchError as error:
            return Failure(scope, str(error))
        self._note_times(snapshot)
        self._note_unknown_ends(snapshot)
        return snapshot

    def _note_unknown_ends(self, snapshot: GitHubSnapshot) -> None:
        runs = () if isinstance(snapshot.runs, Unavailable) else snapshot.runs
        for word in sorted({run.conclusion or "" for run in runs} - KNOWN_ENDS - self._unknown_ends):
            self._unknown_ends.add(word)
            log.warning("GitHub says of workflow runs that they ended as %s, which counts as other here", word)

    def _note_times(self, snapshot: GitHubSnapshot) -> None:
        self.context.meter.reading(snapshot.window.end if snapshot.read_at is None else snapshot.read_at)
        repository = snapshot.repository
        pushed = None if isinstance(repository, Unavailable) else repository.pushed
        if pushed is not None and pushed <= snapshot.window.end:
            self.context.meter.event(pushed)

    def _wish(self, scope: str, since: float, window: Window) -> Wish:
        return Wish(
            scope=scope,
            since=since,
            window=window,
            delivery_window=self._delivery_window(window),
            rules=rules_for(self.settings, scope),
            environment=self.settings.delivery.environment,
            look_back=float(self.settings.runs_look_back),
        )

    def _delivery_window(self, window: Window) -> Window:
        return Window(max(0.0, window.end - self.settings.delivery.window), window.end)

    def _api(self) -> Api:
        if self._known_api is None:
            secret = token(self.settings, self.context.environ, self._places, self._plain_client)
            self._known_api = Api(
                self._places,
                secret,
                self.context,
                self.settings.reserve,
                concurrency=self.settings.concurrency,
                clock=self._clock,
                sleep=self._sleep,
            )
        return self._known_api

    def _plain_client(self) -> HttpClient:
        """What an app's token is fetched with."""
        return HttpClient(
            "rest",
            self.context.deadline,
            self.context.meter,
            transience=rest_transience,
            clock=self._clock,
            sleep=self._sleep,
        )
