"""Whatever happens to the agent, the workload serves on: nothing is restarted but the agent, no request fails, and they are
not slower than the machine's own noise, which is that of the same commands without the harm (by median, slowest hundredth
and largest: see `undisturbed`)."""
import collections
import concurrent.futures
import contextlib
import http.client
import os
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
import unittest

from pods import Pod, beside, wait


class RequestLoop:
    """One request after the other to the workload, from outside, timed; at least a few hundred."""

    def __init__(self, port):
        self.port = port
        self.times, self.errors = [], []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        while not self.end.is_set() or len(self.times) < 300:
            start = time.perf_counter()
            # Whatever goes wrong counts, and the loop goes on.
            try:
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
                    connection.request("GET", "/")
                    answer = connection.getresponse()
                    body = answer.read()
                if (answer.status, body) != (200, b"hello\n"):
                    self.errors.append((answer.status, body))
            except Exception as error:
                self.errors.append(repr(error))
            self.times.append(time.perf_counter() - start)
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        if not self.thread.is_alive():
            self.errors.append("the loop's thread has died")
        self.end.set()
        self.thread.join()


class Slowness:
    """What is looked at of a loop's times, in seconds: a stall moves the largest, a crawl the others."""

    def __init__(self, times):
        self.median = statistics.median(times)
        self.p99 = statistics.quantiles(times, n=100)[-1]
        self.largest = max(times)

    def __str__(self):
        return f"median {1e3 * self.median:.2f}, p99 {1e3 * self.p99:.1f}, largest {1e3 * self.largest:.0f} ms"


