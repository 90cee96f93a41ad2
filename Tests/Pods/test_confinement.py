"""A pod that leaves the agent more than it should have: strict refuses to serve, best-effort serves and says so."""
import unittest

from pods import Pod

UID = 10001


def keeps_the_bounding_set(pod, *arguments):
    agent = next(item for item in pod["spec"]["containers"] if item["name"] == "sidelight")
    agent["securityContext"].pop("capabilities")
    agent["args"] += arguments


class Lax(unittest.TestCase):
    """Without `drop: [ALL]`."""

    def test_best_effort_serves_and_says_so(self):
        pod = Pod("lax", UID, lambda pod: keeps_the_bounding_set(pod, "--confinement=best-effort"))
        self.addCleanup(pod.close)
        posture = pod.get("/v1/posture")
        self.assertEqual((posture["confinement"], posture["missing"]), ("best-effort", ["bounding_set"]))
        self.assertEqual(
            pod.probe("ready").stdout, "ready, with best-effort confinement; the posture says what is missing\n")
        self.assertIn("best-effort confinement without: bounding_set", pod.agent_log())

    def test_strict_does_not_serve(self):
        # The pod never gets ready: what is looked at is what its agent says when it ends.
        with self.assertRaises(AssertionError) as ready:
            Pod("strict", UID, keeps_the_bounding_set, seconds=10)
        self.assertIn("the bounding set is not empty: start the container with drop: [ALL]", str(ready.exception))


if __name__ == "__main__":
    unittest.main()
