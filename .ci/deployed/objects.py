"""The objects of deploy/: of which kinds they are, and that the agent's ConfigMap is the file in the repository. What
may be said of pods and roles is in agent_pod.py and roles.py; of an object of another kind nothing would be known."""
import json
import pathlib

import roles
from agent_pod import NAME

DEPLOY = pathlib.Path(__file__).resolve().parent.parent.parent / "deploy"
KINDS = {("v1", "ConfigMap"), ("v1", "Pod"), (roles.GROUP + "/v1", "Role"), (roles.GROUP + "/v1", "RoleBinding")}
# The folder of each kustomization's agent.json.
CONFIGURATIONS = {"base": "base", "overlays-dev": "overlays/dev", "overlays-podman": "overlays/dev"}
# All that may be said there: masking and ceilings are the agent's own.
MEMBERS = {"agent", "issuer", "trust_domain", "scope", "logs"}
LOG = {"name", "container", "path"}


def surplus(configuration):
    """What a configuration says beyond its scope, a pod, and where logs are."""
    more = set(configuration) - MEMBERS | {key for log in configuration.get("logs", []) for key in set(log) - LOG}
    return sorted(more) if configuration.get("scope") == {"type": "pod"} else ["scope", *sorted(more)]


def faults(name, manifests):
    """What is wrong with one kustomization's objects, in words; empty where nothing is."""
    found, said = [], []
    for item in manifests:
        title = (item.get("metadata") or {}).get("name")
        if (item.get("apiVersion"), item.get("kind")) not in KINDS:
            found.append(f"{title} is of the kind {item.get('apiVersion')} {item.get('kind')}")
        # A claim wins over the pod's volume of the same name.
        if "volumeClaimTemplates" in (item.get("spec") or {}):
            found.append(f"{title} has claims in the place of its volumes")
        if item.get("kind") == "ConfigMap" and title == NAME:
            said.append({key: value for key, value in item.items() if key != "metadata"})
            places = {(other.get("metadata") or {}).get("namespace") for other in manifests}
            if places != {(item.get("metadata") or {}).get("namespace")}:
                found.append("the agent's configuration is in another namespace than its pod")
    if name in roles.ROLES:
        return found
    if name not in CONFIGURATIONS:
        return [*found, "nothing is known of its configuration"]
    text = (DEPLOY / CONFIGURATIONS[name] / "agent.json").read_text()
    if said != [{"apiVersion": "v1", "kind": "ConfigMap", "data": {"agent.json": text}}]:
        found.append("the agent has another configuration than its file's")
    return found + [f"the agent's configuration has another {member}" for member in surplus(json.loads(text))]
