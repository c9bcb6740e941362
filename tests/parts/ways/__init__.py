"""The ways to get a part: each has `fetch(name, folder)`, which raises `Unavailable`, and says as text what it is."""

from tests.parts.ways.commands import Unavailable, complaint, run
from tests.parts.ways.debian import Debian, DebianGroup, DebianTree, Present
from tests.parts.ways.go import GoModule, Kubernetes
from tests.parts.ways.registries import NpmFile, Wheel

Way = Debian | DebianGroup | DebianTree | GoModule | Kubernetes | NpmFile | Present | Wheel

__all__ = [
    "Debian",
    "DebianGroup",
    "DebianTree",
    "GoModule",
    "Kubernetes",
    "NpmFile",
    "Present",
    "Unavailable",
    "Way",
    "Wheel",
    "complaint",
    "run",
]
