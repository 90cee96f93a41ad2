"""Workloads that nobody of the agent's user may look into: the tree shows them, and says for each field why it is empty."""
import json
import unittest
import urllib.parse

from pods import Pod, wait

UID = 10001


def beside(name, arguments, **context):
    return {
        "name": name, "image": "localhost/sidelight-workloads:1", "imagePullPolicy": "Never",
        "command": ["python3", "/workloads/hidden.py", *arguments],
        "env": [{"name": "HIDDEN_PASSWORD", "value": "correct-horse-battery"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, **context},
        "volumeMounts": [{"name": f"termination-{name}", "mountPath": "/dev/termination-log"}]}


# Container, and why the kernel says no.
CONTAINERS = {
    "readable": (beside("readable", ["plain"]), None),
    "other-uid": (beside("other-uid", ["plain"], runAsUser=10002), "different_uid"),
    "other-gid": (beside("other-gid", ["plain"], runAsGroup=10002), "different_gid"),
    "root": (beside("root", ["plain"], runAsUser=0, runAsNonRoot=False), "different_uid"),
    "capable": (beside("capable", ["capable"], runAsUser=0, runAsNonRoot=False, capabilities={
        "drop": ["ALL"], "add": ["SETUID", "SETGID", "SETPCAP", "NET_RAW"]}), "target_has_capabilities"),
    "hidden": (beside("hidden", ["dumpable"]), "not_dumpable"),
}


class Unreadable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = ["app", *CONTAINERS]

        def change(pod):
            for number, name in enumerate(names[1:], 3):
                path = next(v for v in pod["spec"]["volumes"] if v["name"] == "termination-app")["hostPath"]["path"]
                pod["spec"]["volumes"].append({
                    "name": f"termination-{name}",
                    "hostPath": {"path": path.replace("/app/00000001", f"/{name}/{number:08x}")}})

        cls.pod = Pod("unreadable", UID, change, containers=names, extra_containers=[c for c, _ in CONTAINERS.values()])
        cls.addClassCleanup(cls.pod.close)

        def all_there():
            found = {item["container"]: item for item in cls.pod.get("/v1/processes")["processes"]
                     if "hidden.py" in json.dumps(item["arguments"])
                     and item["container"] != "app"}
            return found if set(CONTAINERS) <= set(found) else None
        cls.processes = wait("every container is in the tree", all_there)

    def test_the_tree_shows_all(self):
        for name, (_, reason) in CONTAINERS.items():
            with self.subTest(name):
                process = self.processes[name]
                self.assertEqual(process["command"], "python3")
                self.assertGreater(process["pid"], 0)
                inside = self.pod.pid_inside(int(self.pod.inspect(name, ".State.Pid")))
                self.assertEqual(process["pid"], inside)

    def test_each_says_why(self):
        token = self.pod.token()
        for name, (_, reason) in CONTAINERS.items():
            with self.subTest(name):
                process = urllib.parse.quote(self.processes[name]["id"])
                status, body = self.pod.curl(f"/v1/processes/{process}/environment", token)
                answer = json.loads(body)
                if reason is None:
                    self.assertEqual(status, 200, body)
                    self.assertIn("HIDDEN_PASSWORD", body)
                else:
                    self.assertEqual((status, answer["code"], answer["reason"]), (422, "target_unreadable", reason))
                one = json.dumps(self.pod.get(f"/v1/processes/{process}", token))
                self.assertEqual(reason is not None, bool(reason) and reason in one, one)
                self.assertNotIn("correct-horse-battery", body + one)

    def test_files_of_a_container_that_is_closed(self):
        token = self.pod.token()
        self.assertEqual(self.pod.curl("/v1/files?container=readable&path=/etc/passwd", token)[0], 200)
        for name in ("other-uid", "other-gid", "root", "capable", "hidden"):
            with self.subTest(name):
                status, body = self.pod.curl(f"/v1/files?container={name}&path=/etc/passwd", token)
                self.assertEqual((status, json.loads(body)["code"]), (422, "target_unreadable"))


if __name__ == "__main__":
    unittest.main()
