"""Objects below a folder that no kustomization of it renders: they could be applied by hand and nobody would have looked."""
import pathlib
import re

import yaml

OBJECT = re.compile(r"""(?m)(^|[\s{,'"])(apiVersion|kind)['"]?\s*:""")


def rendered(kustomization):
    """The files whose objects are in what it renders. What it names as a file's content or as an image is not."""
    said = yaml.safe_load(kustomization.read_text())
    names = [*said.get("resources", []), *said.get("components", []),
             *(patch["path"] for patch in said.get("patches", []) if "path" in patch)]
    return {kustomization, *(kustomization.parent / name for name in names)}


def is_object(path):
    """Whether a file, of whatever name, has an object of Kubernetes in it."""
    text = path.read_bytes().decode("latin-1")
    if not OBJECT.search(text):
        return False
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return True
    # The broker's policy looks like one, and is read by the broker alone.
    return not all(isinstance(document, dict) and document.get("apiVersion") == "sidelight.dev/v1" for document in documents)


def faults(folder):
    folder = pathlib.Path(folder)
    named = {file for kustomization in folder.rglob("kustomization.yaml") for file in rendered(kustomization)}
    files = (path for path in folder.rglob("*") if path.is_file())
    return [f"{path.relative_to(folder)} is rendered by no kustomization of its folder"
            for path in sorted(files) if path not in named and is_object(path)]
