"""Pod Security Standards, level *restricted*, as https://kubernetes.io/docs/concepts/security/pod-security-standards has
them for Kubernetes 1.28 to 1.37: what admission would say to a pod. Unknown kinds of volumes are refused.
"""

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}
SELINUX_TYPES = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def pod_of(manifest):
    """Metadata and specification of the pod that an object is or makes; None where it makes none."""
    kind, spec = manifest.get("kind"), manifest.get("spec") or {}
    if kind == "Pod":
        return manifest.get("metadata") or {}, spec
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if kind in ("CronJob", "Job", "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController"):
        return spec["template"].get("metadata") or {}, spec["template"]["spec"]
    if kind == "PodTemplate":
        return manifest["template"].get("metadata") or {}, manifest["template"]["spec"]
    return None


def violations(metadata, spec):
    """What is against the standard, in words; empty where nothing is."""
    found = []

    def forbid(condition, text):
        if condition:
            found.append(text)

    pod = spec.get("securityContext") or {}
    containers = [container for key in ("initContainers", "containers", "ephemeralContainers")
                  for container in spec.get(key) or []]
    forbid(not spec.get("containers"), "has no containers")
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        forbid(spec.get(name), f"{name} is set")
    for name, value in (metadata.get("annotations") or {}).items():
        if name.startswith(APPARMOR):
            forbid(value != "runtime/default" and not value.startswith("localhost/"), f"AppArmor profile {value}")
    for volume in spec.get("volumes") or []:
        kinds = set(volume) - {"name"}
        forbid(not kinds <= VOLUMES, f"volume {volume['name']} is of the kind {', '.join(sorted(kinds - VOLUMES))}")
    for sysctl in pod.get("sysctls") or []:
        forbid(sysctl["name"] not in SYSCTLS, f"sysctl {sysctl['name']}")

    for place, context in [("pod", pod), *((item["name"], item.get("securityContext") or {}) for item in containers)]:
        forbid((context.get("windowsOptions") or {}).get("hostProcess"), f"{place}: hostProcess")
        selinux = context.get("seLinuxOptions") or {}
        forbid(selinux.get("type") not in SELINUX_TYPES, f"{place}: SELinux type {selinux.get('type')}")
        forbid(selinux.get("user") or selinux.get("role"), f"{place}: SELinux user or role")
        apparmor = (context.get("appArmorProfile") or {}).get("type", "RuntimeDefault")
        forbid(apparmor not in ("RuntimeDefault", "Localhost"), f"{place}: AppArmor {apparmor}")
        forbid(context.get("runAsUser") == 0, f"{place}: runAsUser is 0")
        seccomp = (context.get("seccompProfile") or {}).get("type")
        forbid(seccomp not in (None, "RuntimeDefault", "Localhost"), f"{place}: seccomp {seccomp}")

    for container in containers:
        name, context = container["name"], container.get("securityContext") or {}
        forbid(context.get("privileged"), f"{name}: privileged")
        forbid(context.get("allowPrivilegeEscalation") is not False, f"{name}: allowPrivilegeEscalation is not false")
        forbid(context.get("procMount", "Default") != "Default", f"{name}: procMount")
        capabilities = context.get("capabilities") or {}
        forbid("ALL" not in (capabilities.get("drop") or []), f"{name}: does not drop ALL capabilities")
        added = set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}
        forbid(added, f"{name}: adds {', '.join(sorted(added))}")
        nonroot = context.get("runAsNonRoot", pod.get("runAsNonRoot"))
        forbid(nonroot is not True, f"{name}: runAsNonRoot is not true")
        profile = context.get("seccompProfile") or pod.get("seccompProfile") or {}
        forbid(profile.get("type") is None, f"{name}: no seccomp profile")
        for port in container.get("ports") or []:
            forbid(port.get("hostPort"), f"{name}: hostPort {port.get('hostPort')}")
        hooks = [container.get(key) or {} for key in ("livenessProbe", "readinessProbe", "startupProbe")]
        hooks += [(container.get("lifecycle") or {}).get(key) or {} for key in ("postStart", "preStop")]
        for hook in hooks:
            for action in ("httpGet", "tcpSocket"):
                forbid((hook.get(action) or {}).get("host"), f"{name}: a probe or hook names a host")
    return found
