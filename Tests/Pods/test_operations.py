"""docs/operations.md, run as written: its blocks of commands one after the other in one shell."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from pods import environment, profiles, root, run


def blocks():
    """The blocks with the line where each begins."""
    text = (root / "docs/operations.md").read_text()
    for found in re.finditer(r"^```sh\n(.*?)^```$", text, re.M | re.S):
        yield text[:found.start()].count("\n") + 2, found[1]


class Operations(unittest.TestCase):
    def test_every_command(self):
        folder = tempfile.mkdtemp(prefix="sidelight-operations-")
        self.addCleanup(run, "rm", "-rf", folder, check=False)
        self.addCleanup(run, "podman", "volume", "rm", "workload-log", "workload-data", check=False)
        self.addCleanup(run, "podman", "pod", "rm", "--force", "--time", "2", "workload", check=False)
        script = ["set -euo pipefail", "set -m", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
        for line, block in blocks():
            # `make pod-test` has made the images already.
            block = block.replace("make image\n", "" if os.environ.get("SIDELIGHT_IMAGES_MADE") else "make image\n")
            block = block.replace("$PWD/profiles", str(profiles))
            script += [f"echo '--- docs/operations.md:{line}'", block]
        variables = {name: value for name, value in environment.items() if name != "CONTAINERS_CONF"}
        result = subprocess.run(
            ["bash", "-c", "\n".join(script)], cwd=root, env={**variables, "DIR": f"{folder}/sidelight"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        output = result.stdout
        self.assertEqual(result.returncode, 0, output[-6000:])
        for shown in ("busybox", "LOG_LEVEL=info", "/etc/hostname", "current.log", "confinement  strict", "sl-opener",
                      '"type":"decision"'):
            self.assertIn(shown, output)
        # Every thread of the eight, as the kernel shows it.
        self.assertEqual(len(re.findall(r"^Seccomp:\t2$", output, re.M)), 8)
        self.assertEqual(len(re.findall(r"^Cap...:\t0{16}$", output, re.M)), 40)
        self.assertFalse(pathlib.Path(folder, "sidelight").exists())


if __name__ == "__main__":
    unittest.main()
