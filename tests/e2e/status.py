"""A Pod's status as a kubelet writes it: pure functions from what happened to what the API is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
EVICTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "TerminationByKubelet",
    "message": "The node was low on resource: memory.",
}


@dataclass(frozen=True)
class State:
    """One container: not begun (and why), running since, or ended."""

    name: str
    image: str
    waiting: str = "PodInitializing"
    message: str = ""
    started: str = ""
    finished: str = ""
    code: int | None = None
    reason: str = ""
    container: str = ""

    def shown(self) -> Object:
        """As an entry of `containerStatuses`."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "containerID": f"podman://{self.container}" if self.container else "",
            "ready": self._running,
            "started": self._running,
            "restartCount": 0,
            "lastState": {},
            "state": self._state(),
        }

    @property
    def _running(self) -> bool:
        return bool(self.started) and self.code is None

    def _state(self) -> Object:
        if self.code is not None:
            ended = {"exitCode": self.code, "reason": self.reason, "message": self.message}
            times = {"startedAt": self.started, "finishedAt": self.finished}
            return {"terminated": {**ended, **times, "containerID": f"podman://{self.container}"}}
        if self.started:
            return {"running": {"startedAt": self.started}}
        return {"waiting": {"reason": self.waiting, **({"message": self.message} if self.message else {})}}


@dataclass(frozen=True)
class Report:
    """What the node says of one Pod."""

    since: str
    first: tuple[State, ...]
    main: tuple[State, ...]
    evicted: bool = False

    def with_state(self, state: State) -> Report:
        """The same, with this container's new state."""
        swap = {state.name: state}
        return replace(
            self,
            first=tuple(swap.get(each.name, each) for each in self.first),
            main=tuple(swap.get(each.name, each) for each in self.main),
        )

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed; `restartPolicy` is Never."""
        if self.evicted or any(state.code for state in (*self.first, *self.main)):
            return "Failed"
        if all(state.code == 0 for state in self.main):
            return "Succeeded"
        return "Running" if any(state.started for state in self.main) else "Pending"

    def status(self, now: str) -> Object:
        """The patch of the Pod's status."""
        initialised = all(state.code == 0 for state in self.first)
        running = self.phase == "Running"
        conditions = [
            _condition("Initialized", holds=initialised, now=now),
            _condition("ContainersReady", holds=running, now=now),
            _condition("Ready", holds=running, now=now),
            *([{**EVICTED, "lastTransitionTime": now}] if self.evicted else ()),
        ]
        return {
            "phase": self.phase,
            "startTime": self.since,
            "hostIP": "127.0.0.1",
            "podIP": "127.0.0.1",
            "conditions": conditions,
            "initContainerStatuses": [state.shown() for state in self.first],
            "containerStatuses": [state.shown() for state in self.main],
            **({"reason": "Evicted", "message": EVICTED["message"]} if self.evicted else {}),
        }


def begun(spec: Object, now: str) -> Report:
    """The report of a Pod of which nothing runs yet."""
    first, main = (
        tuple(State(each["name"], each["image"]) for each in spec.get(kind, ()))
        for kind in ("initContainers", "containers")
    )
    return Report(now, first, main)


def given_up(report: Report, reason: str, now: str) -> Report:
    """The report of a Pod that ended before its containers did: they are said to have been killed."""
    main = tuple(
        each if each.code is not None else replace(each, code=137, reason=reason, finished=now) for each in report.main
    )
    return replace(report, main=main)


def stamp(seconds: float) -> str:
    """Unix seconds as the API writes times: whole seconds, UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(kind: str, *, holds: bool, now: str) -> Object:
    return {"type": kind, "status": "True" if holds else "False", "lastTransitionTime": now}
