#!/usr/bin/env python3
"""From `cargo metadata` on stdin to a CycloneDX bill of materials on stdout."""

import json
import sys


def main():
    metadata = json.load(sys.stdin)
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


if __name__ == "__main__":
    main()
