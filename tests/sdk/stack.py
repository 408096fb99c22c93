"""The real binary with a fake upstream, ready for clients.

Owns: starting and stopping both, one pool of keys, one client key; the fake's script and journal.
Must not know: dialects, SDKs.
"""

import json
import os
import subprocess
import tempfile
import urllib.request
from pathlib import Path

# A model of every endpoint, as the catalogue may have them; the last is an endpoint override.
MODELS = {
    "claude-sonnet-5-5": "anthropic",
    "gpt-5.6-sol": "openai",
    "glm-4.6": "comm",
    "gemini-2.5-pro": "comm",
    "gemini-3-pro": "google",
}
# One that thinks by a budget, and then refuses a turn of calls that no thought leads.
OLDER = {"claude-sonnet-4-20250514": "anthropic"}
ADMIN_KEY = "the-admin-key-of-the-tests"
# Paths that insist on an endpoint, whatever the model.
PREFIXES = {"/droid/claude": "anthropic", "/droid/openai": "openai", "/droid/comm": "comm"}
DIALECT_OF = {"anthropic": "anthropic", "openai": "responses", "comm": "chat", "google": "gemini"}
# Enough that no key is used up by what goes wrong on purpose.
KEYS = [f"fk-test-{number:032}" for number in range(8)]


def talks(client):
    """The models, with their endpoints, that a client's agent talks with: all, but for the older one
    where the client itself asks it for what it does not know (thinking without a budget)."""
    return [*MODELS.items(), *([] if client == "anthropic" else OLDER.items())]


class Stack:
    """Both processes, in a scratch folder that is gone at the end."""

    def __init__(self, target):
        self.target = Path(target)
        self.folder = tempfile.TemporaryDirectory()
        self.running = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            process.terminate()
            process.wait(timeout=20)
        self.folder.cleanup()

    def start(self):
        self.fake = self.spawn(["fake-upstream"]).stdout.readline().strip()
        folder = Path(self.folder.name)
        config = {
            "settings": {
                "workos": {
                    "auth_url": f"{self.fake}/user_management/authenticate",
                    "device_url": f"{self.fake}/user_management/authorize/device",
                    "authorize_url": f"{self.fake}/user_management/authorize",
                },
                "factory": {
                    "api_base_url": f"{self.fake}/api/llm",
                    "app_base_url": self.fake,
                },
            },
            # Rows that fail on purpose bring a key of their own, so that no account is paused.
            # A second of silence brings a sign of life.
            "gateway": {"factory_key_header": True, "ping_seconds": 1},
            "models": [
                {"id": model, "name": model, "type": endpoint, "context_length": 200000}
                for model, endpoint in MODELS.items()
            ],
        }
        (folder / "config.json").write_text(json.dumps(config))
        self.env = {
            "PATH": os.environ["PATH"],
            "DROID_DATA_DIR": str(folder / "data"),
            "DROID_CONFIG": str(folder / "config.json"),
            "ADMIN_ACCESS_KEY": ADMIN_KEY,
        }
        for key in KEYS:
            self.control("keys", {"key": key})
        self.cli("accounts", "add-keys", "--name", "Team", given="\n".join(KEYS))
        self.key = self.rpc("create_client_key", {"name": "sdk"})["key"]
        serve = self.spawn(["droid-provider-cli", "serve", "--json", "--listen", "127.0.0.1:0"])
        self.url = json.loads(serve.stdout.readline())["listening"]

    def spawn(self, command):
        process = subprocess.Popen(
            [self.target / command[0], *command[1:]],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=getattr(self, "env", None),
            text=True,
        )
        self.running.append(process)
        return process

    def cli(self, *arguments, given=""):
        """What a command answers."""
        done = subprocess.run(
            [self.target / "droid-provider-cli", *arguments, "--json"],
            input=given,
            capture_output=True,
            env=self.env,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{arguments}: {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def rpc(self, method, params):
        """What a method of the program answers."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        done = subprocess.run(
            [self.target / "droid-provider-cli", "--json-rpc"],
            input=json.dumps(call) + "\n",
            capture_output=True,
            env=self.env,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(done.stdout)["result"]

    def control(self, path, body=None):
        """Steers the fake; `tests/testbed/src/upstream/control.rs` has the paths."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.fake}/__control/{path}", data) as answer:
            return json.load(answer)

    def answers_with(self, *cases):
        """The cases of the next requests, one each; the last one for all that follow."""
        self.control("script/clear", {})
        for case in cases[:-1]:
            self.control("script", {"action": {"case": case}})
        self.control("script", {"mode": "always", "action": {"case": cases[-1]}})

    def answers_slowly(self, case, milliseconds):
        """Every request from now on, with a pause between two events."""
        self.control("script/clear", {})
        action = {"all": [{"case": case}, {"event_delay": milliseconds}]}
        self.control("script", {"mode": "always", "action": action})

    def asked_since(self, seq):
        """What reached the upstream after that entry of its journal."""
        return self.control(f"journal?since={seq}")

    def last_seq(self):
        return max((it["seq"] for it in self.control("journal")), default=0)
