#!/usr/bin/env python3
"""A CycloneDX bill of materials on stdout: the crates of the binary, and the npm packages of the web
page in it.

usage: sbom.py CARGO-METADATA PACKAGE-LOCK
"""

import json
import pathlib
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: sbom.py CARGO-METADATA PACKAGE-LOCK")
    metadata, lock = (json.loads(pathlib.Path(it).read_text(encoding="utf-8")) for it in sys.argv[1:])
    components = crates(metadata) + packages(lock)
    root = next(it for it in metadata["packages"] if it["name"] == "droid-provider")
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": root["name"], "version": root["version"]}
        },
        "components": components,
    }
    json.dump(bill, sys.stdout, indent=2)
    print()


def crates(metadata):
    members = set(metadata["workspace_members"])
    used = {node["id"] for node in metadata["resolve"]["nodes"]}
    components = []
    for package in sorted(metadata["packages"], key=lambda it: (it["name"], it["version"])):
        if package["id"] in members or package["id"] not in used:
            continue
        component = {
            "type": "library",
            "name": package["name"],
            "version": package["version"],
            "purl": f"pkg:cargo/{package['name']}@{package['version']}",
        }
        if package["license"]:
            component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        components.append(component)
    return components


def packages(lock):
    """What is not for development alone is bundled."""
    components = []
    for path, package in sorted(lock["packages"].items()):
        if not path or package.get("dev") or package.get("optional") or package.get("peer"):
            continue
        name = path.rsplit("node_modules/", 1)[1]
        component = {
            "type": "library",
            "name": name,
            "version": package["version"],
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{package['version']}",
        }
        if "license" in package:
            component["licenses"] = [{"expression": package["license"]}]
        components.append(component)
    return components


if __name__ == "__main__":
    main()
