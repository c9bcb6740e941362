"""Which answers of GitHub may pass: its rate limits come as 403, 429, and from GraphQL even as 200. Pure."""

from __future__ import annotations

from common.http import Response, Transient, is_transient_status, retry_after

_SECONDARY = 60.0
_HEAVY = frozenset({502, 504})
_NEEDLES = (b"secondary rate limit", b"abuse detection")


class Limited(Transient):
    """A secondary limit: it is about all requests together, so all of them must wait."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason, retry_after)
        self.seconds = retry_after


def rest_transience(response: Response, now: float) -> Transient | None:
    """The failure that a REST answer stands for if it may pass."""
    if response.status in {403, 429}:
        return _limited(response, now)
    if is_transient_status(response.status):
        return Transient(f"answered {response.status}", retry_after(response.headers, now))
    return None


def graphql_transience(response: Response, now: float) -> Transient | None:
    """The same for GraphQL; a query that took too long (502, 504) is for the caller: it may ask for less."""
    if response.status in _HEAVY:
        return None
    if response.status == 200 and b'"RATE_LIMIT' in response.body[:4096]:
        return _limited(response, now) or Limited("the rate limit is exceeded", _SECONDARY)
    return rest_transience(response, now)


def took_too_long(response: Response) -> bool:
    """Whether GitHub gave up on the query."""
    return response.status in _HEAVY


def _limited(response: Response, now: float) -> Transient | None:
    asked = retry_after(response.headers, now)
    if response.headers.get("x-ratelimit-remaining") == "0":
        return Transient("the rate limit is exceeded", asked or _SECONDARY)
    secondary = any(needle in response.body[:4096].lower() for needle in _NEEDLES)
    if asked is not None or secondary or response.status == 429:
        return Limited("the secondary rate limit is exceeded", asked or _SECONDARY)
    return None
