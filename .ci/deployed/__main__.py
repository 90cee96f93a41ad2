"""deployed FOLDER: rules over the rendered manifests in FOLDER, and over the seccomp profiles."""
import json
import pathlib
import sys

import yaml

import agent_pod
import objects
import reached
import roles
import seccomp_profiles
from pod_security import pod_of

root = pathlib.Path(__file__).resolve().parent.parent.parent
rendered = {path.stem: list(yaml.safe_load_all(path.read_text())) for path in pathlib.Path(sys.argv[1]).glob("*.yaml")}
failures = [f"deploy/{fault}" for fault in reached.faults(root / "deploy")]
pods = 0
for name, manifests in rendered.items():
    failures += [f"{name}: {fault}" for fault in objects.faults(name, manifests) + roles.faults(name, manifests)]
    for manifest in filter(pod_of, manifests):
        pods += 1
        found = agent_pod.faults(*pod_of(manifest), podman=name == "overlays-podman")
        failures += [f"{name}: {manifest['metadata']['name']}: {fault}" for fault in found]
if pods < 3 or not set(roles.ROLES) <= set(rendered):
    failures.append(f"only {sorted(rendered)}, with {pods} pods")

profiles = sorted((root / "profiles").glob("sidelight-*.json"))
for path in profiles:
    failures += [f"profiles/{path.name}: {fault}" for fault in seccomp_profiles.faults(json.loads(path.read_text()))]
if root / "profiles" / agent_pod.PROFILE["localhostProfile"] not in profiles:
    failures.append("profiles/ has no profile for the agent")

for failure in failures:
    print(failure)
print(f"manifests: {pods} pods, {len(profiles)} profiles, {len(failures)} failures")
sys.exit(1 if failures else 0)
