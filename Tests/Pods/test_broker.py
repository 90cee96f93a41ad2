"""The broker's image as its container: it starts under its profile, opens a session, and its token opens the agent."""
import json
import pathlib
import unittest

from pods import Pod, profiles, rules


class Contained(Pod):
    contained_broker = True


class Broker(unittest.TestCase):
    def test_its_token_opens_the_agent(self):
        pod = Contained("broker", 10001)
        self.addCleanup(pod.close)
        commands = [item["command"] for item in pod.get("/v1/processes")["processes"]]
        self.assertIn("busybox", commands)
        # A second token of the same session, with less.
        self.assertEqual(pod.curl("/v1/logs", pod.token("--actions", "processes.list"))[0], 403)
        events = [json.loads(line)["type"] for line in (pod.folder / "state/audit.jsonl").read_text().splitlines()]
        self.assertEqual(events, ["broker_started", "session_created", "token_issued", "token_issued"])
        self.confined(pod)

    def confined(self, pod):
        bundle = pod.bundle("broker")
        self.assertEqual(
            rules(bundle["linux"]["seccomp"]), rules(json.loads((profiles / "sidelight-broker.json").read_text())))
        self.assertTrue(bundle["root"]["readonly"])
        threads = list(pathlib.Path(f"/proc/{pod.inspect('broker', '.State.Pid')}/task").iterdir())
        self.assertGreater(len(threads), 1)
        for thread in threads:
            field = dict(line.split(":\t", 1) for line in (thread / "status").read_text().splitlines() if ":\t" in line)
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(field[name], "0" * 16, name)
            # The container's profile, and the broker's own filter.
            self.assertEqual((field["Seccomp"], field["Seccomp_filters"], field["NoNewPrivs"]), ("2", "2", "1"))
            self.assertEqual((field["Uid"].split(), field["Gid"].split()), (["10001"] * 4, ["10001"] * 4))


if __name__ == "__main__":
    unittest.main()
