"""The manifests of deploy/, each broken in one way that would give something away: every rule finds its own."""
import copy
import functools
import json
import pathlib
import subprocess
import tempfile
import unittest

import yaml

import agent_pod
import objects
import reached
import roles
import seccomp_profiles

root = pathlib.Path(__file__).resolve().parent.parent.parent


@functools.cache
def rendered(folder):
    text = subprocess.run(["kubectl", "kustomize", root / "deploy" / folder], check=True, capture_output=True).stdout
    return list(yaml.safe_load_all(text))


def context(**values):
    return lambda pod: agent(pod)["securityContext"].update(values)


def agent(pod):
    return next(item for item in pod["spec"]["containers"] if item["name"] == "sidelight")


def app(pod):
    return next(item for item in pod["spec"]["containers"] if item["name"] == "app")


def mounted(pod, container, mount, source):
    container.setdefault("volumeMounts", []).append({"name": "more", **mount})
    pod["spec"]["volumes"].append({"name": "more", **source})


def volume(pod, name):
    return next(item for item in pod["spec"]["volumes"] if item["name"] == name)


def beside(**values):
    """One more container, of an image of its own."""
    return {"name": "beside", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            **values}


KEY = {"name": "sidelight-credentials", "mountPath": "/key"}
SECRET = {"secret": {"secretName": "sidelight-agent"}}
DRIVER = {"csi": {"driver": "secrets-store.csi.k8s.io",
                  "volumeAttributes": {"secretProviderClass": "sidelight-agent-keys"}}}
