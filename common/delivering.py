"""The sinks of one run: what each is owed, which cannot be read, and what each took."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from common.errors import DeadlineError, SubmitError
from common.outcome import Gap, Run, Submission
from common.sinks import Batch, Owed, Receipt, RunKey, Sink


class Outlets:
    """The sinks while a run goes on. A dry run asks none of them, and has them estimate."""

    def __init__(self, sinks: Sequence[Sink], clock: Callable[[], float], *, dry: bool) -> None:
        self._sinks, self._clock, self._dry = sinks, clock, dry
        self._owed: dict[str, Owed] = {}
        self._refused: dict[str, str] = {}

    def __iter__(self) -> Iterator[Sink]:
        return iter(() if self._dry else self._sinks)

    def note(self, sink: Sink, answer: Owed | str) -> None:
        """Keep what `prepared` said of the sink."""
        if isinstance(answer, Owed):
            self._owed[sink.name] = answer
        else:
            self._refused[sink.name] = answer

    @property
    def totals(self) -> Owed | None:
        """What the sink that carries totals has counted; `None` where there is none that could be read."""
        return self._first(carries_totals=True)

    @property
    def resent_from(self) -> float | None:
        """The start of the oldest bucket that a sink still overwrites; `None` where there is no such sink."""
        owed = self._first(carries_totals=False)
        return owed.default if owed else None

    def _first(self, *, carries_totals: bool) -> Owed | None:
        fitting = (each for each in self._sinks if each.carries_totals is carries_totals)
        return next((self._owed[each.name] for each in fitting if each.name in self._owed), None)

    def owed_from(self, scope: str, metrics: Collection[str]) -> Iterator[float]:
        """From when on each sink is owed anything of the scope by these metrics."""
        return (at for owed in self._owed.values() if (at := owed.since(scope, metrics)) is not None)

    def gaps(self, scopes: Iterable[str], metrics: Collection[str], earliest: float) -> tuple[Gap, ...]:
        """What sinks were owed from before `earliest`."""
        found = (
            Gap(scope, sink, earliest - at)
            for sink, owed in self._owed.items()
            for scope in scopes
            if (at := owed.since(scope, metrics)) is not None and at < earliest
        )
        return tuple(found)

    @property
    def last_success(self) -> float | None:
        """The newest success that a sink knows of."""
        return max((at for owed in self._owed.values() if (at := owed.last_success)), default=None)

    def refusals(self) -> tuple[Submission, ...]:
        """The sinks that could not be read."""
        return tuple(Submission(name, error=why) for name, why in self._refused.items())

    def withheld(self, why: str) -> tuple[Submission, ...]:
        """All sinks, given nothing."""
        return tuple(Submission(sink.name, error=self._refused.get(sink.name, why)) for sink in self._sinks)

    def submit(self, batch: Batch, resent: Batch) -> tuple[Submission, ...]:
        """What each took: the batch, or `resent` where a bucket sent again overwrites."""
        return tuple(self._submit(sink, batch if sink.carries_totals else resent) for sink in self._sinks)

    def _submit(self, sink: Sink, batch: Batch) -> Submission:
        if sink.name in self._refused:
            return Submission(sink.name, error=self._refused[sink.name])
        started = self._clock()
        try:
            receipt = sink.estimate(batch) if self._dry else sink.submit(batch)
        except (SubmitError, DeadlineError) as error:
            return Submission(sink.name, seconds=self._clock() - started, error=str(error))
        return _submission(receipt, self._clock() - started)

    def estimated(self, run: Run, health: Batch) -> Run:
        """The run of a dry run, with what its health metrics would add."""
        sinks = {each.name: each for each in self._sinks}
        found = []
        for each in run.submissions:
            more = sinks[each.sink].estimate(health)
            found.append(
                msgspec.structs.replace(
                    each,
                    series=each.series + more.series,
                    payload=each.payload + more.payload,
                    requests=each.requests + more.requests,
                )
            )
        return msgspec.structs.replace(run, submissions=tuple(found))

    def report(self, run: Run, batch: Batch) -> Run:
        """The run, with the sinks that did not take its health metrics."""
        known = {each.sink: each for each in run.submissions}
        for sink in self:
            try:
                sink.report(batch)
            except (SubmitError, DeadlineError) as error:
                before = known.get(sink.name, Submission(sink.name))
                known[sink.name] = msgspec.structs.replace(before, error=before.error or f"health metrics: {error}")
        return msgspec.structs.replace(run, submissions=tuple(known.values()))


def prepared(sink: Sink, key: RunKey, end: float) -> Owed | str:
    """How far the sink has counted, or why it cannot be read."""
    try:
        return sink.prepare(key, end)
    except SubmitError as error:
        return str(error)


def _submission(receipt: Receipt, seconds: float) -> Submission:
    return Submission(
        receipt.sink,
        series=receipt.series,
        payload=receipt.payload,
        requests=receipt.requests,
        rejected=len(receipt.rejected),
        notes=receipt.rejected,
        seconds=seconds,
    )
