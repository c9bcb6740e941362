"""A node: takes every Pod that has none, runs its containers with podman and reports to the API as a kubelet does."""

from __future__ import annotations

import base64
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests

from tests.e2e.api import Api, RefusedError
from tests.e2e.podman import Container, Ended
from tests.e2e.spec import RefusedSpecError, check_pod
from tests.e2e.status import Report, State, begun, given_up, stamp
from tests.e2e.translate import MissingError, Sources, call
from tests.e2e.volumes import lay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
Object = dict[str, Any]
NAME = "stand-in"
WATCH_SECONDS = 3600
AGAIN = 1.0
STRATEGIC = "application/strategic-merge-patch+json"
ENDED = {"Succeeded", "Failed"}


class Node:
    """Runs Pods until it is closed. `trouble` holds what it could not do: tests look there before they trust it."""

    def __init__(self, api: Api, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.api, self.folder, self.clock = api, folder, clock
        self.trouble: list[str] = []
        self.runs: dict[str, Run] = {}
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Joins the cluster and begins to take Pods."""
        self.api.create("nodes", {"metadata": {"name": NAME, "labels": {"kubernetes.io/hostname": NAME}}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        self.api.patch("nodes", NAME, {"status": {"conditions": [ready]}}, part="status")
        self._watcher.start()

    def close(self) -> None:
        """Kills what still runs; takes no more."""
        self._closing.set()
        for run in list(self.runs.values()):
            run.stop(0)
        for run in list(self.runs.values()):
            run.thread.join(30)

    def evict(self, name: str, namespace: str) -> None:
        """Ends a Pod for want of memory, as a kubelet does: it stays, Failed, with the condition that says why."""
        self._run_of(name, namespace).evict()

    def words(self, name: str, namespace: str) -> str:
        """What the Pod's containers printed."""
        return self._run_of(name, namespace).words()

    def _run_of(self, name: str, namespace: str) -> Run:
        return next(run for run in self.runs.values() if (run.name, run.namespace) == (name, namespace))

    def _watch(self) -> None:
        while not self._closing.is_set():
            try:
                listed = self.api.send("GET", self.api.path("pods"))
                for pod in listed["items"]:
                    self._see(pod)
                for event in self.api.watch("pods", listed["metadata"]["resourceVersion"], WATCH_SECONDS):
                    if event["type"] == "ERROR":
                        break
                    if event["type"] != "DELETED":
                        self._see(event["object"])
            except (requests.RequestException, RefusedError):
                self._closing.wait(AGAIN)

    def _see(self, pod: Object) -> None:
        metadata, placed = pod["metadata"], pod["spec"].get("nodeName")
        run = self.runs.get(metadata["uid"])
        if self._closing.is_set() or placed not in {None, NAME}:
            return
        if run is not None:
            if "deletionTimestamp" in metadata:
                run.stop(metadata.get("deletionGracePeriodSeconds", 30), deleted=True)
        elif placed is None and "deletionTimestamp" not in metadata:
            self._bind(metadata)
        elif placed == NAME and pod.get("status", {}).get("phase") not in ENDED:
            self.runs[metadata["uid"]] = Run(self, pod)
            self.runs[metadata["uid"]].thread.start()

    def _bind(self, metadata: Object) -> None:
        path = self.api.path("pods", metadata["namespace"], f"{metadata['name']}/binding")
        target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
        try:
            self.api.send("POST", path, binding)
        except RefusedError as error:
            if error.code not in {404, 409}:
                raise


class Run:
    """One Pod from its first container to its last report."""

    def __init__(self, node: Node, pod: Object) -> None:
        self.node, self.pod = node, pod
        self.name, self.namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        self.uid = pod["metadata"]["uid"]
        self.folder = node.folder / self.uid
        self.thread = threading.Thread(target=self._guarded, daemon=True)
        self._report = begun(pod["spec"], self._now())
        self._containers: list[Container] = []
        self._stopping = threading.Event()
        self._evicted = self._deleted = False

    def stop(self, grace: float, *, deleted: bool = False) -> None:
        """Ends it within `grace` seconds, in a thread of its own; later calls change nothing."""
        self._deleted = self._deleted or deleted
        if not self._stopping.is_set():
            self._stopping.set()
            threading.Thread(target=self._stop, args=(grace,), daemon=True).start()
        if deleted and not self.thread.is_alive():
            self._remove()

    def evict(self) -> None:
        """Ends it as one that the node has no room for."""
        self._evicted = True
        self.stop(self.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def words(self) -> str:
        """What its containers printed."""
        return "".join(container.words() for container in self._containers)

    def _stop(self, grace: float) -> None:
        while self.thread.is_alive():
            for container in list(self._containers):
                container.stop(grace)
            self.thread.join(AGAIN)

    def _guarded(self) -> None:
        try:
            self._run()
        except (AssertionError, OSError, KeyError, subprocess.SubprocessError) as error:
            self.node.trouble.append(f"{self.namespace}/{self.name}: {error!r}")
        if self._deleted:
            self._remove()

    def _run(self) -> None:
        spec = self.pod["spec"]
        check_pod(spec)
        if len(spec["containers"]) != 1:
            raise RefusedSpecError(f"{len(spec['containers'])} containers: this node runs one beside the init ones")
        self.folder.mkdir(parents=True)
        if (sources := self._patiently(self._sources, "ContainerCreating")) is not None:
            for container in (*spec.get("initContainers", ()), *spec["containers"]):
                if self._stopping.is_set() or self._one(container, sources):
                    break
        if self._stopping.is_set() and self._report.phase not in ENDED:
            self._report = given_up(self._report, "ContainerStatusUnknown", self._now())
        self._tell(replace(self._report, evicted=self._evicted))

    def _one(self, spec: Object, sources: Sources) -> int:
        made = self._patiently(lambda: call(self.pod, spec, sources), "CreateContainerConfigError")
        if made is None:
            return 137
        place = self.folder / f"{spec['name']}.termination"
        place.touch(0o666)
        place.chmod(0o666)
        said = f"--volume={place}:{spec.get('terminationMessagePath', '/dev/termination-log')}"
        address = urlsplit(self.node.api.url)
        service = {"KUBERNETES_SERVICE_HOST": str(address.hostname), "KUBERNETES_SERVICE_PORT": str(address.port)}
        made = replace(made, options=(*made.options, said), environment={**service, **made.environment})
        container = Container(f"quarterdeck-{self.uid}-{spec['name']}", self.folder / f"{spec['name']}.log")
        self._containers.append(container)
        state = State(spec["name"], spec["image"])
        ended = container.run(made, lambda: self._tell(self._report.with_state(replace(state, started=self._now()))))
        message = self._last_message(spec, place, container, ended)
        over = replace(state, code=ended.code, reason=ended.reason, container=ended.container, message=message)
        self._report = self._report.with_state(replace(over, started=ended.started, finished=ended.finished))
        return ended.code

    def _last_message(self, spec: Object, place: Path, container: Container, ended: Ended) -> str:
        written = place.read_text(encoding="utf-8", errors="replace")[:4096]
        if written or not ended.code or spec.get("terminationMessagePolicy") != "FallbackToLogsOnError":
            return written
        return "\n".join(container.words().splitlines()[-80:])[-2048:]

    def _patiently(self, make: Callable[[], T], reason: str) -> T | None:
        """What `make` gives, once everything it needs is there; None if the Pod is ended before."""
        while not self._stopping.is_set():
            try:
                return make()
            except MissingError as error:
                main = tuple(replace(each, waiting=reason, message=str(error)) for each in self._report.main)
                self._tell(replace(self._report, main=main))
                self._stopping.wait(AGAIN)
        return None

    def _sources(self) -> Sources:
        held = {kind: self.node.api.list(kind, self.namespace) for kind in ("configmaps", "secrets")}
        maps = {each["metadata"]["name"]: each.get("data") or {} for each in held["configmaps"]}
        secrets = {
            each["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in each["data"].items()}
            for each in held["secrets"]
            if each.get("data")
        }
        return lay(self.pod, self.folder / "volumes", Sources(maps, secrets), self._claim, self._token)

    def _claim(self, name: str) -> Path:
        claim = self.node.api.get("persistentvolumeclaims", name, self.namespace)
        if claim["status"].get("phase") != "Bound":
            raise MissingError(f'persistentvolumeclaim "{name}" is not bound')
        volume = self.node.api.get("persistentvolumes", claim["spec"]["volumeName"])["spec"]
        return Path(volume["hostPath"]["path"])

    def _token(self, wanted: Object) -> str:
        account = self.pod["spec"]["serviceAccountName"]
        path = self.node.api.path("serviceaccounts", self.namespace, f"{account}/token")
        bound = {"kind": "Pod", "apiVersion": "v1", "name": self.name, "uid": self.uid}
        audiences = [wanted["audience"]] if "audience" in wanted else []
        spec = {"audiences": audiences, "expirationSeconds": wanted["expirationSeconds"], "boundObjectRef": bound}
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        token: str = self.node.api.send("POST", path, request)["status"]["token"]
        return token

    def _tell(self, report: Report) -> None:
        self._report = report
        path = self.node.api.path("pods", self.namespace, f"{self.name}/status")
        own = {"metadata": {"uid": self.uid}, "status": report.status(self._now())}
        try:
            self.node.api.send("PATCH", path, own, content=STRATEGIC)
        except RefusedError as error:
            if error.code not in {404, 409}:
                raise

    def _remove(self) -> None:
        own = {"uid": self.uid}
        self.node.api.delete("pods", self.name, self.namespace, gracePeriodSeconds=0, preconditions=own)

    def _now(self) -> str:
        return stamp(self.node.clock())


@contextmanager
def running(api: Api, folder: Path) -> Iterator[Node]:
    """A node that keeps its Pods' files in `folder` and ends with the block."""
    node = Node(api, folder)
    node.start()
    try:
        yield node
    finally:
        node.close()