OPEN = {"type": "Localhost", "localhostProfile": "open.json"}
PODS = {
    "another name": lambda pod: agent(pod).update(name="other"),
    "two agents": lambda pod: pod["spec"]["containers"].append(copy.deepcopy(agent(pod))),
    "no shared processes": lambda pod: pod["spec"].pop("shareProcessNamespace"),
    "fsGroup": lambda pod: pod["spec"]["securityContext"].update(fsGroup=1),
    "more groups": lambda pod: pod["spec"]["securityContext"].update(supplementalGroups=[0]),
    "ids unsaid": lambda pod: [pod["spec"]["securityContext"].pop(key) for key in ("runAsUser", "runAsGroup")],
    "root's group": lambda pod: pod["spec"]["securityContext"].update(runAsGroup=0),
    "an id that is no number": lambda pod: [
        part["securityContext"].update(runAsUser=value) for part, value in ((pod["spec"], True), (app(pod), 1))],
    "the workload's id that is no number": lambda pod: [
        part["securityContext"].update(runAsUser=value) for part, value in ((pod["spec"], 1), (app(pod), True))],
    "another user": context(runAsUser=10002),
    "the workload's other group": lambda pod: app(pod)["securityContext"].update(runAsGroup=10002),
    "a root that can be written": context(readOnlyRootFilesystem=False),
    "no AppArmor": context(appArmorProfile={"type": "Unconfined"}),
    "another AppArmor profile": context(appArmorProfile={"type": "Localhost", "localhostProfile": "open"}),
    "another SELinux type": context(seLinuxOptions={"type": "container_init_t"}),
    "another view of /proc": context(procMount="Unmasked"),
    "a capability": context(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
    "another runtime": lambda pod: pod["spec"].update(runtimeClassName="runc-unconfined"),
    "another node's names": lambda pod: pod["spec"].update(hostAliases=[{"ip": "127.0.0.1", "hostnames": ["broker"]}]),
    "another ending": lambda pod: pod["spec"].update(terminationGracePeriodSeconds=0),
    "another place for its last words": lambda pod: agent(pod).update(terminationMessagePath="/tmp/x"),
    "another port": lambda pod: agent(pod)["ports"].append({"name": "http", "containerPort": 8080}),
    "a terminal": lambda pod: agent(pod).update(stdin=True, tty=True),
    "no profile of its own": lambda pod: agent(pod)["securityContext"].pop("seccompProfile"),
    "the broker's profile": context(seccompProfile={"type": "Localhost", "localhostProfile": "sidelight-broker.json"}),
    "a file that is no profile": context(seccompProfile={"type": "Localhost", "localhostProfile": "digests.json"}),
    "the runtime's profile": context(
        seccompProfile={"type": "RuntimeDefault", "localhostProfile": "sidelight-agent.json"}),
    "a command": lambda pod: agent(pod).update(command=["/sidelight-agent"]),
    "a hook": lambda pod: agent(pod).update(lifecycle={"postStart": {"exec": {"command": ["x"]}}}),
    "a weaker mode": lambda pod: agent(pod)["args"].append("--confinement=best-effort"),
    "another configuration": lambda pod: agent(pod)["args"].__setitem__(1, "--config=/proc/1/root/data/agent.json"),
    "another image": lambda pod: agent(pod).update(image=app(pod)["image"]),
    "no arguments": lambda pod: agent(pod).pop("args"),
    "an environment": lambda pod: agent(pod).update(env=[{"name": "LD_PRELOAD", "value": "x"}]),
    "a token of a service account": lambda pod: mounted(
        pod, agent(pod), {"mountPath": "/token", "readOnly": True},
        {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}),
    "the workload's data": lambda pod: mounted(pod, agent(pod), {"mountPath": "/data", "readOnly": True}, {"emptyDir": {}}),
    "credentials that can be written": lambda pod: next(
        item for item in agent(pod)["volumeMounts"] if item["name"] == KEY["name"]).pop("readOnly"),
    "a part of a volume": lambda pod: agent(pod)["volumeMounts"][0].update(subPath="other"),
    "shared mounts": lambda pod: agent(pod)["volumeMounts"][0].update(mountPropagation="HostToContainer"),
    "one more annotation": lambda pod: pod["metadata"].setdefault("annotations", {}).update(
        {"container.seccomp.security.alpha.kubernetes.io/pod": "unconfined"}),
    "one more label": lambda pod: pod["metadata"]["labels"].update({"sidecar.istio.io/inject": "true"}),
    "an owner": lambda pod: pod["metadata"].update(ownerReferences=[{"kind": "Node", "name": "x"}]),
    "the workload has the key": lambda pod: app(pod)["volumeMounts"].append(KEY),
    "an init container has the key": lambda pod: pod["spec"].update(initContainers=[beside(volumeMounts=[KEY])]),
    "an ephemeral container has the key": lambda pod: pod["spec"].update(ephemeralContainers=[beside(volumeMounts=[KEY])]),
    "the key's volume twice": lambda pod: mounted(pod, app(pod), {"mountPath": "/key"}, SECRET),
    "the key among others": lambda pod: mounted(
        pod, app(pod), {"mountPath": "/key"}, {"projected": {"sources": [{"secret": {"name": "sidelight-agent"}}]}}),
    "the key from a driver": lambda pod: mounted(pod, app(pod), {"mountPath": "/key"}, DRIVER),
    "the key under another name": lambda pod: mounted(
        pod, app(pod), {"mountPath": "/key"}, {"secret": {"secretName": "sidelight-agent-keys"}}),
    "a volume that nobody mounts": lambda pod: pod["spec"]["volumes"].append(
        {"name": "more", "csi": {"driver": "sidelight-agent"}}),
    "the key in an environment": lambda pod: app(pod).update(envFrom=[{"secretRef": {"name": "sidelight-agent"}}]),
    "a key of a like name in an environment": lambda pod: app(pod).update(
        envFrom=[{"secretRef": {"name": "sidelight-agent-keys"}}]),
    "the key in a variable": lambda pod: app(pod).update(
        env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "sidelight-agent", "key": "tls.key"}}}]),
    "the workload's open profile": lambda pod: app(pod)["securityContext"].update(seccompProfile=OPEN),
    "an open profile for the others": lambda pod: pod["spec"]["securityContext"].update(seccompProfile=OPEN),
    "the agent's port for the workload": lambda pod: app(pod)["ports"].append({"containerPort": 7443}),
    "the agent's port by its name": lambda pod: app(pod)["ports"].append({"name": "sidelight", "containerPort": 8443}),
    "no limit": lambda pod: agent(pod)["resources"].pop("limits"),
    "in the way of readiness": lambda pod: agent(pod).update(readinessProbe={"exec": {"command": ["x"]}}),
    "a token for all": lambda pod: pod["spec"].update(automountServiceAccountToken=True),
    "the host's network": lambda pod: pod["spec"].update(hostNetwork=True),
}
CLUSTER = {
    "a probe of another kind": lambda pod: agent(pod).update(livenessProbe={"tcpSocket": {"port": 7443}}),
    "no patience at its start": lambda pod: agent(pod)["startupProbe"].update(failureThreshold=1),
    "no patience": lambda pod: agent(pod)["livenessProbe"].update(
        periodSeconds=1, timeoutSeconds=1, failureThreshold=1),
    "a probe that ends at once": lambda pod: agent(pod)["livenessProbe"].update(terminationGracePeriodSeconds=1),
    "no probe": lambda pod: agent(pod).pop("startupProbe"),
    "a Secret that must be": lambda pod: volume(pod, "sidelight-credentials")["secret"].pop("optional"),
    "a ConfigMap that must be": lambda pod: volume(pod, "sidelight-configuration")["configMap"].pop("optional"),
    "another Secret": lambda pod: volume(pod, "sidelight-credentials")["secret"].update(secretName="other"),
    "a token over the empty folder": lambda pod: agent(pod)["volumeMounts"].pop(),
    "a port of the host": lambda pod: app(pod).update(ports=[{"containerPort": 80, "hostPort": 80, "hostIP": "127.0.0.1"}]),
}
PODMAN = {
    "no annotation": lambda pod: pod["metadata"].pop("annotations"),
    "another annotation": lambda pod: pod["metadata"]["annotations"].update(
        {agent_pod.ANNOTATION[0]: "unconfined"}),
    "the host's root": lambda pod: mounted(pod, app(pod), {"mountPath": "/host"}, {"hostPath": {"path": "/"}}),
    "the key from the host": lambda pod: mounted(
        pod, app(pod), {"mountPath": "/key"}, {"hostPath": {"path": "/srv/sidelight/agent"}}),
    "the key's folder from the host": lambda pod: mounted(
        pod, app(pod), {"mountPath": "/key"}, {"hostPath": {"path": "/srv/sidelight/agent/credentials"}}),
    "a port for everybody": lambda pod: app(pod)["ports"][0].pop("hostIP"),
    "the agent's port of the host": lambda pod: app(pod)["ports"].append(
        {"containerPort": 8443, "hostPort": 7443, "hostIP": "127.0.0.1"}),
    "a probe that connects": lambda pod: agent(pod).update(livenessProbe={"tcpSocket": {"port": 7443}}),
}


