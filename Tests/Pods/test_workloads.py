"""The agent beside real servers: every route from outside, compared with what a shell inside of the container shows."""
import json
import pathlib
import re
import subprocess
import unittest
import urllib.parse

from pods import Pod, run, wait


class Workload:
    """What is the same for all four. A subclass names the server and says how to give it a secret to log."""

    name = None
    uid = None

    @classmethod
    def setUpClass(cls):
        def change(pod):
            app = pod["spec"]["containers"][0]
            app["command"] = ["/workloads/start", cls.name]
            app["env"] = [
                {"name": "LOG_LEVEL", "value": "info"}, {"name": "APP_PASSWORD", "value": cls.password},
                {"name": "DATABASE_URL", "value": f"postgres://app:{cls.password}@db.internal:5432/shop"},
                {"name": "STRIPE_KEY", "value": cls.stripe}]

        from pods import Secrets
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

    # MARK: The four views, compared with a shell inside

    def shell_processes(self):
        lines = self.shell("ps", "-eo", "pid=,ppid=,uid=,comm=").splitlines()
        return {int(line.split()[0]): line.split(None, 3)[1:] for line in lines}

    def test_processes(self):
        before = self.shell_processes()
        shown = {item["pid"]: item for item in self.pod.get("/v1/processes")["processes"]}
        after = self.shell_processes()
        # Servers start and end helpers meanwhile; what was there all the time must agree.
        stable = {pid for pid in before.keys() & after.keys() if before[pid] == after[pid]}
        agent = set(map(self.pod.pid_inside, self.pod.agent_pids().values()))
        self.assertTrue(agent <= stable, "the shell sees the agent")
        self.assertFalse(agent & set(shown), "the agent shows itself")
        # The first process is that of the pause image, whose container the grant does not include.
        self.assertEqual(stable - agent - {1}, stable & shown.keys())
        for pid in stable & shown.keys():
            item, (parent, uid, command) = shown[pid], before[pid]
            self.assertEqual((item["ppid"], item["command"], item["container"]), (int(parent), command.strip(), "app"))
            self.assertEqual(int(uid), self.uid)

    def test_environment(self):
        compared, secrets = 0, 0
        for item in self.pod.get("/v1/processes?container=app")["processes"]:
            status, body = self.pod.curl(f"/v1/processes/{urllib.parse.quote(item['id'])}/environment", self.pod.token())
            if status == 410:
                continue
            self.assertEqual(status, 200, body)
            raw = self.pod.execute("app", "cat", f"/proc/{item['pid']}/environ", check=False).stdout
            # A server that changes its title writes over this memory; what it left must agree too.
            there = [entry.partition("=") for entry in raw.split("\0") if "=" in entry[1:]]
            shown = [entry for entry in json.loads(body)["variables"] if entry["name"]]
            self.assertEqual([entry["name"] for entry in shown], [name for name, _, _ in there])
            for entry, (name, _, value) in zip(shown, there):
                if isinstance(entry.get("value"), str) and "‹" not in entry["value"]:
                    self.assertEqual(entry["value"], value, name)
                if self.password in value or self.stripe in value:
                    secrets += 1
                    self.assertNotEqual(entry.get("value"), value, name)
                if name == "LOG_LEVEL":
                    self.assertEqual(entry.get("value"), "info")
            compared += 1
        self.assertGreaterEqual(compared, 2)
        self.assertGreaterEqual(secrets, 3, "there are secrets to be masked")

    def test_arguments(self):
        """A process beside the server has a secret among its arguments."""
        found = [item for item in self.processes.values() if "hidden.py" in json.dumps(item["arguments"])]
        self.assertEqual(len(found), 1)
        raw = self.shell("cat", f"/proc/{found[0]['pid']}/cmdline")
        self.assertIn(self.stripe, raw)
        self.assertNotIn(self.stripe, json.dumps(found))

    def test_files(self):
        for path in ("/etc/passwd", "/var/log/app/current.log", "/data", "/bin", "/dev/null"):
            with self.subTest(path):
                wanted = self.shell("stat", "-c", "%f %s %u %g %i %h %Y", path).split()
                file = self.pod.get(f"/v1/files?container=app&path={path}")
                file = file.get("file", file)
                mode = int(file["mode"], 8) if isinstance(file["mode"], str) else file["mode"]
                self.assertEqual(mode & 0o7777, int(wanted[0], 16) & 0o7777)
                size = file["size"]
                if path != "/var/log/app/current.log":
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

    def test_logs(self):
        sources = self.pod.get("/v1/logs")["sources"]
        self.assertEqual([(item["name"], item["container"], item["status"]) for item in sources],
                         [("app", "app", "available")])
        raw = self.shell("cat", "/var/log/app/current.log").splitlines()
        self.assertTrue(any(self.password in line for line in raw), "the log holds a secret to be masked")
        answer = self.pod.get("/v1/logs/app?container=app&lines=500")
        lines = [item["text"] for item in answer["lines"]]
        self.assertGreater(len(lines), 0)
        # What is shown is the raw line, but for what is masked.
        raw = [line.rstrip("\r") for line in raw][:len(lines)] if len(lines) <= len(raw) else raw
        for shown, line in zip(lines, raw):
            pattern = ".*".join(map(re.escape, re.split("‹[^›]*›", shown)))
            self.assertRegex(line, f"^{pattern}$")

    # MARK: The same with our own command line, and the other routes

    def test_command_line(self):
        pid = str(self.workload()["pid"])
        for command in (["ps"], ["ps", "--tree"], ["ps", "-o", "json"], ["env", pid], ["stat", "/etc/passwd"], ["ls", "/etc"],
                        ["logs"], ["tail", "app", "-n", "20"], ["posture"]):
            if command[0] in ("stat", "ls", "tail"):
                command = [*command, "--container", "app"]
            with self.subTest(" ".join(command)):
                self.assertTrue(self.pod.sidelight(*command).strip())

    def test_every_route(self):
        token = self.pod.token()
        process = urllib.parse.quote(self.workload()["id"])
        for path in ("/v1/processes", "/v1/processes?container=app", f"/v1/processes/{process}",
                     f"/v1/processes/{process}/environment", "/v1/files?container=app&path=/etc/hostname",
                     "/v1/directories?container=app&path=/", "/v1/logs", "/v1/logs/app?container=app&lines=5",
                     "/v1/posture"):
            with self.subTest(path):
                self.assertEqual(self.pod.curl(path, token)[0], 200)
                self.assertEqual(self.pod.curl(path)[0], 401, "without a token")
                self.assertEqual(self.pod.curl(path, token, certificate=False)[0], 0, "without a certificate")

    # MARK: The agent

    def test_confinement(self):
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
                self.assertGreaterEqual(int(field["Seccomp_filters"]), 2, role)
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
        """The workload's own user, in its container, attacks the agent and gets nothing."""
        script = pathlib.Path(__file__).with_name("attack.py").read_text()
        inside = [str(self.pod.pid_inside(pid)) for pid in self.pod.agent_pids().values()]
        result = self.pod.execute("app", "python3", "-c", script, *inside, user=f"{self.uid}:{self.uid}")
        self.assertEqual(result.stdout, "tried 3\n")

    def test_zz_nothing_leaks(self):
        """Last by its name: looks through all that the tests before have got, and what was written meanwhile."""
        self.assertGreater(len(self.pod.secrets.seen), 20)
        self.assertEqual(self.pod.leaks(), [])


class HTTPD(Workload, unittest.TestCase):
    name, uid = "httpd", 10001


class Nginx(Workload, unittest.TestCase):
    name, uid = "nginx", 10002


class Redis(Workload, unittest.TestCase):
    name, uid = "redis", 10003

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
    name, uid = "postgres", 10004

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
