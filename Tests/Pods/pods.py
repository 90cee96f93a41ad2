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


def beside(name, *command, security={}, **more):
    """One more container of a pod, without capabilities."""
    return {
        "name": name, "image": "localhost/sidelight-workloads:1", "imagePullPolicy": "Never", "command": [*command],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, **security}, **more}


def rules(profile):
    """A seccomp profile as what it means, whatever the order and however the calls are put together."""
    def conditions(rule):
        return tuple(sorted((item["index"], item["op"], item["value"], item.get("valueTwo", 0))
                            for item in rule.get("args") or ()))
    return {
        "default": (profile["defaultAction"], profile.get("defaultErrnoRet")),
        "architectures": set(profile["architectures"]),
        "calls": {(name, rule["action"], rule.get("errnoRet"), conditions(rule))
                  for rule in profile["syscalls"] for name in rule["names"]}}


def unmasked(shown, raw):
    """Whether a text is the raw one but for what is masked in it: each presence token stands for something."""
    return re.fullmatch("(?s:.+)".join(map(re.escape, re.split("‹[^›]*›", shown))), raw) is not None


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
            yield from {secret, raw.hex(), secret[::-1]}
            # Wherever it stands in what was encoded: the digits that come of it alone.
            for before in range(3):
                text = base64.b64encode(bytes(before) + raw).decode()
                yield text[-(-8 * before // 6):8 * (before + len(raw)) // 6]

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
      - { actions: [files.stat, files.list, files.digest], paths: ["/**"] }
      - { actions: [logs.list, logs.tail], logs: ["*"] }
    session: { duration: 1h }
    approval: { automatic: true }
    limits: { requests: 1000000, bytes: 20000000000, objects: 100000, concurrency: 8, follow_seconds: 600 }
"""

    # Whether the broker is a container of its image, or the program on this machine.
    contained_broker = False
    # So high that no test meets them by the way.
    ceilings = {name: {"per_second": 100000, "burst": 100000}
                for name in ("session_requests", "peer_requests", "agent_requests")}

    def __init__(self, name, uid, change=lambda pod: None, containers=("app",), extra_containers=(), logs=(), seconds=60):
        self.seconds = seconds
        self.name = f"sl-{name}-{os.getpid()}"
        self.uid = uid
        self.secrets = Secrets()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sidelight-pod-"))
        os.chmod(self.folder, 0o755)
        self.broker = None
        try:
            self._start(change, containers, extra_containers, logs)
        except BaseException:
            self.close()
            raise

    # MARK: Start

    def _start(self, change, containers, extra_containers, logs):
        self.agent_id = f"spiffe://dev.example/ns/demo/agent/{self.name}"
        self.port, self.app_port, broker_port = free_port(), free_port(), free_port()
        self.url, self.broker_url = f"https://127.0.0.1:{self.port}", f"https://127.0.0.1:{broker_port}"
        run(root / "deploy/authority", self.folder, self.agent_id, self.uid)
        self.configuration = {
            "agent": self.agent_id, "issuer": self.broker_url, "trust_domain": "dev.example", "scope": {"type": "pod"},
            "container": "unknown", "ceilings": self.ceilings,
            "logs": [{"name": "app", "container": "app", "path": "/var/log/app/current.log"}, *logs]}
        self.write_configuration()
        for number, container in enumerate([containers[0], "sidelight", *containers[1:]], 1):
            file = self.folder / TERMINATION / container / f"{number:08x}"
            file.parent.mkdir(parents=True)
            file.touch()
        self._start_broker(broker_port, containers)
        self.pod = self._manifest(change, extra_containers)
        path = self.folder / "pod.json"
        path.write_text(json.dumps(self.pod))
        run("podman", "play", "kube", "--seccomp-profile-root", profiles, path, cwd=self.folder, timeout=180)
        self.wait_ready(self.seconds)
        # Tokens count in whole seconds: one from before the agent's start is refused.
        time.sleep(1.1)
        session = run(root / "deploy/session", self.folder, self.agent_id, self.url, self.broker_url, check=False)
        if session.returncode:
            raise AssertionError(f"no session; the broker's exit status: {self._broker_status()}\n{session.stderr}")

    def write_configuration(self):
        path = self.folder / "agent/configuration/agent.json"
        path.write_text(json.dumps(self.configuration))
        path.chmod(0o444)

    def _start_broker(self, port, containers):
        """With the configuration of deploy/overlays/podman, but for addresses, targets and where its files lie."""
        broker, authority, state = folders = [self.folder / name for name in ("broker", "ca", "state")]
        state.mkdir(mode=0o700)
        there = folders
        if self.contained_broker:
            there = [pathlib.Path(path) for path in ("/etc/sidelight", "/etc/sidelight-ca", "/var/lib/sidelight")]
        configuration = json.loads((root / "deploy/overlays/podman/broker/broker.json").read_text())
        configuration.update(
            listen=f"127.0.0.1:{port}", issuer=self.broker_url, policy="policy.yaml",
            ca_certificate=str(there[1] / "ca.crt"), ca_private_key=str(there[1] / "ca.key"),
            database=str(there[2] / "broker.db"), audit_log=str(there[2] / "audit.jsonl"),
            targets=[{"agent": self.agent_id, "namespace": "demo", "containers": [*containers, "unknown"], "url": self.url}])
        (broker / "broker.json").write_text(json.dumps(configuration))
        (broker / "policy.yaml").write_text(self.policy)
        if self.contained_broker:
            # The image's user owns what it reads and writes.
            for path in (broker, *broker.iterdir(), authority, *authority.iterdir(), state):
                os.chown(path, 10001, 10001)
            volumes = [f"--volume={here}:{path}{':ro' if here != state else ''}" for here, path in zip(folders, there)]
            run("podman", "run", "--detach", "--name", self.container("broker"), "--network", "host", "--read-only",
                "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges",
                "--security-opt", f"seccomp={profiles / 'sidelight-broker.json'}", *volumes,
                "localhost/sidelight-broker:latest")
        else:
            with open(self.folder / "broker.log", "w") as log:
                self.broker = subprocess.Popen(
                    ["sidelight-broker", "serve", "--config", broker / "broker.json"], env=environment, stdout=log, stderr=log)

        def listens():
            if self._broker_status() is not None:
                raise AssertionError("the broker ended:\n" + self.broker_log())
            return "listening" in self.broker_log()
        wait("the broker listens", listens)

    def _broker_status(self):
        """Its exit status, where it has ended."""
        if self.broker:
            return self.broker.poll()
        running, status = self.inspect("broker", ".State.Running}} {{.State.ExitCode").split()
        return None if running == "true" else int(status)

    def broker_log(self):
        return self.log("broker") if self.contained_broker else (self.folder / "broker.log").read_text()

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

    def log(self, container):
        result = run("podman", "logs", self.container(container), check=False)
        return result.stdout + result.stderr

    def agent_log(self):
        return self.log("sidelight")

    def bundle(self, container):
        """What runc was given to make the container of."""
        return json.loads(pathlib.Path(self.inspect(container, ".OCIConfigPath")).read_text())

    def group(self, container, controller):
        """The folder of a container's control group."""
        pid = self.inspect(container, ".State.Pid")
        groups = dict(line.split(":", 2)[1:] for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines())
        mount = pathlib.Path("/sys/fs/cgroup")
        return mount / controller / groups[controller][1:] if controller in groups else mount / groups[""][1:]

    def agent_pids(self):
        """Role and pid, as the node sees them."""
        opener = int(self.inspect("sidelight", ".State.Pid"))
        children = pathlib.Path(f"/proc/{opener}/task/{opener}/children").read_text().split()
        found = {}
        for pid in [opener, *map(int, children)]:
            found[pathlib.Path(f"/proc/{pid}/comm").read_text().strip().removeprefix("sl-")] = pid
        return found

    def node_pid(self, container, inside):
        """The pid that the node gives to a process of a container."""
        for pid in (self.group(container, "pids") / "cgroup.procs").read_text().split():
            try:
                if self.pid_inside(pid) == inside:
                    return int(pid)
            except FileNotFoundError:
                continue
        raise AssertionError(f"{container} has no process {inside}")

    def pid_inside(self, pid):
        """The pid that the pod gives to a process of the node."""
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return int(re.search(r"^NSpid:.*\s(\d+)$", status, re.M)[1])

    # MARK: Looking, from outside of the pod

    def _curl(self, token, certificate=True):
        arguments = ["curl", "--silent", "--show-error", "--cacert", str(self.folder / "ca/ca.crt")]
        if certificate:
            arguments += ["--cert", str(self.folder / "session/tls.crt"), "--key", str(self.folder / "session/tls.key")]
        return [*arguments, "--header", f"Authorization: Bearer {token}"] if token else arguments

    def curl(self, path, token=None, certificate=True):
        """Status, and the body; both are searched for secrets later."""
        result = run(*self._curl(token, certificate), "--include", "--max-time", "30", self.url + path, check=False)
        self.secrets.keep(f"curl {path}", result.stdout + result.stderr)
        if result.returncode:
            return 0, result.stderr
        head, _, body = result.stdout.partition("\n\n")
        return int(head.split()[1]), body

    def get(self, path, token=None):
        status, body = self.curl(path, token or self.token())
        assert status == 200, (path, status, body)
        return json.loads(body)

    def follow(self, path, token, until):
        """The records of a stream, as far as the first of which `until` is true."""
        records = []
        with subprocess.Popen([*self._curl(token), "--no-buffer", "--max-time", "120", self.url + path],
                              stdout=subprocess.PIPE, text=True) as client:
            for line in client.stdout:
                records.append(json.loads(self.secrets.keep(f"curl {path}", line)))
                if until(records[-1]):
                    client.kill()
                    return records
        raise AssertionError(f"{path} ended: {records}")

    def another_session(self, name):
        """The folder of one more session of the same person, for SIDELIGHT_STATE, and a token for it."""
        folder = self.folder / "sessions" / name
        folder.mkdir(parents=True)
        for part in ("ca", "user"):
            (folder / part).symlink_to(self.folder / part)
        run(root / "deploy/session", folder, self.agent_id, self.url, self.broker_url)
        return folder, run("sidelight", "token", env={"SIDELIGHT_STATE": str(folder)}).stdout.strip()

    def token(self, *narrower):
        return self.sidelight("dev", "token", *narrower).strip() if narrower else self.sidelight("token").strip()

    def sidelight(self, *arguments, check=True):
        result = run("sidelight", *arguments, check=check, env={"SIDELIGHT_STATE": str(self.folder)})
        if arguments[0] != "token":
            self.secrets.keep(f"sidelight {' '.join(arguments)}", result.stdout + result.stderr)
        return result.stdout if check else result

    def leaks(self):
        """Where a secret shows that must not: in an answer, or in what agent and broker write."""
        self.secrets.keep("the agent's log and audit", self.agent_log())
        self.secrets.keep("the broker's log", self.broker_log())
        self.secrets.keep("the broker's audit", (self.folder / "state/audit.jsonl").read_text())
        return self.secrets.leaks()

    # MARK: End

    def close(self):
        run("podman", "pod", "rm", "--force", "--time", "2", self.name, check=False, timeout=120)
        run("podman", "volume", "rm", "--force", f"{self.name}-log", f"{self.name}-data", check=False)
        if self.contained_broker:
            run("podman", "rm", "--force", "--ignore", "--time", "20", self.container("broker"), check=False, timeout=120)
        if self.broker:
            self.broker.send_signal(signal.SIGTERM)
            try:
                self.broker.wait(20)
            except subprocess.TimeoutExpired:
                self.broker.kill()
                self.broker.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
