"""Objects below a folder that no kustomization of it renders, and so nobody has looked at: they could be applied by hand.
Kustomizations may say no more than what is understood here; the rest of kustomize can leave out what it names."""
import pathlib
import re

import yaml

OBJECT = re.compile(r"""(?m)(^|[\s{,'"])(apiVersion|kind)['"]?\s*:""")
KEYS = {"apiVersion", "kind", "namespace", "resources", "images", "configMapGenerator", "generatorOptions", "patches"}
LOCAL = "config.kubernetes.io/local-config"
# Of the broker's policy, which looks like an object, and is read by the broker alone.
OURS = "sidelight.dev/v1"


def documents(path):
    """What a file says as YAML; None where it is none."""
    try:
        return list(yaml.safe_load_all(path.read_bytes()))
    except (yaml.YAMLError, UnicodeDecodeError):
        return None


def has_object(value):
    """Whether an object of Kubernetes stands in it, a policy of ours aside."""
    if isinstance(value, dict):
        if value.get("apiVersion") == OURS:
            return False
        return "kind" in value or "apiVersion" in value or any(map(has_object, value.values()))
    return isinstance(value, list) and any(map(has_object, value))


def is_object(path):
    """Whether a file, of whatever name, has an object of Kubernetes in it."""
    said = documents(path)
    if said is None and path.suffix in (".yaml", ".yml", ".json") or any(map(has_object, said or [])):
        return True
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return True
    is_ours = said and all(isinstance(document, dict) and document.get("apiVersion") == OURS for document in said)
    return bool(OBJECT.search(text)) and not is_ours


def is_local(value):
    """Whether an annotation in it has kustomize leave an object out."""
    if isinstance(value, dict):
        return LOCAL in value or any(map(is_local, value.values()))
    return isinstance(value, list) and any(map(is_local, value))


def deletes(patch):
    """Whether it takes a whole object away, and not a part of one."""
    return isinstance(patch, dict) and ("$patch" in patch or any(map(deletes, patch.get("items") or [])))


def rendered(kustomization, folder):
    """The files whose objects are in what it renders, and what it says that it may not. What it names as a file's content
    or as an image is not rendered."""
    said = yaml.safe_load(kustomization.read_text())
    found = [f"{key} is not understood" for key in sorted(set(said) - KEYS)]
    files = {kustomization}
    patches = said.get("patches", [])
    # One with a target that is not there is passed over silently; one without must name an object that is.
    found += ["a patch is more than a path" for patch in patches if set(patch) != {"path"}]
    for name in said.get("resources", []) + [patch["path"] for patch in patches if "path" in patch]:
        path = (kustomization.parent / name).resolve()
        if not path.exists() or not path.is_relative_to(folder):
            found.append(f"{name} is nothing below the folder")
        files.add(path)
    for patch in patches:
        path = kustomization.parent / patch.get("path", "")
        if path.is_file() and any(map(deletes, documents(path) or [])):
            found.append(f"{patch['path']} deletes")
    return files, found


def faults(folder):
    folder = pathlib.Path(folder).resolve()
    named, found = set(), []
    for kustomization in sorted(folder.rglob("kustomization.yaml")):
        files, more = rendered(kustomization, folder)
        named |= files
        found += [f"{kustomization.relative_to(folder)}: {fault}" for fault in more]
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_symlink():
            found.append(f"{name} is a symlink")
        elif path.is_file() and path not in named and is_object(path):
            found.append(f"{name} is rendered by no kustomization of its folder")
        elif path in named and path.is_file() and documents(path) is None:
            found.append(f"{name} is not understood")
        elif path.is_file() and any(map(is_local, documents(path) or [])):
            found.append(f"{name} is left out, by its annotation")
    return found
