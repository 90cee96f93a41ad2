"""The agent beside real servers: every route from outside, compared with what a shell inside of the container shows."""
import json
import pathlib
import re
import unittest
import urllib.parse

import yaml

from pods import Pod, Secrets, profiles, root, rules, run, unmasked, wait
from test_neighbour import REFUSED_BY_THE_PROFILE, attack

LOG = "/var/log/app/current.log"
HARMLESS = "order 4711 handled in 6 ms"
# What a process is or has at the moment; start_time is reckoned from its age.
CHANGING = {"state", "threads", "start_time", "age_seconds", "cpu_milliseconds", "resident_bytes"}
IDS = ("ruid", "euid", "suid", "fsuid", "rgid", "egid", "sgid", "fsgid")
COMMAND_LINES = """\
import glob, json
found = {}
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        found[path.split("/")[2]] = open(path, "rb").read().decode(errors="replace")
    except OSError:
        pass
print(json.dumps(found))
"""


def operations():
    """Path, operation and the actions that it needs, of every route that the description has."""
    paths = yaml.safe_load((root / "Sources/API/openapi.yaml").read_text())["paths"]
    for path, item in paths.items():
        for method in item.keys() - {"parameters", "summary", "description", "servers"}:
            assert method == "get", (path, method)
            needed = [way["accessToken"] for way in item[method].get("security", []) if "accessToken" in way]
            yield path, item[method]["operationId"], needed[0] if needed else []


def entries(block):
    """Name and value of each variable of an environment, as /proc has it."""
    return [(name, value) for name, equals, value in (entry.partition("=") for entry in block.split("\0")) if name and equals]


