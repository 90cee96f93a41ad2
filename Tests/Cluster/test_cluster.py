"""The pod of deploy/overlays/dev under a real kubelet: what podman cannot show. Names of containers by the kubelet's own
mount, Secrets as it lays them out, its probes, its restarts, and the API server's word about the roles of deploy/rbac."""
import functools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import yaml

import pods
from pods import environment, free_port, root, run

wait = functools.partial(pods.wait, seconds=120)
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


class Namespace:
    """A namespace with the pod of deploy/overlays/dev in it, and a folder with what its agent and a broker need."""

    def __init__(self, name, credentials=True, change=lambda pod: None):
        self.name = f"sidelight-{name}-{os.getpid()}"
        self.agent = f"spiffe://dev.example/ns/{self.name}/agent/workload"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sidelight-cluster-"))
        self.children = []
        self.port, self.broker_port = free_port(), free_port()
        try:
            run(root / "deploy/authority", self.folder, self.agent, 10001)
            run("kubectl", "create", "namespace", self.name)
            run("kubectl", "label", "namespace", self.name, "pod-security.kubernetes.io/enforce=restricted")
            wait("the service account", lambda: self.kubectl("get", "serviceaccount", "default", check=False).returncode == 0)
            if credentials:
                self.kubectl("create", *self.secret())
            self.kubectl("apply", "-f", "-", input=self.manifests(change))
        except BaseException:
            self.close()
            raise

    def secret(self):
        """Arguments of `kubectl create`, as docs/operations.md has them."""
        files = [f"--from-file={self.folder}/agent/credentials/{name}" for name in ("tls.crt", "tls.key", "ca.crt", "jwks.json")]
        return "secret", "generic", "sidelight-agent", *files

    def manifests(self, change):
        items = list(yaml.safe_load_all(run("kubectl", "kustomize", root / "deploy/overlays/dev").stdout))
        for item in items:
            item["metadata"]["namespace"] = self.name
            if item["kind"] == "ConfigMap":
                configuration = json.loads(item["data"]["agent.json"])
                configuration.update(agent=self.agent, issuer=f"https://127.0.0.1:{self.broker_port}")
                item["data"]["agent.json"] = json.dumps(configuration)
            else:
                # Ends at once when it is deleted: busybox does not end by itself.
                item["spec"]["terminationGracePeriodSeconds"] = 1
                change(item)
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})

    def kubectl(self, *arguments, **more):
        return run("kubectl", "--namespace", self.name, *arguments, **more)

    def execute(self, *command, check=True):
        return self.kubectl("exec", "workload", "--container=app", "--", *command, check=check)

    def pod(self):
        return json.loads(self.kubectl("get", "pod", "workload", "--output=json").stdout)

    def container(self, name):
        """What the kubelet says of it; nil values where it has not come to it yet."""
        found = [item for item in self.pod()["status"].get("containerStatuses", []) if item["name"] == name]
        return found[0] if found else {"ready": False, "restartCount": 0}

    def wait_ready(self):
        try:
            self.kubectl("wait", "--for=condition=Ready", "--timeout=90s", "pod/workload", timeout=120)
        except AssertionError as error:
            log = self.kubectl("logs", "workload", "--container=sidelight", check=False)
            events = self.kubectl("get", "events", check=False).stdout
            raise AssertionError(f"{error}\n{log.stdout}{log.stderr}\n{events}") from None

    def log(self):
        """Of all starts that the kubelet still has."""
        return "".join(self.kubectl("logs", "workload", "--container=sidelight", f"--previous={word}", check=False).stdout
                       for word in ("true", "false"))

    # MARK: Looking

    def start(self, *command, ready):
        """A child that ends with the namespace; returns when its output has the word."""
        path = self.folder / f"{len(self.children)}.log"
        with open(path, "w") as log:
            self.children.append(subprocess.Popen(list(map(str, command)), env=environment, stdout=log, stderr=log))
        wait(f"{command[0]}: {ready}", lambda: ready in path.read_text(), seconds=30)
        return self.children[-1]

    def forward(self):
        """The agent's port, through the API server. A restart of the container ends it."""
        return self.start("kubectl", "--namespace", self.name, "port-forward", "pod/workload", f"{self.port}:7443",
                          ready="Forwarding from 127.0.0.1")

    def open_session(self):
        configuration = json.loads((root / "deploy/overlays/podman/broker/broker.json").read_text())
        configuration.update(
            listen=f"127.0.0.1:{self.broker_port}", issuer=f"https://127.0.0.1:{self.broker_port}",
            targets=[{"agent": self.agent, "namespace": self.name, "containers": ["app"],
                      "url": f"https://127.0.0.1:{self.port}"}])
        (self.folder / "broker/broker.json").write_text(json.dumps(configuration))
        policy = (root / "deploy/overlays/podman/broker/policy.yaml").read_text()
        (self.folder / "broker/policy.yaml").write_text(policy.replace("[demo]", f"[{self.name}]"))
        self.start("sidelight-broker", "serve", "--config", self.folder / "broker/broker.json", ready="listening")
        # Tokens count in whole seconds: one from before the agent's start is refused.
        time.sleep(1.1)
        run(root / "deploy/session", self.folder, self.agent, f"https://127.0.0.1:{self.port}",
            f"https://127.0.0.1:{self.broker_port}")

    def sidelight(self, *arguments, check=True):
        return run("sidelight", *arguments, check=check, env={"SIDELIGHT_STATE": str(self.folder)})

    def json(self, *arguments):
        return json.loads(self.sidelight(*arguments, "-o", "json").stdout)

    def certificate(self):
        """Of the certificate with which the agent answers."""
        session = self.folder / "session"
        shown = run("openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-cert", session / "tls.crt", "-key",
                    session / "tls.key", check=False, input="").stdout
        return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.S)[0]

    def close(self):
        for child in self.children:
            child.send_signal(signal.SIGTERM)
            child.wait(20)
        run("kubectl", "delete", "namespace", self.name, "--wait=false", "--ignore-not-found", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Look(unittest.TestCase):
    """A pod that is as it should be."""

    @classmethod
    def setUpClass(cls):
        cls.password = secrets.token_hex(16)

        def give_a_secret(pod):
            pod["spec"]["containers"][0]["env"].append({"name": "APP_PASSWORD", "value": cls.password})
        cls.space = Namespace("look", change=give_a_secret)
        cls.addClassCleanup(cls.space.close)
        cls.space.wait_ready()
        cls.space.forward()
        cls.space.open_session()

    def test_processes(self):
        """Under the name that the kubelet's mount gives their container, and as `ps` has them in there."""
        shown = {item["pid"]: item for item in self.space.json("ps")["processes"]}
        self.assertEqual({item["container"] for item in shown.values()}, {"app"})
        self.assertIn("busybox", {item["command"] for item in shown.values()})
        inside = [line.split() for line in self.space.execute("ps", "-eo", "pid=,comm=").stdout.splitlines()]
        inside = {int(pid): command for pid, command in inside}
        for pid, item in shown.items():
            self.assertEqual(inside.get(pid), item["command"])
        # ps itself, the agent's three, and the pause process are not shown.
        self.assertLessEqual(set(inside.values()) - {item["command"] for item in shown.values()},
                             {"ps", "pause", "catatonit", "sl-opener", "sl-collector", "sl-endpoint", "sidelight-agent"})

    def test_environment_files_and_logs(self):
        process = next(item for item in self.space.json("ps")["processes"] if item["command"] == "busybox")
        variables = {item["name"]: item for item in self.space.json("env", process["pid"])["variables"]}
        self.assertEqual(variables["LOG_LEVEL"]["value"], "info")
        self.assertIn("masked", variables["APP_PASSWORD"])
        inode = int(self.space.execute("stat", "--format=%i", "/etc/hostname").stdout)
        self.assertEqual(self.space.json("stat", "/etc/hostname", "--container", "app")["file"]["inode"], inode)
        names = [item["name"] for item in self.space.json("ls", "/var/log/app", "--container", "app")["entries"]]
        self.assertEqual(names, ["current.log"])
        line = self.space.sidelight("tail", "app", "--container", "app", "-n", "1000").stdout
        self.assertIn("connecting to postgres://", line)
        self.assertNotIn(self.password, line + json.dumps(variables))
        self.assertIn(self.password, self.space.execute("cat", "/var/log/app/current.log").stdout)

    def test_posture(self):
        shown = self.space.sidelight("posture").stdout
        for line in ("confinement  strict", "missing      nothing", "root         read-only"):
            self.assertIn(line, shown)
        # Ends with 0 where each line holds.
        self.assertIn("holds   agent ", self.space.sidelight("posture", "--verify", root / "profiles").stdout)

    def test_no_token(self):
        """Nobody's: the pod asks for none, and over the place of the agent's lies an empty folder."""
        for container in self.space.pod()["spec"]["containers"]:
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            self.assertEqual(mounts.get(TOKEN), "sidelight-nothing" if container["name"] == "sidelight" else None)

    def test_recorded(self):
        self.space.sidelight("stat", "/etc/passwd", "--container", "app")
        events = [json.loads(line) for line in self.space.log().splitlines() if '"type":"decision"' in line]
        self.assertEqual([item["path"] for item in events if item.get("path") == "/etc/passwd"][:1], ["/etc/passwd"])
        self.assertNotIn(self.password, self.space.log())

    def test_zz_rotated(self):
        """A kubelet puts a whole new folder in the place of the old one, a minute later at most."""
        before, restarts = self.space.certificate(), self.space.container("sidelight")["restartCount"]
        run(root / "deploy/authority", self.space.folder, self.space.agent, 10001)
        secret = self.space.kubectl("create", "--dry-run=client", "--output=yaml", *self.space.secret()).stdout
        self.space.kubectl("replace", "--filename=-", input=secret)
        wait("the agent has the new certificate", lambda: self.space.certificate() != before, seconds=180)
        self.assertTrue(self.space.json("ps")["processes"])
        self.assertEqual(self.space.container("sidelight")["restartCount"], restarts)


class Harm(unittest.TestCase):
    """By the workload's user, who shares uid and processes with the agent: the kubelet starts the agent again, alone."""

    @classmethod
    def setUpClass(cls):
        cls.space = Namespace("harm")
        cls.addClassCleanup(cls.space.close)
        cls.space.wait_ready()

    def pid(self, name):
        lines = [line.split() for line in self.space.execute("ps", "-eo", "pid=,comm=").stdout.splitlines()]
        return next(pid for pid, command in lines if command == name)

    def again(self, *signalling):
        before, app = self.space.container("sidelight"), self.space.container("app")
        for words in signalling:
            self.space.execute("kill", *words)
        wait("the agent was started again",
             lambda: self.space.container("sidelight")["restartCount"] == before["restartCount"] + 1)
        self.space.wait_ready()
        now = self.space.container("app")
        self.assertEqual((now["restartCount"], now["containerID"]), (app["restartCount"], app["containerID"]))

    def test_killed(self):
        self.again(("-KILL", self.pid("sl-collector")))

    def test_stopped(self):
        """Nothing ends; `probe live` tells."""
        self.again(("-STOP", self.pid("sl-endpoint")))
        self.assertIn("the endpoint is stopped", self.space.kubectl("get", "events").stdout)


class Without(unittest.TestCase):
    """The workload does not wait for what only the agent needs."""

    def test_secret(self):
        space = Namespace("without", credentials=False)
        self.addCleanup(space.close)
        wait("the workload is ready", lambda: space.container("app")["ready"])
        wait("the agent has said what it lacks", lambda: "jwks.json: the file cannot be read" in space.log())
        space.kubectl("create", *space.secret())
        wait("the agent was started with it", lambda: space.container("sidelight")["ready"], seconds=240)
        self.assertEqual(space.container("app")["restartCount"], 0)

    def test_profile(self):
        """A node without the profile: the agent does not start, and not without one."""
        def another(pod):
            agent = next(item for item in pod["spec"]["containers"] if item["name"] == "sidelight")
            agent["securityContext"]["seccompProfile"]["localhostProfile"] = "not-there.json"
        space = Namespace("profile", change=another)
        self.addCleanup(space.close)
        wait("the workload is ready", lambda: space.container("app")["ready"])
        wait("an event says why", lambda: "not-there.json" in space.kubectl("get", "events", "--output=json").stdout)
        self.assertFalse(space.container("sidelight")["ready"])


class Operations(unittest.TestCase):
    """The commands of docs/operations.md for a cluster, as written, but for those on every node."""

    def test_every_command(self):
        text = (root / "docs/operations.md").read_text()
        section = text[text.index("\n## On a cluster\n"):text.index("\n## If something is wrong\n")]
        blocks = re.findall(r"^```console\n(.*?)^```$", section, re.M | re.S)[1:]
        folder = tempfile.mkdtemp(prefix="sidelight-operations-")
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(run, "kubectl", "delete", "namespace", "demo", "--wait=false", "--ignore-not-found", check=False)
        agent = "spiffe://dev.example/ns/demo/agent/workload"
        run(root / "deploy/authority", folder, agent, 10001)
        shutil.copy(root / "deploy/overlays/dev/agent.json", f"{folder}/agent/configuration/")
        script = ["set -euo pipefail", "set -m", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", *blocks]
        result = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=root, env={**environment, "DIR": folder, "AGENT": agent},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400)
        self.assertEqual(result.returncode, 0, result.stdout[-6000:])
        self.assertEqual(len(blocks), 3)
        for shown in ("busybox", "confinement  strict", 'pod "workload" deleted'):
            self.assertIn(shown, result.stdout)


class Roles(unittest.TestCase):
    """What the API server says to somebody in the group, with each of the two roles."""

    DOORS = {("create", "pods/exec"), ("get", "pods/exec"), ("patch", "pods/ephemeralcontainers")}
    NEVER = {("create", "pods/attach"), ("create", "pods/portforward"), ("get", "secrets"), ("create", "pods"),
             ("delete", "pods"), ("patch", "pods"), ("get", "pods/proxy"), ("create", "serviceaccounts/token")}
    ALWAYS = {("get", "pods"), ("list", "pods"), ("watch", "events")}

    def allowed(self, role):
        """Out of all verbs that are asked for here."""
        name = f"sidelight-{role}-{os.getpid()}"
        run("kubectl", "create", "namespace", name)
        self.addCleanup(run, "kubectl", "delete", "namespace", name, "--wait=false", check=False)
        run("kubectl", "--namespace", name, "apply", "-k", root / "deploy/rbac" / role)
        asked = self.DOORS | self.NEVER | self.ALWAYS
        self.assertEqual({self.answer(name, "nobody", *item) for item in asked}, {"no"})
        return {item for item in asked if self.answer(name, "oidc:oncall", *item) == "yes"}

    @staticmethod
    def answer(namespace, group, verb, kind):
        """A whole word: kubectl warns beside it where the server does not know a kind."""
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": "ada", "groups": [group], "resourceAttributes": {
                "namespace": namespace, "verb": verb, "resource": kind.partition("/")[0],
                "subresource": kind.partition("/")[2]}}}
        answer = run("kubectl", "create", "--filename=-", "--output=json", input=json.dumps(review)).stdout
        return "yes" if json.loads(answer)["status"].get("allowed") else "no"

    def test_sidelight(self):
        self.assertEqual(self.allowed("sidelight"), self.ALWAYS)

    def test_exec(self):
        self.assertEqual(self.allowed("exec"), self.ALWAYS | self.DOORS)


if __name__ == "__main__":
    unittest.main()
