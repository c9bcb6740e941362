"""A namespace with a team in it: installs the chart with helm, starts Jobs with kubectl, and waits for how they end."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.e2e.api import soon
from tests.parts.process import part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.e2e.cluster import Cluster
    from tests.e2e.node import Node

T = TypeVar("T")
Object = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "quarterdeck"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
OVER = ("Complete", "Failed")


@dataclass(frozen=True)
class Exit:
    """One Pod that is over, by its container's exit code and its last state."""

    code: int | None
    phase: str
    index: str = ""


@dataclass(frozen=True)
class Team:
    """One namespace, in which the API server admits Pods of the restricted standard only."""

    cluster: Cluster
    node: Node
    namespace: str
    image: str
    folder: Path
    helm: str = "helm4"
    keys: Mapping[str, str] = field(default_factory=dict)

    def settle_in(self) -> None:
        """Makes the namespace."""
        self.cluster.api.create("namespaces", {"metadata": {"name": self.namespace, "labels": RESTRICTED}})
        soon(lambda: self.cluster.api.find("serviceaccounts", "default", self.namespace), "a service account")

    def leave(self) -> None:
        """Stops what runs and asks for the namespace's end; the rest is the controllers' work."""
        self.cluster.api.delete("namespaces", self.namespace)

    def secret(self, name: str, **data: str) -> None:
        """A Secret in the namespace."""
        held = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.cluster.api.create("secrets", {"metadata": {"name": name}, "data": held}, self.namespace)

    def volume(self, claim: str, folder: Path, size: str = "1Gi", *, claimed: bool = True) -> None:
        """A volume of this machine that only `claim` may have, and the claim unless somebody else makes it."""
        name = f"{self.namespace}-{claim}"
        own = {"namespace": self.namespace, "name": claim}
        modes = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
        spec = {**modes, "capacity": {"storage": size}, "hostPath": {"path": str(folder)}, "claimRef": own}
        self.cluster.api.create("persistentvolumes", {"metadata": {"name": name}, "spec": spec})
        if claimed:
            asked = {**modes, "volumeName": name, "resources": {"requests": {"storage": size}}}
            made = {"metadata": {"name": claim}, "spec": asked}
            self.cluster.api.create("persistentvolumeclaims", made, self.namespace)

    def install(self, release: str, values: Object, *files: Path) -> str:
        """`helm install`; what it said."""
        return self.helmed("install", release, str(CHART), *self._values(release, values, files))

    def upgrade(self, release: str, values: Object, *files: Path) -> str:
        """`helm upgrade` to these values; what it said."""
        return self.helmed("upgrade", release, str(CHART), *self._values(release, values, files))

    def helmed(self, *arguments: str) -> str:
        """What helm said; fails the test where it failed, or the node did meanwhile."""
        command = [str(part(self.helm)), *arguments, "--namespace", self.namespace]
        return self._ran([*command, *(("--timeout", "3m") if arguments[0] in {"install", "upgrade"} else ())])

    def kubectl(self, *arguments: str) -> str:
        """What kubectl said."""
        return self._ran([str(part("kubectl")), *arguments, "--namespace", self.namespace])

    def _ran(self, command: Sequence[str]) -> str:
        own = {"HOME": str(self.folder), "KUBECONFIG": str(self.cluster.kubeconfig), "PATH": os.environ["PATH"]}
        done = subprocess.run(command, env=own, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{' '.join(command[:4])}: {done.stderr or done.stdout}\n{self.trouble()}"
        return done.stdout

    def _values(self, release: str, values: Object, files: Sequence[Path]) -> list[str]:
        path = self.folder / f"{release}.json"
        repository, _, tag = self.image.rpartition(":")
        image = {"repository": repository, "tag": tag, "pullPolicy": "Never"}
        path.write_text(json.dumps({"image": image, **values}), encoding="utf-8")
        return [argument for each in (*files, path) for argument in ("--values", str(each))]

    def run(self, cronjob: str, name: str) -> Object:
        """The Job after a run started by hand as the chart's notes tell, once it is over."""
        self.begin(cronjob, name)
        return self.over(name)

    def begin(self, cronjob: str, name: str) -> None:
        """Starts a run by hand."""
        self.kubectl("create", "job", f"--from=cronjob/{cronjob}", name)

    def over(self, name: str, within: float = 150.0) -> Object:
        """The Job, once it has a condition that says that it is over."""
        return self.soon(lambda: self._if_over(name), f"the end of job {name}", within)

    def _if_over(self, name: str) -> Object | None:
        job = self.cluster.api.get("jobs", name, self.namespace)
        return job if verdict(job) else None

    def scheduled(self, cronjob: str, number: int = 1) -> list[Object]:
        """The Jobs that the CronJob controller has made of this CronJob, once there are as many."""

        def enough() -> list[Object] | None:
            found = [job for job in self.cluster.api.list("jobs", self.namespace) if made_by(job) == cronjob]
            return found if len(found) >= number else None

        return self.soon(enough, f"run {number} of cronjob {cronjob}", 60.0 * number + 30)

    def pods(self, job: str) -> list[Object]:
        """The Job's Pods that are still there, oldest first."""
        return self.cluster.api.list("pods", self.namespace, f"batch.kubernetes.io/job-name={job}")

    def running(self, job: str, but: str = "") -> Object:
        """The Job's Pod that runs, once there is one of another name than `but`."""

        def found() -> Object | None:
            there = [pod for pod in self.pods(job) if pod["status"]["phase"] == "Running"]
            return next((pod for pod in there if pod["metadata"]["name"] != but), None)

        return self.soon(found, f"a running pod of job {job}")

    def exits(self, job: str) -> list[Exit]:
        """How the Job's Pods ended."""
        return [_exit(pod) for pod in self.pods(job)]

    def words(self, job: str) -> str:
        """What the Job's Pods printed, for people who look at a failed test."""
        return "\n".join(self.node.words(pod["metadata"]["name"], self.namespace) for pod in self.pods(job))

    def soon(self, probe: Callable[[], T | None], what: str, within: float = 60.0) -> T:
        """As `api.soon`, but fails at once where the node could not do what it was told."""

        def guarded() -> T | None:
            assert not self.node.trouble, self.trouble()
            return probe()

        return soon(guarded, what, within)

    def trouble(self) -> str:
        """What the node could not do."""
        return "\n".join(self.node.trouble)


def verdict(job: Object) -> tuple[str, str] | None:
    """A finished Job's condition and its reason; None while it is not over."""
    for condition in job["status"].get("conditions", ()):
        if condition["type"] in OVER and condition["status"] == "True":
            return condition["type"], condition.get("reason", "")
    return None


def made_by(job: Object) -> str:
    """The CronJob whose controller made the Job; empty for one made by hand."""
    annotations = job["metadata"].get("annotations", {})
    if "batch.kubernetes.io/cronjob-scheduled-timestamp" not in annotations:
        return ""
    owners = job["metadata"].get("ownerReferences", ())
    return next((owner["name"] for owner in owners if owner["kind"] == "CronJob"), "")


def _exit(pod: Object) -> Exit:
    status = pod["status"]
    states = [each["state"].get("terminated", {}) for each in status.get("containerStatuses", ())]
    index = pod["metadata"].get("annotations", {}).get("batch.kubernetes.io/job-completion-index", "")
    return Exit(states[0].get("exitCode") if states else None, status["phase"], index)