def configuration(manifests):
    return next(item for item in manifests if item["kind"] == "ConfigMap")


def configured(**values):
    """The agent's configuration with more in it than the file has."""
    def change(manifests):
        data = configuration(manifests)["data"]
        data["agent.json"] = json.dumps(json.loads(data["agent.json"]) | values)
    return change


def more(kind, version="v1", **values):
    return lambda manifests: manifests.append(
        {"apiVersion": version, "kind": kind, "metadata": {"name": "more"}, **values})


def claims(manifests):
    """One more object: the pod, with a claim that has the name of the key's volume."""
    pod = next(item for item in manifests if item["kind"] == "Pod")
    more("StatefulSet", "apps/v1", spec={
        "serviceName": "more", "selector": {"matchLabels": pod["metadata"]["labels"]},
        "template": {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": pod["spec"]},
        "volumeClaimTemplates": [{"metadata": {"name": KEY["name"]}}]})(manifests)


OBJECTS = {
    "a list": more("List", items=[{"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": True}}]),
    "a list of pods": more("PodList", items=[{"spec": {"hostPID": True}}]),
    "a key": more("Secret", stringData={"tls.key": "x"}),
    "a webhook": more("MutatingWebhookConfiguration", "admissionregistration.k8s.io/v1", webhooks=[]),
    "rights for all": more("ClusterRoleBinding", roles.GROUP + "/v1"),
    "claims": claims,
    "another Pod": more("Pod", "example.com/v1"),
    "no kind": lambda manifests: manifests[-1].pop("kind"),
    "masking": configured(masking={"logs": "names"}),
    "ceilings": configured(ceilings={"rate": 1000000}),
    "another scope": configured(scope={"type": "container"}),
    "another broker": configured(issuer="https://127.0.0.1:9443"),
    "one more file": lambda manifests: configuration(manifests)["data"].update({"tls.key": "x"}),
    "one more file in base64": lambda manifests: configuration(manifests).update(binaryData={"tls.key": "eA=="}),
    "no configuration": lambda manifests: manifests.remove(configuration(manifests)),
    "another name of the configuration": lambda manifests: configuration(manifests)["metadata"].update(name="other"),
    "two configurations": lambda manifests: manifests.append(copy.deepcopy(configuration(manifests))),
}
BINDINGS = {
    "cluster-admin": lambda role, binding: binding.update(
        roleRef={**binding["roleRef"], "kind": "ClusterRole", "name": "cluster-admin"}),
    "everybody": lambda role, binding: binding["subjects"][0].update(name="system:authenticated"),
    "one more": lambda role, binding: binding["subjects"].append(
        {"kind": "User", "apiGroup": roles.GROUP, "name": "ada"}),
    "a service account": lambda role, binding: binding.update(subjects=[{"kind": "ServiceAccount", "name": "default"}]),
    "a shell": lambda role, binding: role["rules"].append(
        {"apiGroups": [""], "resources": ["pods/attach"], "verbs": ["create"]}),
    "all verbs": lambda role, binding: role["rules"][0].update(verbs=["*"]),
    "one pod": lambda role, binding: role["rules"][0].update(resourceNames=["a"]),
    "a namespace": lambda role, binding: [item["metadata"].update(namespace="kube-system") for item in (role, binding)],
    "a role of the cluster": lambda role, binding: role.update(kind="ClusterRole"),
}