class Workload:
    """What is the same for all four. A subclass names the server and says how to give it a secret to log."""

    name = None
    uid = None
    # How the arguments of the container's first process begin, after a NUL or the start.
    arguments = None

    @classmethod
    def setUpClass(cls):
        def change(pod):
            app = pod["spec"]["containers"][0]
            app["command"] = ["/workloads/start", cls.name]
            app["env"] = [
                {"name": "LOG_LEVEL", "value": "info"}, {"name": "APP_PASSWORD", "value": cls.password},
                {"name": "DATABASE_URL", "value": f"postgres://app:{cls.password}@db.internal:5432/shop"},
                {"name": "STRIPE_KEY", "value": cls.stripe}]

        kept = Secrets()
        cls.password, cls.stripe = kept.password, kept.token
        cls.pod = Pod(cls.name, cls.uid, change)
        cls.addClassCleanup(cls.pod.close)
        cls.pod.secrets.password, cls.pod.secrets.token = cls.password, cls.stripe
        wait(f"{cls.name} serves", cls.serves)
        cls.log_a_secret()
        cls.processes = {item["pid"]: item for item in cls.pod.get("/v1/processes")["processes"]}

    @classmethod
    def ask(cls, path):
        return run("curl", "--silent", "--max-time", "5", f"http://127.0.0.1:{cls.pod.app_port}{path}", check=False)

    @classmethod
    def serves(cls):
        return cls.ask("/").stdout == "hello\n"

    @classmethod
    def log_a_secret(cls):
        cls.ask(f"/?access_token={cls.stripe}")

    def shell(self, *command):
        return self.pod.execute("app", *command).stdout

    def workload(self):
        """The container's first process."""
        inside = self.pod.pid_inside(int(self.pod.inspect("app", ".State.Pid")))
        return self.processes[inside]

    def hidden(self):
        """The process beside the server, with a secret among its arguments and an environment that stays as it was."""
        found = [item for item in self.processes.values() if item["arguments"][:2] == ["python3", "/workloads/hidden.py"]]
        self.assertEqual(len(found), 1)
        return found[0]

    def environment(self, process, parameters=""):
        return f"/v1/processes/{urllib.parse.quote(process['id'])}/environment{parameters}"

    # MARK: The four views, compared with a shell inside

    def shell_processes(self):
        lines = self.shell("ps", "-eo", f"pid=,ppid=,{'=,'.join(IDS)}=,comm=").splitlines()
        return {int(line.split()[0]): line.split(None, 2 + len(IDS))[1:] for line in lines}

    def test_processes(self):
        before = self.shell_processes()
        shown = {item["pid"]: item for item in self.pod.get("/v1/processes?fields=default,uids,gids")["processes"]}
        after = self.shell_processes()
        # Servers start and end helpers meanwhile; what was there all the time must agree.
        stable = {pid for pid in before.keys() & after.keys() if before[pid] == after[pid]}
        agent = set(map(self.pod.pid_inside, self.pod.agent_pids().values()))
        self.assertTrue(agent <= stable, "the shell sees the agent")
        self.assertFalse(agent & set(shown), "the agent shows itself")
        # The first process is that of the pause image, whose container the grant does not include.
        self.assertEqual(stable - agent - {1}, stable & shown.keys())
        for pid in stable & shown.keys():
            item, (parent, *ids, command) = shown[pid], before[pid]
            ids = [int(number) for number in ids]
            self.assertEqual((item["ppid"], item["command"], item["container"]), (int(parent), command.strip(), "app"))
            self.assertEqual(item["uids"] + item["gids"], ids)
            self.assertEqual((item["uid"], item["gid"]), (ids[1], ids[5]))
            self.assertEqual(set(ids), {self.uid})

    def test_environment(self):
        compared, secrets = 0, 0
        for item in self.pod.get("/v1/processes?container=app")["processes"]:
            status, body = self.pod.curl(self.environment(item), self.pod.token())
            raw = self.pod.execute("app", "cat", f"/proc/{item['pid']}/environ", check=False).stdout
            # A helper of the server may have ended before either; no other process has its number that soon.
            after, entry = self.pod.curl(f"/v1/processes/{urllib.parse.quote(item['id'])}", self.pod.token())
            if after == 410 or json.loads(entry)["state"] == "Z":
                continue
            self.assertEqual(status, 200, body)
            # A server that changes its title writes over this memory; what it left must agree too.
            there = [entry.partition("=") for entry in raw.split("\0") if "=" in entry[1:]]
            shown = [entry for entry in json.loads(body)["variables"] if entry["name"]]
            self.assertEqual([entry["name"] for entry in shown], [name for name, _, _ in there])
            for entry, (name, _, value) in zip(shown, there):
                if isinstance(entry.get("value"), str):
                    self.assertTrue(unmasked(entry["value"], value), name)
                if self.password in value or self.stripe in value:
                    secrets += 1
                    self.assertNotEqual(entry.get("value"), value, name)
                if name == "LOG_LEVEL":
                    self.assertEqual(entry.get("value"), "info")
            compared += 1
        self.assertGreaterEqual(compared, 2)
        self.assertGreaterEqual(secrets, 3, "there are secrets to be masked")

    def test_comparison(self):
        """Of the environments of two processes, one of them with one variable more, one less and one that differs."""
        here = self.hidden()
        run("podman", "exec", "--detach", "--env", "EXTRA=1", "--env", "LOG_LEVEL=debug",
            self.pod.container("app"), "env", "-u", "DATABASE_URL", "python3", "/workloads/hidden.py", "plain", "other")

        def started():
            return [item for item in self.pod.get("/v1/processes")["processes"] if item["arguments"][-1:] == ["other"]]
        there = wait("the other process is there", started)[0]
        self.addCleanup(self.pod.execute, "app", "kill", str(there["pid"]), check=False)
        one, other = (dict(entries(self.shell("cat", f"/proc/{item['pid']}/environ"))) for item in (here, there))
        wanted = {name: "same" if one.get(name) == other.get(name) else "only_there" if name not in one
                  else "only_here" if name not in other else "differs" for name in one | other}
        self.assertEqual([wanted[name] for name in ("EXTRA", "LOG_LEVEL", "DATABASE_URL", "APP_PASSWORD", "STRIPE_KEY")],
                         ["only_there", "differs", "only_here", "same", "same"])
        answer = self.pod.get(self.environment(here, f"?compare={urllib.parse.quote(there['id'])}"))
        self.assertEqual({item["name"]: item["result"] for item in answer["variables"]}, wanted)
        self.assertNotIn("value", json.dumps(answer))

    def test_arguments(self):
        """Each process's as they are, but for what is masked. A process beside the server has a secret among its own."""
        before = json.loads(self.shell("python3", "-c", COMMAND_LINES))
        shown = {str(item["pid"]): item["arguments"] for item in self.pod.get("/v1/processes")["processes"]}
        after = json.loads(self.shell("python3", "-c", COMMAND_LINES))
        stable = {pid for pid in shown if pid in before and before[pid] == after.get(pid)}
        for pid in stable:
            # A title is padded with NULs to the length of the arguments that it was written over.
            self.assertTrue(unmasked("\0".join(shown[pid]).rstrip("\0"), before[pid].rstrip("\0")), shown[pid])
        first, hidden = (str(item["pid"]) for item in (self.workload(), self.hidden()))
        self.assertLessEqual({first, hidden}, stable)
        self.assertIn("\0" + self.arguments, "\0" + "\0".join(shown[first]))
        self.assertIn(self.stripe, before[hidden])
        self.assertEqual(shown[hidden][:3], ["python3", "/workloads/hidden.py", "plain"])
        self.assertRegex(shown[hidden][3], "^--api-key=‹[^›]+›$")

    def test_files(self):
        for path in ("/etc/passwd", LOG, "/data", "/bin", "/dev/null"):
            with self.subTest(path):
                wanted = self.shell("stat", "-c", "%f %s %u %g %i %h %Y", path).split()
                file = self.pod.get(f"/v1/files?container=app&path={path}")
                file = file.get("file", file)
                mode = int(file["mode"], 8) if isinstance(file["mode"], str) else file["mode"]
                self.assertEqual(mode & 0o7777, int(wanted[0], 16) & 0o7777)
                size = file["size"]
                if path != LOG:
                    self.assertEqual(size, int(wanted[1]))
                self.assertEqual([file["uid"], file["gid"], file["inode"], file["links"]],
                                 [int(wanted[2]), int(wanted[3]), int(wanted[4]), int(wanted[5])])
        names = sorted(self.shell("ls", "-A1", "/etc").split())
        listed, cursor = [], ""
        while True:
            page = self.pod.get(f"/v1/directories?container=app&path=/etc{cursor}")
            listed += [item["name"] if isinstance(item["name"], str) else item["name"]["text"] for item in page["entries"]]
            if not page.get("next"):
                break
            cursor = "&cursor=" + urllib.parse.quote(page["next"])
        self.assertEqual(sorted(listed), names)

    def test_digest(self):
        """Equal for equal content, other for other, and none that somebody without the key could make."""
        self.shell("sh", "-c", "cp /etc/passwd /data/copy; (cat /etc/passwd; echo more) >/data/longer")
        found = [self.pod.get(f"/v1/files/digest?container=app&path={path}")["digest"]
                 for path in ("/etc/passwd", "/data/copy", "/data/longer")]
        self.assertEqual(found[0], found[1])
        self.assertNotEqual(found[0], found[2])
        self.assertNotIn(self.shell("sha256sum", "/etc/passwd").split()[0], found)

    def quiet_tail(self):
        """The last 500 lines raw and as they are shown, of a log to which nothing came meanwhile."""
        def same():
            before = self.shell("cat", LOG)
            lines = self.pod.get("/v1/logs/app?container=app&lines=500")["lines"]
            return (before, lines) if self.shell("cat", LOG) == before else None
        raw, lines = wait("the log is quiet", same)
        return [line.rstrip("\r") for line in raw.removesuffix("\n").split("\n")][-500:], [item["text"] for item in lines]

    def test_logs(self):
        sources = self.pod.get("/v1/logs")["sources"]
        self.assertEqual([(item["name"], item["container"], item["status"]) for item in sources],
                         [("app", "app", "available")])
        self.shell("sh", "-c", f"echo '{HARMLESS}' >>{LOG}")
        raw, shown = self.quiet_tail()
        self.assertTrue(any(self.password in line for line in raw), "the log holds a secret to be masked")
        self.assertEqual(len(shown), len(raw))
        for line, text in zip(raw, shown):
            self.assertTrue(unmasked(text, line), text)
        self.assertEqual(shown.count(HARMLESS), raw.count(HARMLESS))
        self.assertIn(HARMLESS, shown)

    def test_follow(self):
        """A line that comes while somebody follows, and what came before it."""
        token = self.pod.token()
        line = f"{HARMLESS}, followed"

        def until(record):
            if record["type"] == "open":
                self.shell("sh", "-c", f"echo '{line}' >>{LOG}")
            return record.get("text") == line
        records = self.pod.follow("/v1/logs/app?container=app&follow=true&lines=1", token, until)
        self.assertEqual(records[0]["type"], "open")
        self.assertGreaterEqual(len([record for record in records if record["type"] == "line"]), 2)

    # MARK: The same with our own command line, and the other routes

    def test_command_line(self):
        """What people see has in it what they ask for."""
        pid = str(self.workload()["pid"])
        self.shell("sh", "-c", f"echo '{HARMLESS}' >>{LOG}")
        for command, wanted in (
                (["ps"], pid), (["ps", "--tree"], pid), (["ps", pid], self.processes[int(pid)]["command"]),
                (["env", str(self.hidden()["pid"])], "LOG_LEVEL=info"), (["stat", "/etc/passwd"], "/etc/passwd"),
                (["ls", "/etc"], "passwd"), (["digest", "/etc/passwd"], "/etc/passwd"), (["logs"], "available"),
                (["tail", "app", "-n", "500"], HARMLESS), (["posture"], "strict")):
            if command[0] in ("stat", "ls", "digest", "tail"):
                command = [*command, "--container", "app"]
            with self.subTest(" ".join(command)):
                self.assertIn(wanted, self.pod.sidelight(*command))

    def test_command_line_for_programs(self):
        """With `-o json` the agent's own documents."""
        def document(*command):
            return json.loads(self.pod.sidelight(*command, "-o", "json"))

        def lasting(answer):
            return {item["id"]: {name: item[name] for name in item.keys() - CHANGING} for item in answer["processes"]}
        ours, curls = lasting(document("ps")), lasting(self.pod.get("/v1/processes"))
        both = ours.keys() & curls.keys()
        self.assertLessEqual({self.workload()["id"], self.hidden()["id"]}, both)
        self.assertEqual({pid: ours[pid] for pid in both}, {pid: curls[pid] for pid in both})
        hidden = self.hidden()
        self.assertEqual(document("env", str(hidden["pid"])), self.pod.get(self.environment(hidden)))
        for command, path in ((["stat", "/etc/passwd"], "/v1/files?container=app&path=/etc/passwd"),
                              (["ls", "/var/log"], "/v1/directories?container=app&path=/var/log")):
            self.assertEqual(document(*command, "--container", "app"), self.pod.get(path))
        self.assertEqual(document("posture"), self.pod.get("/v1/posture"))
        wait("both have the same end of the log", lambda: document("tail", "app", "--container", "app", "-n", "20")["lines"]
             == self.pod.get("/v1/logs/app?container=app&lines=20")["lines"])

    def test_every_route(self):
        """All of the description: with a token, without, without a certificate, and with a token for something else."""
        process, other = (urllib.parse.quote(item["id"]) for item in (self.workload(), self.hidden()))
        asked = {
            "listProcesses": ["/v1/processes", "/v1/processes?container=app"],
            "getProcess": [f"/v1/processes/{process}", f"/v1/processes/{process}?fields=all"],
            "readEnvironment": [f"/v1/processes/{process}/environment", f"/v1/processes/{process}/environment?compare={other}"],
            "getFile": ["/v1/files?container=app&path=/etc/hostname"],
            "getFileDigest": ["/v1/files/digest?container=app&path=/etc/passwd"],
            "listDirectory": ["/v1/directories?container=app&path=/"],
            "listLogs": ["/v1/logs"],
            "tailLog": ["/v1/logs/app?container=app&lines=5", "/v1/logs/app?container=app&follow=true"],
            "getPosture": ["/v1/posture"],
            "getDescription": ["/v1/openapi.yaml"]}
        described = {operation: (path, actions) for path, operation, actions in operations()}
        self.assertEqual(asked.keys(), described.keys())
        token = self.pod.token()
        for operation, (template, actions) in described.items():
            # A token for another action, and for no more than that.
            narrow = self.pod.token("--actions", "logs.list" if actions != ["logs.list"] else "processes.list")
            for path in asked[operation]:
                with self.subTest(path):
                    self.assertRegex(path.split("?")[0], "^" + re.sub(r"\{\w+\}", "[^/]+", template) + "$")
                    if "follow" in path:
                        self.assertEqual(self.pod.follow(path, token, lambda _: True)[0]["type"], "open")
                    else:
                        self.assertEqual(self.pod.curl(path, token)[0], 200)
                    status, body = self.pod.curl(path)
                    self.assertEqual((status, json.loads(body)["code"]), (401, "token_missing"))
                    self.assertEqual(self.pod.curl(path, token, certificate=False)[0], 0, "without a certificate")
                    if actions:
                        status, body = self.pod.curl(path, narrow)
                        self.assertEqual((status, json.loads(body)["code"]), (403, "action_not_granted"))
        self.assertEqual(self.pod.curl("/v1/openapi.yaml", token)[1], (root / "Sources/API/openapi.yaml").read_text())

    # MARK: The agent

    def test_confinement(self):
        # What runc was given, for podman's own record does not name a profile that came by the annotation.
        given = rules(self.pod.bundle("sidelight")["linux"]["seccomp"])
        self.assertEqual(given, rules(json.loads((profiles / "sidelight-agent.json").read_text())))
        self.assertNotEqual(given, rules(self.pod.bundle("app")["linux"]["seccomp"]), "the workload has podman's own")
        pids = self.pod.agent_pids()
        self.assertEqual(set(pids), {"opener", "collector", "endpoint"})
        for role, pid in pids.items():
            threads = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
            self.assertEqual(len(threads), 6 if role == "collector" else 1, role)
            for thread in threads:
                status = (thread / "status").read_text()
                field = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
                for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                    self.assertEqual(field[name], "0" * 16, f"{role} {name}")
                self.assertEqual(field["Seccomp"], "2", role)
                # The container's profile, and the process's own filter.
                self.assertEqual(field["Seccomp_filters"], "2", role)
                self.assertEqual(field["NoNewPrivs"], "1", role)
                self.assertEqual(field["Uid"].split(), [str(self.uid)] * 4, role)
                self.assertEqual(field["Gid"].split(), [str(self.uid)] * 4, role)
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size\s+0\s+0", role)
            self.assertRegex(limits, r"Max file size\s+0\s+0", role)
            mounts = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
            self.assertTrue(next(m for m in mounts if m.split()[4] == "/").split()[5].startswith("ro"), role)
            # proc(5): what root owns here, nobody of the same user may read.
            self.assertEqual(pathlib.Path(f"/proc/{pid}/environ").stat().st_uid, 0, role)
        posture = self.pod.get("/v1/posture")
        self.assertEqual(posture["confinement"], "strict")
        self.assertEqual({item["role"]: item["pid"] for item in posture["processes"]},
                         {role: self.pod.pid_inside(pid) for role, pid in pids.items()})

    def test_probes(self):
        for question in ("live", "ready"):
            result = self.pod.probe(question)
            self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""), question)
        self.assertNotEqual(self.pod.probe("well").returncode, 0)

    def test_neighbour(self):
        """The workload's own user, in its container, attacks the agent and gets nothing. See test_neighbour.py."""
        agent = self.pod.agent_pids()
        found = attack(self.pod, {**agent, "ordinary": self.pod.node_pid("app", self.hidden()["pid"])})
        ordinary = found["processes"].pop("ordinary")
        # The ordinary process here has none of the agent's files.
        refused = {name for name in ordinary["failed"] if "sidelight" not in name}
        self.assertEqual(refused, REFUSED_BY_THE_PROFILE)
        self.assertGreater(len(ordinary["worked"]), 35)
        for role, result in found["processes"].items():
            self.assertEqual(result["worked"], [], role)
        self.assertEqual((found["http"], found["sockets"], found["files"]), ([], [], []))
        self.assertEqual(self.pod.agent_pids(), agent)

    def test_zz_nothing_leaks(self):
        """Last by its name: looks through all that the tests before have got, and what was written meanwhile."""
        self.assertGreater(len(self.pod.secrets.seen), 20)
        self.assertEqual(self.pod.leaks(), [])


