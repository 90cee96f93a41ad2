"""Each control of the standard, broken once."""
import copy
import unittest

from pod_security import pod_of, violations

GOOD = {
    "kind": "Pod", "metadata": {"name": "good"},
    "spec": {
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "app", "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"port": 80}},
            "securityContext": {"allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}],
        "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "secret": {}}]}}


def container(change):
    return lambda pod: change(pod["spec"]["containers"][0])


def context(**values):
    return lambda pod: pod["spec"]["containers"][0]["securityContext"].update(values)


BROKEN = {
    "hostNetwork": lambda pod: pod["spec"].update(hostNetwork=True),
    "hostPID": lambda pod: pod["spec"].update(hostPID=True),
    "hostIPC": lambda pod: pod["spec"].update(hostIPC=True),
    "hostPath": lambda pod: pod["spec"]["volumes"].append({"name": "c", "hostPath": {"path": "/"}}),
    "new volume": lambda pod: pod["spec"]["volumes"].append({"name": "c", "notInventedYet": {}}),
    "sysctl": lambda pod: pod["spec"]["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
    "apparmor annotation": lambda pod: pod["metadata"].update(annotations={
        "container.apparmor.security.beta.kubernetes.io/app": "unconfined"}),
    "apparmor": context(appArmorProfile={"type": "Unconfined"}),
    "selinux type": context(seLinuxOptions={"type": "spc_t"}),
    "selinux role": context(seLinuxOptions={"role": "r"}),
    "windows": context(windowsOptions={"hostProcess": True}),
    "root": context(runAsUser=0),
    "root pod": lambda pod: pod["spec"]["securityContext"].update(runAsUser=0),
    "non-root unsaid": lambda pod: pod["spec"]["securityContext"].pop("runAsNonRoot"),
    "non-root undone": context(runAsNonRoot=False),
    "unconfined": context(seccompProfile={"type": "Unconfined"}),
    "no seccomp": lambda pod: pod["spec"]["securityContext"].pop("seccompProfile"),
    "seccomp of no type": lambda pod: pod["spec"]["securityContext"].update(seccompProfile={}),
    "seccomp nulled": lambda pod: pod["spec"]["securityContext"].update(seccompProfile=None),
    "privileged": context(privileged=True),
    "escalation": context(allowPrivilegeEscalation=True),
    "escalation unsaid": container(lambda item: item["securityContext"].pop("allowPrivilegeEscalation")),
    "procMount": context(procMount="Unmasked"),
    "drop": context(capabilities={"drop": ["NET_RAW"]}),
    "add": context(capabilities={"drop": ["ALL"], "add": ["SYS_PTRACE"]}),
    "hostPort": container(lambda item: item["ports"][0].update(hostPort=80)),
    "probe": container(lambda item: item["livenessProbe"]["httpGet"].update(host="10.0.0.1")),
    "no context": container(lambda item: item.pop("securityContext")),
    "init container": lambda pod: pod["spec"].update(initContainers=[{"name": "init"}]),
    "ephemeral container": lambda pod: pod["spec"].update(ephemeralContainers=[{"name": "debug"}]),
    "no containers": lambda pod: pod["spec"].update(containers=[]),
}


class PodSecurity(unittest.TestCase):
    def test_good(self):
        self.assertEqual(violations(*pod_of(GOOD)), [])

    def test_broken(self):
        for name, change in BROKEN.items():
            with self.subTest(name):
                pod = copy.deepcopy(GOOD)
                change(pod)
                self.assertNotEqual(violations(*pod_of(pod)), [])

    def test_templates(self):
        broken = {"metadata": {}, "spec": {"containers": [{"name": "x"}]}}
        for manifest in ({"kind": "Deployment", "spec": {"template": broken}},
                         {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": broken}}}},
                         {"kind": "PodTemplate", "template": broken}):
            self.assertNotEqual(violations(*pod_of(manifest)), [])
        self.assertIsNone(pod_of({"kind": "Role"}))


if __name__ == "__main__":
    unittest.main()
