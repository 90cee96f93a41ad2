"""Objects below a folder that no kustomization of it names: they could be applied by hand and nobody would have looked."""
import pathlib

import yaml


def strings(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def is_object(path):
    """Whether one of a file's documents, of YAML or JSON, is of Kubernetes, or it cannot be read."""
    try:
        documents = list(yaml.safe_load_all(path.read_text()))
    except (yaml.YAMLError, UnicodeDecodeError):
        return True
    # The broker's policy looks like one, and is read by the broker alone.
    return any(isinstance(document, dict) and {"apiVersion", "kind"} & set(document)
               and document.get("apiVersion") != "sidelight.dev/v1" for document in documents)


def faults(folder):
    folder = pathlib.Path(folder)
    named = set()
    for kustomization in folder.rglob("kustomization.yaml"):
        named.add(kustomization)
        for text in strings(yaml.safe_load(kustomization.read_text())):
            named.add(kustomization.parent / text)
    files = (path for path in folder.rglob("*") if path.suffix.lower() in (".yaml", ".yml", ".json"))
    return [f"{path.relative_to(folder)} is named by no kustomization of its folder"
            for path in sorted(files) if path not in named and is_object(path)]