class HTTPD(Workload, unittest.TestCase):
    name, uid, arguments = "httpd", 10001, "busybox\0httpd\0-f\0-vv\0-p\08080\0-h\0/data/site"


class Nginx(Workload, unittest.TestCase):
    name, uid, arguments = "nginx", 10002, "nginx: master process nginx -c /data/nginx.conf"


class Redis(Workload, unittest.TestCase):
    name, uid, arguments = "redis", 10003, "redis-server *:8080"

    @classmethod
    def client(cls, *command):
        return cls.pod.execute("app", "redis-cli", "--no-auth-warning", "-p", "8080", "-a", cls.password, *command,
                               check=False)

    @classmethod
    def serves(cls):
        return cls.client("ping").stdout == "PONG\n"

    @classmethod
    def log_a_secret(cls):
        cls.client("set", "token", cls.stripe)


class Postgres(Workload, unittest.TestCase):
    name, uid, arguments = "postgres", 10004, "-D\0/data/db\0-p\08080\0-k\0/data\0-c\0log_statement=all"

    @classmethod
    def client(cls, statement):
        return cls.pod.execute("app", "psql", "-h", "/data", "-p", "8080", "-U", "app", "-d", "postgres", "-Atc", statement,
                               check=False)

    @classmethod
    def serves(cls):
        return cls.client("select 1").stdout == "1\n"

    @classmethod
    def log_a_secret(cls):
        cls.client(f"alter role app password '{cls.stripe}'")


if __name__ == "__main__":
    unittest.main()
