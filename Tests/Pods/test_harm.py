"""Whatever happens to the agent, the workload serves on: nothing is restarted but the agent, no request fails, and none is
slower than the machine's own noise."""
import concurrent.futures
import contextlib
import http.client
import os
import pathlib
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
import unittest

from pods import Pod, wait


class RequestLoop:
    """One request after the other to the workload, from outside, timed."""

    def __init__(self, port):
        self.port = port
        self.times, self.errors = [], []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        while not self.end.is_set():
            start = time.perf_counter()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/")
                body = connection.getresponse().read()
                connection.close()
                if body != b"hello\n":
                    self.errors.append(body)
            except OSError as error:
                self.errors.append(error)
            self.times.append(time.perf_counter() - start)
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()

    @property
    def median(self):
        return statistics.median(self.times)


OTHER_SERVER = """
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:])
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)
def serve(peer):
    try:
        peer.settimeout(2)
        with context.wrap_socket(peer, server_side=True) as tls:
            tls.sendall(b"x")
    except OSError:
        peer.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class Harm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def change(pod):
            pod["spec"]["containers"][0]["command"] = ["/workloads/start", "nginx"]
            pod["spec"]["restartPolicy"] = "Always"
        cls.pod = Pod("harm", 10001, change)
        cls.addClassCleanup(cls.pod.close)
        wait("nginx serves", cls.serves)

    @classmethod
    def serves(cls):
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", cls.pod.app_port, timeout=2)) as connection:
                connection.request("GET", "/")
                return connection.getresponse().read() == b"hello\n"
        except OSError:
            return False

    def workload(self):
        return self.pod.inspect("app", ".State.Pid"), self.pod.inspect("app", ".State.StartedAt")

    def undisturbed(self, harm, seconds=3, control=()):
        """Runs `harm` beside a request loop, between two loops without it. `control` has times to compare with, where
        quiet is not what to compare with."""
        workload = self.workload()
        with RequestLoop(self.pod.app_port) as before:
            time.sleep(seconds)
        with RequestLoop(self.pod.app_port) as meanwhile:
            harm()
            time.sleep(1)
        with RequestLoop(self.pod.app_port) as after:
            time.sleep(seconds)
        quiet = list(control) or before.times + after.times
        self.assertEqual([before.errors, meanwhile.errors, after.errors], [[], [], []])
        self.assertGreater(len(meanwhile.times), 50)
        self.assertEqual(self.workload(), workload, "the workload's container was restarted")
        # The loops without harm say what noise is: their own slowest twentieth, or what a slice of the scheduler adds on a
        # machine that has other things to do.
        noise = max(statistics.quantiles(quiet, n=20)[-1], 2 * statistics.median(quiet) + 0.002)
        print(f"\n  {self._testMethodName}: median {1e3 * statistics.median(quiet):.2f} ms without, "
              f"{1e3 * meanwhile.median:.2f} ms meanwhile, {len(meanwhile.times)} requests", flush=True)
        self.assertLess(meanwhile.median, noise)

    def group(self, controller):
        """The folder of the control group of the agent's container."""
        pid = self.pod.inspect("sidelight", ".State.Pid")
        groups = dict(line.split(":", 2)[1:] for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines())
        mount = pathlib.Path("/sys/fs/cgroup")
        if controller in groups:
            return mount / controller / groups[controller][1:]
        return mount / groups[""][1:]

    def restarted(self, before):
        def running():
            return self.pod.inspect("sidelight", ".State.Running") == "true" \
                and self.pod.inspect("sidelight", ".State.Pid") not in ("0", before)
        wait("the agent's container was started again", running)
        self.pod.wait_ready()

    def test_killed(self):
        for role in ("opener", "collector", "endpoint"):
            with self.subTest(role):
                before = self.pod.inspect("sidelight", ".State.Pid")

                def kill():
                    os.kill(self.pod.agent_pids()[role], signal.SIGKILL)
                    self.restarted(before)
                self.undisturbed(kill, seconds=1)

    def test_stopped(self):
        """By the workload's user, which may: the probe says so, and a kubelet would start it anew."""
        for role in ("opener", "collector", "endpoint"):
            with self.subTest(role):
                pid = self.pod.agent_pids()[role]

                def stop():
                    self.pod.execute("app", "kill", "-STOP", str(self.pod.pid_inside(pid)), user="10001:10001")
                    result = self.pod.probe("live")
                    self.assertEqual((result.returncode, result.stdout),
                                     (1, f"live: no: the {role} is stopped or has ended\n"))
                    self.assertEqual(self.pod.probe("ready").returncode, 1)
                    os.kill(pid, signal.SIGCONT)
                    self.pod.wait_ready()
                self.undisturbed(stop, seconds=1)

    def flood(self, port):
        """Handshakes, garbage and silence from 24 connections at once, for four seconds."""
        def attack(number):
            end = time.monotonic() + 4
            tries = 0
            context = ssl.create_default_context(cafile=self.pod.folder / "ca/ca.crt")
            while time.monotonic() < end:
                tries += 1
                try:
                    with socket.create_connection(("127.0.0.1", port), 2) as peer:
                        if number % 3 == 0:
                            peer.sendall(os.urandom(400))
                        elif number % 3 == 1:
                            with context.wrap_socket(peer, server_hostname="127.0.0.1") as tls:
                                tls.settimeout(1)
                                tls.recv(1)
                        time.sleep(0.1)
                except OSError:
                    pass
            return tries
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            self.assertGreater(sum(pool.map(attack, range(24))), 200)

    def test_flooded(self):
        """As slow as under the same flood of another server: what a flood costs this machine is not the agent's matter."""
        server = subprocess.Popen(
            [sys.executable, "-c", OTHER_SERVER, self.pod.folder / "broker/tls.crt", self.pod.folder / "broker/tls.key"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        other = int(server.stdout.readline())
        # What a kubelet makes of `requests: {cpu: 5m}`, and podman does not.
        folder = self.group("cpu")
        shares = folder / "cpu.shares"
        if shares.exists():
            shares.write_text("5")
        else:
            (folder / "cpu.weight").write_text("1")
        with RequestLoop(self.pod.app_port) as control:
            self.flood(other)
        self.undisturbed(lambda: self.flood(self.pod.port), control=control.times)
        self.pod.wait_ready()
        self.assertEqual(self.pod.get("/v1/posture")["confinement"], "strict")

    def test_starved(self):
        """With its limit pressed down to what the kernel cannot take back, under load: it lives on its file's pages or the
        kernel ends it. It, and nothing else; and it is ready again afterwards."""
        before = self.pod.inspect("sidelight", ".State.Pid")
        folder = self.group("memory")
        limit, usage = folder / "memory.limit_in_bytes", folder / "memory.usage_in_bytes"
        if not limit.exists():
            limit, usage = folder / "memory.max", folder / "memory.current"

        def starve():
            # As far down as the kernel can take pages back, then connections that each want some more.
            held = []
            deadline = time.monotonic() + 15
            while self.pod.inspect("sidelight", ".State.Pid") == before and time.monotonic() < deadline:
                for step in (1 << 20, 256 << 10, 64 << 10, 16 << 10):
                    try:
                        while True:
                            limit.write_text(str(int(usage.read_text()) - step))
                    except (OSError, ValueError):
                        pass
                for _ in range(30):
                    try:
                        held.append(socket.create_connection(("127.0.0.1", self.pod.port), 1))
                        # The beginning of a record of 16 KiB.
                        held[-1].sendall(b"\x16\x03\x01\x3f\xff" + bytes(15000))
                    except OSError:
                        pass
            for peer in held:
                peer.close()
            if self.pod.inspect("sidelight", ".State.Pid") == before:
                limit.write_text("max" if limit.name == "memory.max" else "-1")
                self.pod.wait_ready()
            else:
                self.restarted(before)
        self.undisturbed(starve, seconds=1)


if __name__ == "__main__":
    unittest.main()
