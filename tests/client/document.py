"""Fetches an OpenAPI document into a file, if it is valid and its examples fit their schemas."""

import json
import os
import sys

import httpx
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

METHODS = ("get", "put", "post", "delete")


def contents(operation):
    """What its bodies hold, of the request and of all answers."""
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from body.get("content", {}).values()


def examples(content):
    if "example" in content:
        yield content["example"]
    for example in content.get("examples", {}).values():
        yield example["value"]


def main(url, file):
    token = os.environ["FASTSCHEDULER_TOKEN"]
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    document = answer.json()
    validate(document)
    number = 0
    for path, operations in document["paths"].items():
        for method in METHODS:
            for content in contents(operations[method]) if method in operations else ():
                # References are looked up in the schema itself.
                schema = content.get("schema", {}) | {"components": document["components"]}
                for example in examples(content):
                    for wrong in Draft202012Validator(schema).iter_errors(example):
                        sys.exit(f"the example of {method} {path} is wrong at {wrong.json_path}: {wrong.message}")
                    number += 1
    with open(file, "w", encoding="utf-8") as output:
        json.dump(document, output)
    print(f"the OpenAPI document is valid, and so are its {number} examples")


main(*sys.argv[1:])
