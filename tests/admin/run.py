"""Schemathesis against the admin API of the real binary, in front of the fake upstream.

Owns: which operations are asked, how much, and what counts as a failure.
Must not know: methods.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "sdk"))
from stack import ADMIN_KEY, Stack  # noqa: E402

# Not `ignored_auth`: it gives wrong keys side by side, until the throttle answers for the door. The
# gateway's own tests ask every route without a key (tests/gateway/admin_door.rs).
CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)
# The one would ask any address that comes to its mind, the other would guess keys until it is
# slowed down.
NEVER = ["test_proxy", "login"]
# Its changes stay: it is asked last, of a gateway of its own.
LAST = ["update_config", "update_config_2"]


class Quiet(Stack):
    """A wrong key on purpose is nothing to read about."""

    def spawn(self, command):
        if hasattr(self, "env"):
            self.env["RUST_LOG"] = "error"
        return super().spawn(command)


def ask(stack, st, filters, examples):
    """Whether every answer was as documented."""
    command = [st, "--config-file", HERE / "schemathesis.toml", "run"]
    command += [f"{stack.url}/admin/openapi.json", "--header", f"x-admin-key: {ADMIN_KEY}"]
    command += ["--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", examples]
    command += ["--workers", "4", "--generation-deterministic", "--warnings", "off", "--no-color"]
    command += ["--suppress-health-check", "all", *filters]
    command = list(map(str, command))
    return subprocess.run(command, cwd=stack.folder.name, timeout=300).returncode == 0


def main():
    target, st = sys.argv[1:3]
    fine = True
    with Quiet(target) as stack:
        filters = [f"--exclude-operation-id={it}" for it in NEVER + LAST]
        fine &= ask(stack, st, filters, 10)
    with Quiet(target) as stack:
        fine &= ask(stack, st, [f"--include-operation-id={it}" for it in LAST], 30)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
