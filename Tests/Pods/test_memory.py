"""The agent stays within its limit of memory while as many clients as may take the largest answers there are, slowly."""
import collections
import concurrent.futures
import contextlib
import socket
import ssl
import threading
import time
import unittest
import urllib.parse

import yaml

from pods import Pod, root, run, wait

# Where agent.json does not say otherwise: `session_concurrency`, and as many sessions as `agent_concurrency` allows.
CLIENTS, SESSIONS = 8, 4
SLOWLY = 6  # seconds
# A directory with more than a page has, a log with more than a tail has, and a process with nearly as large an environment
# as is read.
FILL = """\\
import os
os.makedirs("/data/many")
for number in range(10000):
    open(f"/data/many/{number:05d}-" + "name-" * 40, "w").close()
with open("/var/log/app/current.log", "a") as log:
    for number in range(20000):
        log.write(f"order {number} " + "was handled in time " * 12 + "\\n")
os.execve("/usr/bin/python3", ["python3", "/workloads/hidden.py", "plain", "large"],
          {f"ITEM_{number:04d}_DIR": "/srv/" + "data/" * 18 for number in range(9000)})
"""


def limit_of_the_manifest():
    pod = yaml.safe_load((root / "deploy/base/pod.yaml").read_text())
    text = next(item for item in pod["spec"]["containers"] if item["name"] == "sidelight")["resources"]["limits"]["memory"]
    assert text.endswith("Mi"), text
    return int(text[:-2]) << 20


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pod = Pod("memory", 10001)
        cls.addClassCleanup(cls.pod.close)
        run("podman", "exec", "--detach", cls.pod.container("app"), "python3", "-c", FILL)

        def filled():
            return [item["id"] for item in cls.pod.get("/v1/processes")["processes"] if item["arguments"][-1:] == ["large"]]
        process = urllib.parse.quote(wait("all that is large is there", filled)[0])
        cls.largest = {"a directory": "/v1/directories?container=app&path=/data/many&limit=10000",
                       "a log": "/v1/logs/app?container=app&lines=10000",
                       "an environment": f"/v1/processes/{process}/environment"}

        cls.sessions = [cls.pod.another_session(str(number)) for number in range(SESSIONS)]

    def figures(self):
        """Limit, largest use so far, and how often the kernel ended a process for want of memory."""
        folder = self.pod.group("sidelight", "memory")
        if (folder / "memory.limit_in_bytes").exists():
            limit, peak, events = "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"
        else:
            limit, peak, events = "memory.max", "memory.peak", "memory.events"
        counts = dict(line.split() for line in (folder / events).read_text().splitlines())
        return int((folder / limit).read_text()), int((folder / peak).read_text()), int(counts["oom_kill"])

    @contextlib.contextmanager
    def connection(self, session):
        context = ssl.create_default_context(cafile=self.pod.folder / "ca/ca.crt")
        context.load_cert_chain(session / "session/tls.crt", session / "session/tls.key")
        with socket.socket() as plain:
            # A small window: what the client does not take stays with the agent.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.settimeout(60)
            plain.connect(("127.0.0.1", self.pod.port))
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as peer:
                yield peer

    def take_slowly(self, path, session, token, together):
        """One answer: its status and length. Nothing but the head is taken until all have asked, then little by little, and
        after a while the rest."""
        with self.connection(session) as peer:
            together.wait()
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                         "Connection: close\r\n\r\n".encode())
            answer = peer.recv(4096)
            end = time.monotonic() + SLOWLY
            while time.monotonic() < end and answer:
                time.sleep(0.2)
                answer += peer.recv(4096)
            with contextlib.suppress(ssl.SSLEOFError):
                while more := peer.recv(1 << 20):
                    answer += more
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        if status == 200:
            self.assertEqual(body[-1:], b"}", "the answer is whole")
        return status, len(body)

    def test_connections(self):
        """Sessions that hold all the connections there are keep nobody else out."""
        session, token = self.sessions[-1]
        with contextlib.ExitStack() as held:
            for hog, _ in self.sessions[:-1]:
                for _ in range(32):
                    held.enter_context(self.connection(hog))
            for _ in range(10):
                with self.connection(session) as peer:
                    peer.sendall(f"GET /v1/posture HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                    self.assertEqual(peer.recv(4096)[:12], b"HTTP/1.1 200")

    def test_slow_readers(self):
        before = self.pod.agent_pids()
        self.assertEqual(self.figures()[0], limit_of_the_manifest())
        for name, path in self.largest.items():
            with self.subTest(name):
                clients = self.sessions * CLIENTS
                together = threading.Barrier(len(clients))
                with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
                    found = list(pool.map(lambda client: self.take_slowly(path, *client, together), clients))
                limit, peak, ended = self.figures()
                print(f"\n  {name}: {sorted(collections.Counter(found).items())}; peak {peak / 1e6:.1f} of {limit / 1e6:.1f} MB, {ended} ended", flush=True)
                self.assertEqual((limit, ended), (limit_of_the_manifest(), 0))
                self.assertEqual(self.pod.agent_pids(), before, "the agent was started again")
                # Whoever gets nothing is told so: 503, to be tried again.
                self.assertEqual({status for status, _ in found}, {200, 503})
                self.assertGreater(max(length for _, length in found), 1000000)
        wait("the agent answers everybody again",
             lambda: self.pod.curl(self.largest["a directory"], self.pod.token())[0] == 200)


if __name__ == "__main__":
    unittest.main()
