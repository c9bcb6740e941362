"""What the tests of the Datadog sink share: metrics of every kind, samples made of events, and sinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import zstandard

from common.deadline import Deadline
from common.meter import Meter
from common.metric import Kind, metric, point
from common.sample import Sample, Span, reduce_points
from common.settings import DatadogSettings
from common.sinks import Batch, RunKey
from common.sinks.datadog.series import Options, encode
from common.sinks.datadog.sink import DatadogSink
from common.window import BUCKET, DAY, Window
from tests.servers.datadog import API_KEY, APP_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from common.metric import Metric

END = 1_800_000_000  # a bucket's start, so the newest closed bucket at a settle of 2 min starts half an hour before
KEY = RunKey("prod-eu", "git")
CLOSED = END - BUCKET
SPAN = Span(Window(END - 7 * DAY, END), END - 7 * DAY, CLOSED)


@metric("git.commit.landed", unit="{commit}", kind=Kind.COUNT, tags={"author": ("human", "bot")})
def landed(_: object) -> None:
    """Commits that reached the default branch."""


@metric("git.branch.existing", unit="{branch}", tags={"state": None})
def branches(_: object) -> None:
    """Branches."""


@metric("git.contributor.half_share", unit="1")
def share(_: object) -> None:
    """A share."""


@metric("git.repository.last_commit", unit="unix")
def last_commit(_: object) -> None:
    """When the newest commit landed."""


@metric("git.commit.time_to_land", unit="s", kind=Kind.DISTRIBUTION)
def time_to_land(_: object) -> None:
    """From authored to landed."""


@metric("git.runner.used", unit="s", kind=Kind.CUMULATIVE)
def used(_: object) -> None:
    """Seconds used since the start."""


ALL = (landed, branches, share, last_commit, time_to_land, used)


def gauge(of: Metric, value: float, repo: str = "acme/shop", **tags: str) -> Sample:
    """One gauge."""
    return reduce_points(of, [point(value, **tags)], SPAN, repo, {"repo": repo})[0]


def events(of: Metric, each: Iterable[tuple[float, float]], repo: str = "acme/shop", **tags: str) -> Sample:
    """One series of events, given as (time, value)."""
    points = [point(value, at=at, id=str(number), **tags) for number, (at, value) in enumerate(each)]
    wanted = {"repo": repo, **tags}
    return next(found for found in reduce_points(of, points, SPAN, repo, {"repo": repo}) if dict(found.tags) == wanted)


def batch(samples: Sequence[Sample], end: float = END, key: RunKey = KEY) -> Batch:
    """A batch of these samples."""
    return Batch(key, end, CLOSED, tuple(samples), ALL)


def everything() -> list[Sample]:
    """One sample of every kind."""
    return [
        events(landed, [(END - 2000, 1), (END - 2001, 1), (END - 1000, 1), (END - 9000, 1)], author="human"),
        gauge(branches, 7, state="active"),
        gauge(share, 0.25),
        gauge(last_commit, END - 90),
        events(time_to_land, [(END - 5000, 10.0), (END - 4000, 20.0), (END - 90_000, 40.0)]),
    ]


def sink(url: str, **options: object) -> DatadogSink:
    """A sink with the server's key; `sleep` collects, unless given."""
    settings = DatadogSettings(url=url, **options.pop("settings", {}))
    options = {"api_key": API_KEY, "deadline": Deadline(60), "meter": Meter(), "clock": lambda: END, **options}
    options.setdefault("sleep", lambda _: None)
    return DatadogSink(settings, **options)


def sink_with_app_key(url: str, **options: object) -> DatadogSink:
    """The same with an application key."""
    return sink(url, app_key=APP_KEY, settings={"app_key": "env:DD_APP_KEY"}, **options)


def decoded(samples: Sequence[Sample], **options: object) -> list[dict[str, object]]:
    """The series of the samples as parsed JSON."""
    chosen = Options(**{"end": END, "oldest": END - 2700, "tags": (("collector", "git"),), **options})
    texts = encode(samples, chosen).texts
    return msgspec.json.decode(b"[" + b"".join(text.json for text in texts)[:-1] + b"]")


def inflated(body: bytes) -> bytes:
    """What a zstd body holds."""
    return zstandard.ZstdDecompressor().decompress(body)
