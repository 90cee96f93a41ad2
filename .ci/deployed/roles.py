"""The roles of deploy/rbac, each by all that it says: the one that goes with Sidelight opens no shell and adds no container;
the one that it replaces does, or it would show nothing."""

GROUP = "rbac.authorization.k8s.io"
ON_CALL = {"kind": "Group", "apiGroup": GROUP, "name": "oidc:oncall"}
ROLES = {
    "rbac-sidelight": ("oncall-look", {("", "pods", "get list watch"), ("", "events", "get list watch")}),
    "rbac-exec": ("oncall-exec", {
        ("", "pods", "get list watch"), ("", "pods/log", "get list watch"), ("", "events", "get list watch"),
        ("", "pods/exec", "create get"), ("", "pods/ephemeralcontainers", "patch"),
    }),
}


def faults(name, manifests):
    """What is wrong with one kustomization's objects; those that are not of deploy/rbac grant nothing to anybody."""
    grants = [item for item in manifests if item["apiVersion"].startswith(GROUP + "/")]
    if name not in ROLES:
        return [f"grants rights: {item['kind']} {item['metadata']['name']}" for item in grants]
    role, allowed = ROLES[name]
    if [(item["kind"], item["metadata"]["name"]) for item in manifests] != [("Role", role), ("RoleBinding", role)]:
        return ["has other objects than a role and its binding"]
    found = []
    rules, binding = manifests[0].get("rules") or [], manifests[1]
    if any(set(rule) != {"apiGroups", "resources", "verbs"} for rule in rules) or "aggregationRule" in manifests[0]:
        found.append("has rules of another form")
    grants = {(group, resource, " ".join(sorted(rule.get("verbs", []))))
              for rule in rules for group in rule.get("apiGroups", []) for resource in rule.get("resources", [])}
    if grants != allowed:
        found.append(f"allows {sorted(grants ^ allowed)} more or less than it should")
    if any(set(item["metadata"]) != {"name"} for item in manifests):
        found.append("says more of itself than its name, such as a namespace")
    if binding.get("roleRef") != {"apiGroup": GROUP, "kind": "Role", "name": role}:
        found.append("binds another role")
    if binding.get("subjects") != [ON_CALL]:
        found.append("binds somebody else")
    return found
