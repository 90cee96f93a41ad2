"""The profiles in profiles/, against the OCI runtime specification's own schema; and they deny what they do not name."""
import json
import pathlib

import jsonschema
import referencing

SCHEMAS = pathlib.Path("/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema")
DENIALS = ("SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS")


def _resource(uri):
    return referencing.Resource.from_contents(
        json.loads(pathlib.Path(uri.removeprefix("file://")).read_text()), referencing.jsonschema.DRAFT4)


VALIDATOR = jsonschema.Draft4Validator(
    {"$ref": (SCHEMAS / "config-linux.json").as_uri() + "#/linux/properties/seccomp"},
    registry=referencing.Registry(retrieve=_resource))


def faults(profile):
    """What is against a profile, in words."""
    found = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(profile)]
    action = profile.get("defaultAction")
    return found if action in DENIALS else [*found, f"the default is {action}"]