class Deployed(unittest.TestCase):
    def broken(self, folder, mutations, faults):
        for name, mutate in mutations.items():
            with self.subTest(f"{folder}: {name}"):
                manifests = copy.deepcopy(rendered(folder))
                mutate(manifests)
                self.assertTrue(faults(manifests))

    def pods(self, folder, mutations):
        def pod(manifests):
            return next(item for item in manifests if item["kind"] == "Pod")

        def faults(manifests):
            found = pod(manifests)
            return agent_pod.faults(found["metadata"], found["spec"], podman="podman" in folder)
        self.assertEqual(faults(rendered(folder)), [])
        self.broken(folder, {name: lambda manifests, change=change: change(pod(manifests))
                             for name, change in mutations.items()}, faults)

    def test_pods(self):
        self.pods("overlays/dev", PODS | CLUSTER)
        self.pods("overlays/podman", PODS | PODMAN)

    def test_objects(self):
        for folder in ("base", "overlays/dev", "overlays/podman"):
            name = folder.replace("/", "-")
            self.assertEqual(objects.faults(name, rendered(folder)), [])
            self.broken(folder, OBJECTS, lambda manifests: objects.faults(name, manifests))
        self.assertTrue(objects.faults("overlays-more", rendered("overlays/dev")))
        # Whatever kinds there may be one day.
        manifests = copy.deepcopy(rendered("base"))
        claims(manifests)
        self.assertIn("more has claims in the place of its volumes", objects.faults("base", manifests))

    def test_configurations(self):
        good = {"scope": {"type": "pod"}, "logs": [{"name": "app", "path": "/app.log"}]}
        self.assertEqual(objects.surplus(good), [])
        for more in ({"masking": {}}, {"ceilings": {}}, {"scope": {"type": "process", "pid": 1}},
                     {"logs": [{"name": "app", "path": "/app.log", "allow_hard_links": True}]}):
            self.assertTrue(objects.surplus(good | more), more)

    def test_reached(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "kustomization.yaml").write_text("""
resources: [pod.yaml]
patches: [{path: patch.yaml}]
images: [{name: image.yaml, newTag: "1"}]
configMapGenerator: [{name: notes, files: [notes.yaml]}]
""")
            (folder / "more").mkdir()
            files = {"pod.yaml": "kind: Pod", "patch.yaml": "kind: Pod", "policy.yaml": "apiVersion: sidelight.dev/v1",
                     "broker.json": '{"a": 1}', "script": "#!/bin/sh\necho a kind of script\n"}
            for name, text in files.items():
                (folder / name).write_text(text)
            self.assertEqual(reached.faults(folder), [])
            for name, text in {"more/pod.yaml": "kind: Pod", "a.json": '{"kind": "Role"}', "b.YML": "---\n---\nkind: Pod",
                               "c.yaml": "{kind: Pod", "image.yaml": "kind: Pod", "notes.yaml": "kind: Pod",
                               "e.txt": "kind: Pod", "f": "#!/bin/sh\nkubectl apply -f- <<E\nkind: Pod\nE\n",
                               "d.yaml": "apiVersion: sidelight.dev/v1\n---\nkind: Pod", "g.json": r'{"k\u0069nd": "Pod"}',
                               "h.yaml": "kind: Pod".encode("utf-16"), "i.yaml": "items: [{kind: Pod}]"}.items():
                (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
                self.assertEqual(reached.faults(folder), [f"{name} is rendered by no kustomization of its folder"])
                (folder / name).unlink()
            (folder / "pod.yaml").write_text(
                'kind: Pod\nmetadata: {annotations: {"config.kubernetes.io/local-config": "true"}}')
            self.assertEqual(reached.faults(folder), ["pod.yaml is left out, by its annotation"])
            (folder / "pod.yaml").write_text("kind: Pod\nx: !foo 1")
            self.assertEqual(reached.faults(folder), ["pod.yaml is not understood"])
            (folder / "pod.yaml").write_text("kind: Pod")
            (folder / "link").symlink_to("/etc")
            self.assertEqual(reached.faults(folder), ["link is a symlink"])
            (folder / "link").unlink()
            (folder / "delete.yaml").write_text("kind: Pod\n$patch: delete\n")
            for text in ("resources: ['https://example.org/pod.yaml']", "resources: [none.yaml]", "resources: [../../etc]",
                         "patches: [{path: ../pod.yaml, target: {kind: Nothing}}]", "patches: [{path: ../delete.yaml}]",
                         "patches: [{patch: '{$patch: delete}'}]", "components: [pod.yaml]", "replacements: []"):
                (folder / "more" / "kustomization.yaml").write_text(text)
                found = [fault for fault in reached.faults(folder) if fault.startswith("more/kustomization.yaml: ")]
                self.assertEqual(len(found), 1, text)

    def test_roles(self):
        for folder in ("rbac/sidelight", "rbac/exec"):
            name = folder.replace("/", "-")
            self.assertEqual(objects.faults(name, rendered(folder)) + roles.faults(name, rendered(folder)), [])
            self.broken(folder, {key: lambda manifests, change=change: change(*manifests)
                                 for key, change in BINDINGS.items()}, lambda manifests: roles.faults(name, manifests))
            self.broken(folder, {"one more": lambda manifests: manifests.append(copy.deepcopy(manifests[1])),
                                 "no binding": lambda manifests: manifests.pop()},
                        lambda manifests: roles.faults(name, manifests))

    def test_rights_elsewhere(self):
        manifests = rendered("overlays/dev")
        self.assertEqual(roles.faults("overlays-dev", manifests), [])
        self.assertTrue(roles.faults("overlays-dev", manifests + [
            {"apiVersion": roles.GROUP + "/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "x"}}]))

    def test_profiles(self):
        self.assertEqual(seccomp_profiles.faults({"defaultAction": "SCMP_ACT_ERRNO"}), [])
        for profile in ({}, {"defaultAction": "SCMP_ACT_ALLOW"}, {"defaultAction": "SCMP_ACT_LOG"},
                        {"defaultAction": "SCMP_ACT_MAYBE"}, {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{}]}):
            self.assertTrue(seccomp_profiles.faults(profile), profile)


if __name__ == "__main__":
    unittest.main()