# As strict as the agent about certificates, and as short in its answers as the agent when it has had enough.
OTHER_SERVER = """
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:3])
context.load_verify_locations(sys.argv[3])
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listener.getsockname()[1], flush=True)
def serve(peer):
    try:
        peer.settimeout(30)
        with context.wrap_socket(peer, server_side=True) as tls:
            while tls.recv(65536):
                tls.sendall(b"HTTP/1.1 429 Too Many Requests\\r\\nContent-Length: 0\\r\\n\\r\\n")
    except OSError:
        peer.close()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class Limited(Pod):
    """With a ceiling that a flood meets also on a slow machine."""
    ceilings = {"session_requests": {"per_second": 10, "burst": 40}}


class Harm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        def change(pod):
            pod["spec"]["containers"][0]["command"] = ["/workloads/start", "nginx"]
            pod["spec"]["restartPolicy"] = "Always"
        # One more container, for what harming any container costs the machine.
        other = beside("other", "python3", "/workloads/hidden.py", "plain")
        cls.pod = Limited("harm", 10001, change, extra_containers=[other])
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

    def state(self, container):
        return self.pod.inspect(container, ".State.Pid"), self.pod.inspect(container, ".State.StartedAt")

    def undisturbed(self, harm, control):
        """Runs `harm` beside a request loop, and before and after it `control`, which costs the machine the same without
        harming the agent."""
        workload = self.state("app")
        loops = []
        for action in (control, harm, control):
            with RequestLoop(self.pod.app_port) as loop:
                action()
            loops.append(loop)
        self.assertEqual([loop.errors for loop in loops], [[], [], []])
        self.assertEqual(self.state("app"), workload, "the workload's container was restarted")
        quiet, meanwhile = Slowness(loops[0].times + loops[2].times), Slowness(loops[1].times)
        print(f"\n  {self._testMethodName}: {quiet} without, {meanwhile} meanwhile; {len(loops[1].times)} requests", flush=True)
        # The loops without harm say what noise is: their own slowest twentieth, or what a slice of the scheduler adds on a
        # machine that has other things to do.
        slowest_twentieth = statistics.quantiles(loops[0].times + loops[2].times, n=20)[-1]
        self.assertLess(meanwhile.median, max(slowest_twentieth, 2 * quiet.median + 0.002))
        self.assertLess(meanwhile.p99, 3 * quiet.p99 + 0.1)
        self.assertLess(meanwhile.largest, quiet.largest + 1)

    def restarted(self, container, before):
        def running():
            return self.pod.inspect(container, ".State.Running") == "true" \
                and self.pod.inspect(container, ".State.Pid") not in ("0", before)
        wait(f"the container {container} was started again", running)

    def test_killed(self):
        for role in ("opener", "collector", "endpoint"):
            with self.subTest(role):
                def kill():
                    pids = self.pod.agent_pids()
                    os.kill(pids[role], signal.SIGKILL)
                    self.restarted("sidelight", str(pids["opener"]))
                    self.pod.wait_ready()

                def kill_another():
                    before = self.pod.inspect("other", ".State.Pid")
                    os.kill(int(before), signal.SIGKILL)
                    self.restarted("other", before)
                    wait("the other container takes commands",
                         lambda: self.pod.execute("other", "true", check=False).returncode == 0)
                self.undisturbed(kill, kill_another)

    def test_stopped(self):
        """By the workload's user, which may: the probe says so, and a kubelet would start it anew."""
        for role in ("opener", "collector", "endpoint"):
            with self.subTest(role):
                pid = self.pod.agent_pids()[role]

                def signalled(name):
                    self.pod.execute("app", "kill", name, str(self.pod.pid_inside(pid)), user="10001:10001")
                    return self.pod.probe("live"), self.pod.probe("ready")

                def stop():
                    try:
                        live, ready = signalled("-STOP")
                    finally:
                        os.kill(pid, signal.SIGCONT)
                    self.assertEqual((live.returncode, live.stdout), (1, f"live: no: the {role} is stopped or has ended\n"))
                    self.assertEqual(ready.returncode, 1)
                    self.pod.wait_ready()

                def leave():
                    live, ready = signalled("-0")
                    self.assertEqual((live.returncode, ready.returncode), (0, 0), live.stdout + ready.stdout)
                    self.pod.wait_ready()
                self.undisturbed(stop, leave)
                self.assertEqual(self.pod.agent_pids()[role], pid)

    def other_server(self):
        """Its port; it ends with the test."""
        server = subprocess.Popen(
            [sys.executable, "-c", OTHER_SERVER, self.pod.folder / "broker/tls.crt", self.pod.folder / "broker/tls.key",
             self.pod.folder / "ca/ca.crt"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        return int(server.stdout.readline())

    def give_few_shares(self):
        """What a kubelet makes of `requests: {cpu: 5m}`, and podman does not."""
        folder = self.pod.group("sidelight", "cpu")
        if (folder / "cpu.shares").exists():
            (folder / "cpu.shares").write_text("5")
        else:
            (folder / "cpu.weight").write_text("1")

    def flooded(self, attack):
        """As slow as under the same flood of another server: what a flood costs this machine is not the agent's matter. The
        agent lives through it. `attack` gets a port and its own number, does one thing, and returns what came of it."""
        self.give_few_shares()
        results = {}

        def flood(port):
            """From 24 connections at once, for four seconds."""
            end = time.monotonic() + 4

            def loop(number):
                found = collections.Counter()
                while time.monotonic() < end:
                    found[attack(port, number)] += 1
                return found
            with concurrent.futures.ThreadPoolExecutor(24) as pool:
                results[port] = sum(pool.map(loop, range(24)), collections.Counter())
        before, other = self.pod.agent_pids(), self.other_server()
        self.undisturbed(lambda: flood(self.pod.port), lambda: flood(other))
        self.pod.wait_ready()
        self.assertEqual(self.pod.agent_pids(), before, "the agent was started again")
        print(f"  {self._testMethodName}: {dict(results[self.pod.port])}, the other server {dict(results[other])}", flush=True)
        return results[self.pod.port], results[other]

    def test_flooded(self):
        """By strangers, with handshakes, garbage and silence."""
        context = ssl.create_default_context(cafile=self.pod.folder / "ca/ca.crt")

        def attack(port, number):
            kind = ("garbage", "handshake", "silence")[number % 3]
            try:
                with socket.create_connection(("127.0.0.1", port), 2) as peer:
                    if kind == "garbage":
                        peer.sendall(os.urandom(400))
                    elif kind == "handshake":
                        with context.wrap_socket(peer, server_hostname="127.0.0.1") as tls:
                            tls.settimeout(1)
                            # Says that a certificate is wanted.
                            with contextlib.suppress(OSError):
                                tls.recv(1)
                    time.sleep(0.1)
                return kind
            except OSError as error:
                return type(error).__name__
        for found in self.flooded(attack):
            for kind in ("garbage", "handshake", "silence"):
                self.assertGreater(found[kind], 40, found)
        self.assertEqual(self.pod.get("/v1/posture")["confinement"], "strict")

    def test_flooded_with_a_token(self):
        """By somebody whom the policy lets in: answers up to the ceiling, then 429, and afterwards answers again."""
        context = ssl.create_default_context(cafile=self.pod.folder / "ca/ca.crt")
        context.load_cert_chain(self.pod.folder / "session/tls.crt", self.pod.folder / "session/tls.key")
        headers = {"Authorization": f"Bearer {self.pod.token()}"}
        kept = {}

        def attack(port, number):
            connection = kept.get((port, number))
            if connection is None:
                connection = kept[port, number] = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
                self.addCleanup(connection.close)
            connection.request("GET", "/v1/processes", headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        found, other = self.flooded(attack)
        self.assertEqual((set(found), set(other)), ({200, 429}, {429}))
        self.assertGreater(found[429], found[200])
        wait("the agent answers again", lambda: self.pod.curl("/v1/posture", self.pod.token())[0] == 200)

    def test_starved(self):
        """With its limit pressed down to what the kernel cannot take back, under load: it lives on its file's pages or the
        kernel ends it. It, and nothing else; and it is ready again afterwards."""
        before = self.pod.inspect("sidelight", ".State.Pid")
        folder = self.pod.group("sidelight", "memory")
        limit, usage = folder / "memory.limit_in_bytes", folder / "memory.usage_in_bytes"
        if not limit.exists():
            limit, usage = folder / "memory.max", folder / "memory.current"
        usual = int(limit.read_text())
        self.assertEqual(usual, 64 << 20)

        def failures():
            """How often something did not get memory at once."""
            if (folder / "memory.failcnt").exists():
                return int((folder / "memory.failcnt").read_text())
            events = dict(line.split() for line in (folder / "memory.events").read_text().splitlines())
            return int(events["max"])

        def press():
            """As far down as the kernel can take pages back, and where there are none to what is in use: the pages of the
            agent's file count for whoever read it first, which may be another container. The folder goes where the kernel
            has ended the agent."""
            for step in (1 << 20, 256 << 10, 64 << 10, 16 << 10):
                with contextlib.suppress(OSError, ValueError):
                    while True:
                        limit.write_text(str(int(usage.read_text()) - step))
            with contextlib.suppress(OSError):
                limit.write_text(usage.read_text())

        def connect():
            """Connections that each want some more: the beginning of a record of 16 KiB."""
            held = []
            for _ in range(30):
                with contextlib.suppress(OSError):
                    held.append(socket.create_connection(("127.0.0.1", self.pod.port), 1))
                    held[-1].sendall(b"\x16\x03\x01\x3f\xff" + bytes(15000))
            return held

        def lives():
            return self.pod.inspect("sidelight", ".State.Pid") == before
        lowest, failed = usual, [failures()]

        def starve():
            nonlocal lowest
            held = []
            deadline = time.monotonic() + 15
            try:
                while lives() and time.monotonic() < deadline:
                    press()
                    with contextlib.suppress(OSError):
                        lowest = min(lowest, int(limit.read_text()))
                    held += connect()
                    with contextlib.suppress(OSError):
                        failed.append(failures())
            finally:
                for peer in held:
                    peer.close()
                with contextlib.suppress(OSError):
                    limit.write_text(str(usual))
            if not lives():
                self.restarted("sidelight", before)
            self.pod.wait_ready()

        def connect_only():
            for _ in range(5):
                lives()
                for peer in connect():
                    peer.close()
            self.pod.wait_ready()
        self.undisturbed(starve, connect_only)
        print(f"  {self._testMethodName}: limit down to {lowest >> 10} KiB, {failed[-1] - failed[0]} times no memory at once, "
              f"{'lived' if lives() else 'ended by the kernel'}", flush=True)
        self.assertLess(lowest, usual)
        self.assertTrue(failed[-1] > failed[0] or not lives(), "nothing was starved")
        folder = self.pod.group("sidelight", "memory")
        self.assertEqual(int((folder / limit.name).read_text()), usual)


if __name__ == "__main__":
    unittest.main()
