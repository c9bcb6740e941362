"""The history's pure, seeded generator: what happens in a year, and in the days after it."""

from demo.history.arrivals import Span
from demo.history.repository import write_repository
from demo.history.shape import shapes

__all__ = ["Span", "shapes", "write_repository"]
