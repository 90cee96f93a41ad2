"""A pod on this machine with podman, the agent in it, and a broker beside it: what the tests of this folder share."""
import base64
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

root = pathlib.Path(__file__).resolve().parent.parent.parent
products = pathlib.Path(os.environ.get("SIDELIGHT_PRODUCTS", root / ".build/release"))
profiles = pathlib.Path(os.environ.get("SIDELIGHT_PROFILES", root / "profiles"))
environment = {
    **os.environ, "CONTAINERS_CONF": str(root / ".ci/containers.conf"),
    "PATH": f"{products}:{os.environ['PATH']}",
}
TERMINATION = "pods/5f0c1f3e-0000-4000-8000-000000000001/containers"


def run(*arguments, check=True, timeout=60, **more):
    """Runs a program and returns its standard output; a failure shows what it said."""
    result = subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, timeout=timeout,
        env={**environment, **more.pop("env", {})}, **more)
    if check and result.returncode:
        raise AssertionError(f"{arguments} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, condition, seconds=60):
    """Until the condition gives something that is true; fails with its name."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


class Secrets:
    """Secrets made for one run, and a search for all of them in every shape in which they could leave."""

    def __init__(self):
        self.password = secrets.token_urlsafe(18).replace("-", "a").replace("_", "b")
        self.token = "sk_live_" + secrets.token_hex(12)
        self.seen = []

    def keep(self, place, text):
        self.seen.append((place, text))
        return text

    def shapes(self):
        for secret in (self.password, self.token):
            raw = secret.encode()
            yield from {secret, base64.b64encode(raw).decode().rstrip("="), raw.hex(), secret[::-1]}

    def leaks(self):
        return sorted({place for place, text in self.seen for shape in self.shapes() if shape in text})


class Pod:
    """The pod of deploy/overlays/podman with changes, its folder, its broker and a session. `close` ends all of it."""

    policy = """
apiVersion: sidelight.dev/v1
kind: AccessPolicy
metadata: { name: pods }
groups:
  oncall: { from: ["certificate:oncall"] }
rules:
  - id: look
    groups: [oncall]
    targets: { namespaces: [demo] }
    allow:
      - { actions: [processes.list] }
      - { actions: [environment.read], names: ["*"] }
      - { actions: [files.stat, files.list], paths: ["/**"] }
      - { actions: [logs.list, logs.tail], logs: ["*"] }
    session: { duration: 1h }
    approval: { automatic: true }
    limits: { requests: 1000000, bytes: 20000000000, objects: 100000, concurrency: 8, follow_seconds: 600 }
"""

    def __init__(self, name, uid, change=lambda pod: None, containers=("app",), extra_containers=(), seconds=60):
        self.seconds = seconds
        self.name = f"sl-{name}-{os.getpid()}"
        self.uid = uid
        self.secrets = Secrets()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sidelight-pod-"))
        os.chmod(self.folder, 0o755)
        self.broker = None
        try:
            self._start(change, containers, extra_containers)
        except BaseException:
            self.close()
            raise

    # MARK: Start

    def _start(self, change, containers, extra_containers):
        self.agent_id = f"spiffe://dev.example/ns/demo/agent/{self.name}"
        self.port, self.app_port, broker_port = free_port(), free_port(), free_port()
        self.url, self.broker_url = f"https://127.0.0.1:{self.port}", f"https://127.0.0.1:{broker_port}"
        run(root / "deploy/authority", self.folder, self.agent_id, self.uid)
        (self.folder / "policy.yaml").write_text(self.policy)
        (self.folder / "broker/broker.json").write_text(json.dumps({
            "listen": f"127.0.0.1:{broker_port}", "issuer": self.broker_url, "trust_domain": "dev.example",
            "certificate": "tls.crt", "private_key": "tls.key", "ca_certificate": "../ca/ca.crt",
            "ca_private_key": "../ca/ca.key", "signing_key": "signing.key", "policy": "../policy.yaml",
            "database": "broker.db", "audit_log": "audit.jsonl",
            "targets": [{"agent": self.agent_id, "namespace": "demo", "containers": [*containers, "unknown"], "url": self.url}]}))
        rate = {"per_second": 100000, "burst": 100000}
        self.configuration = {
            "agent": self.agent_id, "issuer": self.broker_url, "trust_domain": "dev.example", "scope": {"type": "pod"},
            "container": "unknown", "logs": [{"name": "app", "container": "app", "path": "/var/log/app/current.log"}],
            "ceilings": {"session_requests": rate, "peer_requests": rate, "agent_requests": rate}}
        self.write_configuration()
        for number, container in enumerate([containers[0], "sidelight", *containers[1:]], 1):
            file = self.folder / TERMINATION / container / f"{number:08x}"
            file.parent.mkdir(parents=True)
            file.touch()
        self._start_broker()
        self.pod = self._manifest(change, extra_containers)
        path = self.folder / "pod.json"
        path.write_text(json.dumps(self.pod))
        run("podman", "play", "kube", "--seccomp-profile-root", profiles, path, cwd=self.folder, timeout=180)
        self.wait_ready(self.seconds)
        # Tokens count in whole seconds: one from before the agent's start is refused.
        time.sleep(1.1)
        run(root / "deploy/session", self.folder, self.agent_id, self.url, self.broker_url)

    def write_configuration(self):
        path = self.folder / "agent/configuration/agent.json"
        path.write_text(json.dumps(self.configuration))
        path.chmod(0o444)

    def _start_broker(self):
        self.broker_log = open(self.folder / "broker/log", "w")
        self.broker = subprocess.Popen(
            ["sidelight-broker", "serve", "--config", self.folder / "broker/broker.json"], env=environment,
            stdout=self.broker_log, stderr=self.broker_log)
        log = self.folder / "broker/log"

        def listens():
            if self.broker.poll() is not None:
                raise AssertionError("the broker ended:\n" + log.read_text())
            return "listening" in log.read_text()
        wait("the broker listens", listens)

    def _manifest(self, change, extra_containers):
        import yaml
        text = run("kubectl", "kustomize", root / "deploy/overlays/podman").stdout
        text = text.replace("/srv/sidelight", str(self.folder)).replace("hostPort: 8080", f"hostPort: {self.app_port}")
        text = text.replace("hostPort: 7443", f"hostPort: {self.port}")
        # podman makes a volume of an emptyDir by its name alone, whichever pod it is of, and keeps it.
        text = text.replace("workload-log", f"{self.name}-log").replace("workload-data", f"{self.name}-data")
        pod = next(item for item in yaml.safe_load_all(text) if item["kind"] == "Pod")
        pod["metadata"]["name"] = self.name
        pod["spec"]["securityContext"].update(runAsUser=self.uid, runAsGroup=self.uid)
        pod["spec"]["containers"] += extra_containers
        change(pod)
        return pod

    # MARK: What is in it

    def container(self, name):
        return f"{self.name}-{name}"

    def inspect(self, container, what):
        return run("podman", "inspect", "--format", "{{" + what + "}}", self.container(container)).stdout.strip()

    def execute(self, container, *command, user=None, check=True):
        """As `podman exec` does it."""
        options = ["--user", str(user)] if user is not None else []
        return run("podman", "exec", *options, self.container(container), *command, check=check)

    def probe(self, question):
        return self.execute("sidelight", "/sidelight-agent", "probe", question, check=False)

    def wait_ready(self, seconds=60):
        def ready():
            result = self.probe("ready")
            self.last_probe = result.stdout + result.stderr
            return result.returncode == 0
        try:
            wait("the agent is ready", ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.last_probe}\n{self.agent_log()}") from None

    def agent_log(self):
        result = run("podman", "logs", self.container("sidelight"), check=False)
        return result.stdout + result.stderr

    def agent_pids(self):
        """Role and pid, as the node sees them."""
        opener = int(self.inspect("sidelight", ".State.Pid"))
        children = pathlib.Path(f"/proc/{opener}/task/{opener}/children").read_text().split()
        found = {}
        for pid in [opener, *map(int, children)]:
            found[pathlib.Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("sl-")] = pid
        return found

    def pid_inside(self, pid):
        """The pid that the pod gives to a process of the node."""
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"^NSpid:.*\s(\d+)$", status, re.M)[1])

    # MARK: Looking, from outside of the pod

    def curl(self, path, token=None, certificate=True):
        """Status, and the body; both are searched for secrets later."""
        arguments = ["curl", "--silent", "--show-error", "--include", "--max-time", "30", "--cacert",
                     self.folder / "ca/ca.crt"]
        if certificate:
            arguments += ["--cert", self.folder / "session/tls.crt", "--key", self.folder / "session/tls.key"]
        if token:
            arguments += ["--header", f"Authorization: Bearer {token}"]
        result = run(*arguments, self.url + path, check=False)
        self.secrets.keep(f"curl {path}", result.stdout + result.stderr)
        if result.returncode:
            return 0, result.stderr
        head, _, body = result.stdout.partition("\n\n")
        return int(head.split()[1]), body

    def get(self, path, token=None):
        status, body = self.curl(path, token or self.token())
        assert status == 200, (path, status, body)
        return json.loads(body)

    def token(self):
        return self.sidelight("token").strip()

    def sidelight(self, *arguments, check=True):
        result = run("sidelight", *arguments, check=check, env={"SIDELIGHT_STATE": str(self.folder)})
        if arguments[0] != "token":
            self.secrets.keep(f"sidelight {' '.join(arguments)}", result.stdout + result.stderr)
        return result.stdout if check else result

    def leaks(self):
        """Where a secret shows that must not: in an answer, or in what agent and broker write."""
        self.secrets.keep("the agent's log and audit", self.agent_log())
        for name in ("broker/log", "broker/audit.jsonl"):
            self.secrets.keep(name, (self.folder / name).read_text())
        return self.secrets.leaks()

    # MARK: End

    def close(self):
        run("podman", "pod", "rm", "--force", "--time", "2", self.name, check=False, timeout=120)
        run("podman", "volume", "rm", "--force", f"{self.name}-log", f"{self.name}-data", check=False)
        if self.broker:
            self.broker.send_signal(signal.SIGTERM)
            try:
                self.broker.wait(20)
            except subprocess.TimeoutExpired:
                self.broker.kill()
                self.broker.wait()
            self.broker_log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
