"""Every error that a person may meet, grouped by what can be done about it.

QuarterdeckError
├── ConfigError          a setting or variable is wrong: a person mends it                       exit 2
├── FetchError           a source could not be read: the scope is missing, the next run tries    exit 1
│   └── DeadlineError    time ran out while reading                                              exit 3
├── MetricError          one metric of one scope could not be computed; the others go out        exit 0, 1 with --strict
└── SubmitError          a sink did not take the data                                            exit 1
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process ends with; `collect` documents the same numbers."""

    OK = 0
    FAILED = 1
    CONFIG = 2
    DEADLINE = 3
    INTERRUPTED = 130
    TERMINATED = 143


class QuarterdeckError(Exception):
    """Any failure that is reported as one sentence, without a traceback."""

    exit_code = ExitCode.FAILED


class ConfigError(QuarterdeckError):
    """A setting or variable is wrong; the message names it, what was found and what is accepted."""

    exit_code = ExitCode.CONFIG


class FetchError(QuarterdeckError):
    """A source, or one scope of it, could not be read."""


class DeadlineError(FetchError):
    """The run's time is over, or would be before the next request could end."""

    exit_code = ExitCode.DEADLINE


class MetricError(QuarterdeckError):
    """One metric could not be computed from a snapshot; a metric raises it when its number could not be known."""


class SubmitError(QuarterdeckError):
    """A sink could not be read, or did not take the data."""
