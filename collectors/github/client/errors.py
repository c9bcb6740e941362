"""How a request to GitHub may fail, for those who have to decide what it costs."""

from __future__ import annotations

from common.errors import FetchError


class CredentialsError(FetchError):
    """The token is not valid: nothing can be read of this source."""


class NotFoundError(FetchError):
    """There is no such repository for this token: deleted, made private, or never there."""


class RefusedError(FetchError):
    """A right is missing, or the server does not offer this."""


class AnswerError(FetchError):
    """The answer is not what GitHub describes, so nothing is taken from it."""
