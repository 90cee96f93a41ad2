"""What every pod with an agent holds to, beside Pod Security: how the agent is confined, who gets at its key, and that the
workload does not depend on it (docs/decisions/0054)."""
import copy

from pod_security import violations

AGENT = "sidelight"
# Of the Secret and of the ConfigMap.
NAME = "sidelight-agent"
PROFILE = {"type": "Localhost", "localhostProfile": "sidelight-agent.json"}
# All that may be said of the pod, of its labels, of its user, and of the agent's container. What is not here has
# Kubernetes' default: no fsGroup, no environment, no hooks, and no readiness probe, which would take the workload out
# of service with the agent. Other labels may have containers put into the pod.
METADATA = {"name", "namespace", "labels", "annotations"}
LABELS = {"app"}
POD = {"shareProcessNamespace", "automountServiceAccountToken", "securityContext", "containers", "volumes"}
USER = {"runAsUser", "runAsGroup", "runAsNonRoot"}
CONTAINER = {"name", "image", "imagePullPolicy", "args", "ports", "resources", "securityContext", "startupProbe",
             "livenessProbe", "volumeMounts"}
CONFINEMENT = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
               "seccompProfile": PROFILE}
ARGUMENTS = ["run", "--config=/etc/sidelight/agent.json", "--credentials=/run/sidelight/credentials",
             "--listen=0.0.0.0:7443"]
