"""A simulated GitHub organisation: seeded, living, served on loopback, and with a truth of its own to test against."""

from demo.limits import Rates
from demo.organisation import OWNER, Organisation
from demo.records import Repository
from demo.server import Served, Server, serve
from demo.traffic import Traffic, parse_traffic
from demo.truth import Happening, Settings, Truth
from demo.world import View

__all__ = [
    "OWNER",
    "Happening",
    "Organisation",
    "Rates",
    "Repository",
    "Served",
    "Server",
    "Settings",
    "Traffic",
    "Truth",
    "View",
    "parse_traffic",
    "serve",
]
