"""Workloads that nobody of the agent's user may look into: the tree shows them, and says for each field why it is empty."""
import json
import os
import unittest
import urllib.parse

from pods import Pod, beside, wait

UID = 10001


def closed(name, kind, **context):
    return beside(name, "python3", "/workloads/hidden.py", kind, security=context,
                  env=[{"name": "HIDDEN_PASSWORD", "value": "correct-horse-battery"}],
                  volumeMounts=[{"name": f"termination-{name}", "mountPath": "/dev/termination-log"}])


# Container, and why the kernel says no.
CONTAINERS = {
    "readable": (closed("readable", "plain"), None),
    "other-uid": (closed("other-uid", "plain", runAsUser=10002), "different_uid"),
    "other-gid": (closed("other-gid", "plain", runAsGroup=10002), "different_gid"),
    "root": (closed("root", "plain", runAsUser=0, runAsNonRoot=False), "different_uid"),
    "capable": (closed("capable", "capable", runAsUser=0, runAsNonRoot=False, capabilities={
        "drop": ["ALL"], "add": ["SETUID", "SETGID", "SETPCAP", "NET_RAW"]}), "target_has_capabilities"),
    "hidden": (closed("hidden", "dumpable"), "not_dumpable"),
}
# What the opener opens, and only for the same ids and capabilities.
THROUGH_THE_OPENER = {
    "executable", "executable_deleted", "executable_device", "executable_inode", "working_directory", "root_directory",
    "namespaces", "proportional_bytes", "unique_bytes", "proportional_swap_bytes"}


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

        cls.pod = Pod("unreadable", UID, change, containers=names, extra_containers=[c for c, _ in CONTAINERS.values()],
                      logs=[{"name": "accounts", "container": name, "path": "/etc/passwd"} for name in CONTAINERS])
        cls.addClassCleanup(cls.pod.close)

        def all_there():
            found = {item["container"]: item for item in cls.pod.get("/v1/processes")["processes"]
                     if "hidden.py" in json.dumps(item["arguments"]) and item["state"] == "S"
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

    def refused(self, path, token, reason):
        """Whether it is answered where there is no reason against it, and refused for that very reason otherwise."""
        status, body = self.pod.curl(path, token)
        answer = json.loads(body)
        if reason is None:
            self.assertEqual(status, 200, body)
        else:
            self.assertEqual((status, answer.get("code"), answer.get("reason")), (422, "target_unreadable", reason))
        self.assertNotIn("correct-horse-battery", body)
        return answer

    def test_environment(self):
        token = self.pod.token()
        for name, (_, reason) in CONTAINERS.items():
            with self.subTest(name):
                process = urllib.parse.quote(self.processes[name]["id"])
                answer = self.refused(f"/v1/processes/{process}/environment", token, reason)
                if reason is None:
                    self.assertIn("HIDDEN_PASSWORD", [item["name"] for item in answer["variables"]])

    def test_every_field_says_why(self):
        for name, (_, reason) in CONTAINERS.items():
            with self.subTest(name):
                answer = self.pod.get(f"/v1/processes/{urllib.parse.quote(self.processes[name]['id'])}?fields=all")
                self.assertNotIn("correct-horse-battery", json.dumps(answer))
                wanted = {field: reason for field in THROUGH_THE_OPENER} if reason else {}
                denied = {item["field"]: item["reason"] for item in answer["unread"] if item["status"] == "denied"}
                self.assertEqual(denied, wanted)
                # What is denied has no value, and the others have one.
                self.assertEqual(THROUGH_THE_OPENER - answer.keys(), wanted.keys())
                # How many descriptors there are stands in the size of their folder, for everybody (Linux 6.2).
                there = os.listdir(f"/proc/{self.pod.inspect(name, '.State.Pid')}/fd")
                self.assertEqual(answer["open_descriptors"], len(there))

    def test_files_say_why(self):
        token = self.pod.token()
        for name, (_, reason) in CONTAINERS.items():
            for path in ("/v1/files?path=/etc/passwd", "/v1/files/digest?path=/etc/passwd", "/v1/directories?path=/etc"):
                with self.subTest(f"{name} {path}"):
                    self.refused(f"{path}&container={name}", token, reason)

    def test_logs_say_why(self):
        token = self.pod.token()
        status = {item["container"]: item["status"] for item in self.pod.get("/v1/logs", token)["sources"]}
        for name, (_, reason) in CONTAINERS.items():
            with self.subTest(name):
                self.assertEqual(status[name], "denied" if reason else "available")
                self.refused(f"/v1/logs/accounts?container={name}", token, reason)


if __name__ == "__main__":
    unittest.main()