IMAGES = ("registry.example/sidelight-agent:1", "localhost/sidelight-agent:latest")
PORT = 7443
PORTS = [{"name": AGENT, "containerPort": PORT}]
RESOURCES = {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
PROBES = {
    "startupProbe": {"exec": {"command": ["/sidelight-agent", "probe", "ready"]},
                     "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 60},
    "livenessProbe": {"exec": {"command": ["/sidelight-agent", "probe", "live"]},
                      "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3},
}
# What the agent mounts, and where it comes from.
MOUNTS = {
    "/etc/sidelight": {"configMap": {"name": NAME, "optional": True}},
    "/run/sidelight/credentials": {"secret": {"secretName": NAME, "optional": True, "defaultMode": 0o444}},
    # Over the place of a service account's token, where the pod has one.
    "/var/run/secrets/kubernetes.io/serviceaccount": {"emptyDir": {"sizeLimit": "1Mi"}},
}
# The kinds of the other volumes: of others, as of a driver's, nobody knows whether the agent's key is in them.
VOLUMES = {"emptyDir", "persistentVolumeClaim"}

# podman 4.3 takes the profile from an annotation alone, and has no Secret, no kubelet and no service.
ANNOTATION = ("container.seccomp.security.alpha.kubernetes.io/" + AGENT, "localhost/sidelight-agent.json")
FOLDER = "/srv/sidelight"
KUBELET = FOLDER + "/pods/5f0c1f3e-0000-4000-8000-000000000001/containers"
MOUNTS_WITH_PODMAN = {
    "/etc/sidelight": {"hostPath": {"path": f"{FOLDER}/agent/configuration"}},
    "/run/sidelight/credentials": {"hostPath": {"path": f"{FOLDER}/agent/credentials"}},
    "/dev/termination-log": {"hostPath": {"path": f"{KUBELET}/{AGENT}/00000002"}},
}
PORTS_WITH_PODMAN = [{**PORTS[0], "hostPort": PORT, "hostIP": "127.0.0.1"}]
WORKLOAD_WITH_PODMAN = {"hostPath": {"path": f"{KUBELET}/app/00000001"}}


def mentions(value, word):
    """Whether a word stands anywhere in a part of a manifest."""
    if isinstance(value, dict):
        return any(mentions(item, word) for item in value.values())
    if isinstance(value, list):
        return any(mentions(item, word) for item in value)
    return isinstance(value, str) and word in value


def as_on_a_cluster(spec):
    """A pod for podman without what podman has to have, and that Pod Security forbids: these and no others."""
    spec = copy.deepcopy(spec)
    needed = [*MOUNTS_WITH_PODMAN.values(), WORKLOAD_WITH_PODMAN]
    spec["volumes"] = [volume for volume in spec.get("volumes", [])
                       if {key: value for key, value in volume.items() if key != "name"} not in needed]
    for container in spec["containers"]:
        for port in container.get("ports", []):
            if port.get("hostIP") == "127.0.0.1":
                port.pop("hostPort", None)
    return spec


def faults(metadata, spec, podman=False):
    """What is wrong, in words; empty where nothing is."""
    found = violations(metadata, as_on_a_cluster(spec) if podman else spec)

    def require(condition, text):
        if not condition:
            found.append(text)

    def require_only(allowed, part, name):
        more = sorted(set(part) - allowed)
        require(not more, f"{name} says {', '.join(more)}")

    agents = [item for item in spec.get("containers", []) if item["name"] == AGENT]
    if len(agents) != 1:
        return [*found, "has no agent, or several"]
    agent = agents[0]
    others = [item for item in spec["containers"] if item is not agent]
    pod, context = spec.get("securityContext") or {}, agent.get("securityContext") or {}
    require(spec.get("shareProcessNamespace") is True, "the agent sees no process but its own")

    # Who it is.
    for key in ("runAsUser", "runAsGroup"):
        own = context.get(key, pod.get(key))
        # True is 1 to Python.
        require(type(own) is int and own > 0, f"the agent's {key} is not said")
        for other in others:
            its = (other.get("securityContext") or {}).get(key, pod.get(key))
            require(type(its) is int and its == own, f"{other['name']} has another {key}")

    # How it is confined.
    require_only(METADATA, metadata, "the pod's metadata")
    require_only(LABELS, metadata.get("labels") or {}, "the pod's labels")
    require_only(POD, spec, "the pod")
    require_only(USER | {"seccompProfile"}, pod, "the pod's securityContext")
    require_only(CONTAINER, agent, "the agent's container")
    require({key: value for key, value in context.items() if key not in USER} == CONFINEMENT,
            "the agent is confined in another way")
    require((metadata.get("annotations") or {}) == (dict([ANNOTATION]) if podman else {}), "the pod has other annotations")
    require(agent.get("args") == ARGUMENTS, "the agent has other options")
    require(agent.get("ports") == (PORTS_WITH_PODMAN if podman else PORTS), "the agent has other ports")
    require(agent.get("image") in IMAGES, "the agent's key would go to another image")

    # What it and nobody else gets at.
    volumes = {volume["name"]: {key: value for key, value in volume.items() if key != "name"} for volume in spec.get("volumes", [])}
    mounts = agent.get("volumeMounts", [])
    require({mount["mountPath"]: volumes.get(mount["name"]) for mount in mounts}
            == (MOUNTS_WITH_PODMAN if podman else MOUNTS), "the agent mounts something else")
    require(all(mount.get("readOnly") is True or mount["mountPath"] == "/dev/termination-log" for mount in mounts),
            "the agent can write to a volume")
    for mount in mounts:
        require_only({"name", "mountPath", "readOnly"}, mount, "a mount of the agent's")
    private = {mount["name"] for mount in mounts}
    for name, source in volumes.items():
        require(name in private or set(source) <= VOLUMES or podman and source == WORKLOAD_WITH_PODMAN,
                f"volume {name} may have the agent's key")
    own = [volumes.get(name) for name in private]
    private |= {name for name, source in volumes.items() if source in own or mentions(source, NAME)}
    for other in others:
        named = {mount["name"] for key in ("volumeMounts", "volumeDevices") for mount in other.get(key, [])}
        require(not named & private, f"{other['name']} has one of the agent's volumes")
        require(not mentions([other.get("env"), other.get("envFrom")], NAME), f"{other['name']} gets the agent's key")

    # What is beside it: no weaker seccomp profile in its pod, and nobody in its place.
    for other in others:
        profile = (other.get("securityContext") or {}).get("seccompProfile") or pod.get("seccompProfile")
        require(profile == {"type": "RuntimeDefault"}, f"{other['name']} has another seccomp profile")
        for port in other.get("ports") or []:
            require(PORT not in (port.get("containerPort"), port.get("hostPort")) and port.get("name") != AGENT,
                    f"{other['name']} has the agent's port")

    # What the workload depends on.
    require(agent.get("resources") == RESOURCES, "the agent has other resources")
    require(spec.get("automountServiceAccountToken") is False, "the pod gets a service account's token")
    for probe, said in PROBES.items():
        # podman runs probes by timers of systemd, which may not be there.
        require(agent.get(probe) == (None if podman else said), f"the agent has another {probe}")
    return found
