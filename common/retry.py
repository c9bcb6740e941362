"""When a request is worth another try, and how long to wait for it: tenacity policies as values, for any transport."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from random import random as fresh_random

import tenacity

from common.deadline import Deadline
from common.meter import Meter

ATTEMPTS = 5
"""How often a request is sent at most."""
LONGEST_WAIT = 3600.0
"""The most seconds that a server's word about waiting counts for."""
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0
_PERMANENT = frozenset({501, 505, 508, 510, 511})
_EPOCH_FROM = 1e9


class Transient(Exception):  # noqa: N818  it names the failure's nature; it is not one of the errors that people meet
    """A failure that may pass. `reason` holds no secret; `retry_after` is how many seconds the server asked for."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


def retrying(
    target: str,
    deadline: Deadline,
    meter: Meter,
    *,
    submitting: bool = False,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], object] | None = None,
    random: Callable[[], float] = fresh_random,
) -> tenacity.Retrying:
    """The policy to call a request with: `retrying(…)(send, body)`.

    Only `Transient` is tried again, after the longer of what the server asked for and an exponential backoff with
    jitter. The last one surfaces at once after `attempts`, or where a wait could not end before the deadline.
    """

    def nap(seconds: float) -> None:
        if sleep is None:
            deadline.sleep(seconds, submitting=submitting)
        else:
            sleep(seconds)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Transient),
        wait=_Wait(random),
        stop=tenacity.stop_after_attempt(attempts) | _StopAtDeadline(deadline, submitting),
        before_sleep=lambda _: meter.retry(target),
        sleep=nap,
        reraise=True,
    )


def is_transient_status(status: int) -> bool:
    """Whether an answer may be another one later: 408, 425, 429 and 5xx.

    Not 501, 505, 508, 510 (the server will never do it) and 511 (a network's sign-in page stands in between).
    """
    return status in {408, 425, 429} or (500 <= status <= 599 and status not in _PERMANENT)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that an answer asks to wait, at most an hour; `None` where it does not say.

    Reads `Retry-After` (seconds or a date, told from the answer's own `Date` where there is one) and an exhausted
    rate limit's `X-RateLimit-Reset` (a Unix time or seconds, as GitHub and Datadog write it).
    """
    fields = {name.lower(): text.strip() for name, text in headers.items()}
    waits = [_wait_of(fields.get("retry-after", ""), fields, now)]
    if fields.get("x-ratelimit-remaining") == "0":
        reset = _number(fields.get("x-ratelimit-reset", ""))
        waits.append(reset - _server_time(fields, now) if reset is not None and reset >= _EPOCH_FROM else reset)
    known = [min(max(0.0, wait), LONGEST_WAIT) for wait in waits if wait is not None]
    return max(known, default=None)


def http_date(text: str) -> float | None:
    """The Unix time that a date of HTTP names; `None` for anything else."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _wait_of(text: str, fields: Mapping[str, str], now: float) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return seconds
    date = http_date(text) if text else None
    return date - _server_time(fields, now) if date is not None else None


def _server_time(fields: Mapping[str, str], now: float) -> float:
    date = http_date(fields["date"]) if "date" in fields else None
    return now if date is None else date


def _number(text: str) -> float | None:
    value = float(text) if re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", text) else math.nan
    return value if math.isfinite(value) else None


class _Wait:
    """Half of the backoff for certain, the other half by chance: never in step with others, never at once."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random

    def __call__(self, state: tenacity.RetryCallState) -> float:
        backoff = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** (state.attempt_number - 1))
        error = state.outcome.exception() if state.outcome else None
        asked = (error.retry_after if isinstance(error, Transient) else None) or 0.0
        return max(asked, backoff * (0.5 + self._random() / 2))


class _StopAtDeadline(tenacity.stop.stop_base):
    """Stops where the wait would reach the end of the time."""

    def __init__(self, deadline: Deadline, submitting: bool) -> None:
        self._deadline, self._submitting = deadline, submitting

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        left = self._deadline.remaining() if self._submitting else self._deadline.for_fetching()
        return state.upcoming_sleep >= left
