"""The profiles in profiles/, against the OCI runtime specification's own schema."""
import json
import pathlib

import jsonschema
import referencing

SCHEMAS = pathlib.Path("/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema")


def _resource(uri):
    return referencing.Resource.from_contents(
        json.loads(pathlib.Path(uri.removeprefix("file://")).read_text()), referencing.jsonschema.DRAFT4)


VALIDATOR = jsonschema.Draft4Validator(
    {"$ref": (SCHEMAS / "config-linux.json").as_uri() + "#/linux/properties/seccomp"},
    registry=referencing.Registry(retrieve=_resource))


def faults(profile):
    """What the schema has against a profile, in words."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(profile)]
