"""`collect metadata sync` and `collect sinks prune`: care for what the sinks keep."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from common.cli.listing import catalogue
from common.cli.wiring import load
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode
from common.meter import Meter
from common.secrets import Secrets
