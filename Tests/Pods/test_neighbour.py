"""The workload's own user attacks the agent and gets nothing; the same attacks get at an ordinary process of the same user
that is placed like the agent."""
import json
import pathlib
import re
import unittest

from pods import Pod, beside, run, wait

UID = 10001
# What podman's default profile gives only with CAP_SYS_PTRACE.
REFUSED_BY_THE_PROFILE = {"kcmp"}
# An abstract socket with a name of the agent's kind, and a port that speaks HTTP to anybody.
ORDINARY = """\
import http.server, socket
named = socket.socket(socket.AF_UNIX)
named.bind("\\0sl-ordinary")
named.listen()
http.server.HTTPServer(("127.0.0.1", 7444), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def attack(pod, pids, ports=(7443,), unconfined=False):
    """Runs attack.py in the workload's container, or in one beside it in the same pod without a seccomp profile. `pids` are
    the node's, by name."""
    def target(pid):
        stack = re.search(r"^([0-9a-f]+)-.*\[stack\]$", pathlib.Path(f"/proc/{pid}/maps").read_text(), re.M)
        return pod.pid_inside(pid), int(stack[1], 16)
    asked = json.dumps({"processes": {name: target(pid) for name, pid in pids.items()}, "ports": ports})
    program = "python3", "-c", pathlib.Path(__file__).with_name("attack.py").read_text(), asked
    if unconfined:
        result = run("podman", "run", "--rm", "--pod", pod.name, "--read-only", "--cap-drop", "all",
                     "--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined",
                     "--user", f"{pod.uid}:{pod.uid}", "localhost/sidelight-workloads:1", *program)
    else:
        result = pod.execute("app", *program, user=f"{pod.uid}:{pod.uid}")
    return json.loads(result.stdout)


class Neighbour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def change(pod):
            agent = next(item for item in pod["spec"]["containers"] if item["name"] == "sidelight")
            mounts = [item for item in agent["volumeMounts"] if item["name"].startswith("sidelight-")]
            pod["spec"]["containers"].append(beside(
                "ordinary", "python3", "-c", ORDINARY, security={"readOnlyRootFilesystem": True}, volumeMounts=mounts))
        cls.pod = Pod("neighbour", UID, change)
        cls.addClassCleanup(cls.pod.close)
        cls.ordinary = int(cls.pod.inspect("ordinary", ".State.Pid"))
        wait("the ordinary process listens", lambda: "sl-ordinary" in cls.pod.execute("app", "cat", "/proc/net/unix").stdout)

    def check(self, unconfined, refused):
        agent = self.pod.agent_pids()
        found = attack(self.pod, {**agent, "ordinary": self.ordinary}, (7443, 7444), unconfined)
        ordinary = found["processes"].pop("ordinary")
        self.assertEqual(set(ordinary["failed"]), refused, "attacks that would not get at anybody")
        self.assertGreater(len(ordinary["worked"]), 40)
        self.assertEqual(set(found["processes"]), {"opener", "collector", "endpoint"})
        for role, result in found["processes"].items():
            self.assertEqual(result["worked"], [], role)
            self.assertEqual(len(result["failed"]), len(ordinary["worked"]) + len(refused), role)
        self.assertEqual((found["http"], found["sockets"], found["files"]), ([7444], ["@sl-ordinary"], []))
        self.assertEqual(self.pod.agent_pids(), agent)
        self.assertEqual(self.pod.get("/v1/posture")["confinement"], "strict")

    def test_under_the_default_profile(self):
        self.check(unconfined=False, refused=REFUSED_BY_THE_PROFILE)

    def test_without_a_profile(self):
        self.check(unconfined=True, refused=set())


if __name__ == "__main__":
    unittest.main()
