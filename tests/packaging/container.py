"""The Dockerfile without an engine: its parts are done here, as far as that goes.

Every COPY finds its source in the clean context, the web page's stage is run in a folder that holds
nothing but what was copied, and the last stage's command is started as its user, in a root of its own
that cannot be written, with a data volume; the health check is asked and the gateway stopped.
Not done: the release build (BINARY stands for it), and the base images, of which only the list of
shared libraries is known here.

usage: container.py BINARY
"""

import fnmatch
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FILE = "packaging/Dockerfile"
# What gcr.io/distroless/cc-debian12 has of what a program links to.
LIBRARIES = {
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libdl.so.2", "libgcc_s.so.1",
    "libm.so.6", "libpthread.so.0", "librt.so.1", "libstdc++.so.6",
}
NONROOT = 65532
KEYS = {"ADMIN_ACCESS_KEY": "admin-key-of-a-test", "API_ACCESS_KEY": "client-key-of-a-test"}


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    stages = parse((ROOT / FILE).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        context = clean_context(scratch / "context")
        made = {"ui": page(stages["ui"], context, scratch / "ui")}
        build = stages["build"]
        copies_exist("build", build, context, made)
        if f"cargo build --release --locked --bin {binary.name}" not in " ".join(runs(build)):
            sys.exit(f"{FILE}: the build stage does not build {binary.name}")
        runs_as_it_says(stages["last"], binary, scratch)


def parse(text):
    """Stages by name, the last one also as `last`: lists of (instruction, rest)."""
    stages, stage = {}, None
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        word, rest = line.split(None, 1)
        if word == "FROM":
            stage = stages["last"] = []
            named = re.search(r" AS (\w+)$", rest)
            if named:
                stages[named[1]] = stage
        stage.append((word, rest))
    return stages


def runs(stage):
    return [rest for word, rest in stage if word == "RUN"]


def copies(stage):
    """(stage it is from or None, sources, target) of each COPY."""
    for word, rest in stage:
        if word == "COPY":
            words = shlex.split(rest)
            options = [it for it in words if it.startswith("--")]
            paths = [it for it in words if not it.startswith("--")]
            origin = [it.removeprefix("--from=") for it in options if it.startswith("--from=")]
            yield (origin or [None])[0], paths[:-1], paths[-1]


def clean_context(folder):
    """The repository's files without what is left out of the context."""
    ignored = [
        it.removeprefix("**/")
        for it in (ROOT / f"{FILE}.dockerignore").read_text(encoding="utf-8").splitlines()
        if it and not it.startswith("#")
    ]
    for name in ("target", "node_modules", "plugin/dist", ".git", ".make"):
        if name not in ignored:
            sys.exit(f"{FILE}.dockerignore lets {name} into the context")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        parts = pathlib.PurePosixPath(name)
        if any(fnmatch.fnmatch(str(it), pattern) for it in [parts, *parts.parents] for pattern in ignored):
            continue
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    return folder


def copies_exist(name, stage, context, made):
    for origin, sources, _ in copies(stage):
        for source in sources:
            folder = context if origin is None else made[origin]
            source = source.removeprefix("/src/")
            if not (folder / source).exists():
                sys.exit(f"{FILE}: {name}: there is no {source} to copy from {origin or 'the context'}")


def page(stage, context, folder):
    """Runs the web page's stage, instruction by instruction."""
    folder.mkdir()
    for word, rest in stage:
        if word == "COPY":
            *sources, target = shlex.split(rest)
            for source in sources:
                to = folder / target if len(sources) == 1 else folder / target / source
                put = shutil.copytree if (context / source).is_dir() else shutil.copyfile
                put(context / source, to)
        elif word == "RUN":
            done = subprocess.run(["sh", "-eu", "-c", rest], cwd=folder, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{FILE}: ui: {rest}\n{done.stdout}{done.stderr}")
    if not (folder / "target/ui/index.html").is_file():
        sys.exit(f"{FILE}: ui: it made no page")
    print(f"{FILE}: the page is built from what its stage copies")
    return folder


def runs_as_it_says(stage, binary, scratch):
    said = {word: rest for word, rest in stage}
    command = json.loads(said["ENTRYPOINT"]) + json.loads(said["CMD"])
    check = json.loads(said["HEALTHCHECK"].split("CMD", 1)[1])
    env = dict(rest.split("=", 1) for word, rest in stage if word == "ENV")
    if said["USER"] != "nonroot" or said["VOLUME"] != env["DROID_DATA_DIR"]:
        sys.exit(f"{FILE}: it does not run as nonroot, or its data is not in its volume")
    # Another port than the image's: that one may be taken here.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [it.replace("8787", str(port)) for it in command]
    check = [it.replace("8787", str(port)) for it in check]
    box = Box(binary, scratch / "root", env["DROID_DATA_DIR"], command[0])

    refused = box.run(command, env)
    if refused.returncode == 0 or b"ADMIN_ACCESS_KEY" not in refused.stderr:
        sys.exit(f"{FILE}: without keys: exit {refused.returncode}, {refused.stderr}")
    gateway = box.start(command, {**env, **KEYS})
    try:
        late = time.monotonic() + 30
        while (asked := box.run(check, env)).returncode != 0:
            if gateway.poll() is not None or time.monotonic() > late:
                sys.exit(f"{FILE}: the health check fails: {asked.stderr.decode()}")
            time.sleep(0.1)
        gateway.send_signal(signal.SIGTERM)
        if gateway.wait(timeout=40) != 0:
            sys.exit(f"{FILE}: stopped, it ended with {gateway.returncode}")
    finally:
        if gateway.poll() is None:
            gateway.kill()
    if not (box.data / "droid.db").is_file():
        sys.exit(f"{FILE}: there is no database in the volume")
    if box.written():
        sys.exit(f"{FILE}: it wrote outside of its volume: {box.written()}")
    print(f"{FILE}: started {box.how}, healthy, stopped")


class Box:
    """A folder as the image's root, where this may be done; else only an environment of its own."""

    def __init__(self, binary, root, data, program):
        self.root, self.program = root, program
        self.data = root / data.lstrip("/")
        self.data.mkdir(parents=True)
        place = root / program.lstrip("/")
        place.parent.mkdir(parents=True)
        shutil.copyfile(binary, place)
        place.chmod(0o755)
        self.is_apart = os.name == "posix" and sys.platform == "linux" and os.geteuid() == 0
        if not self.is_apart:
            self.how = "with this machine's root: only root can give it its own"
            return
        for name, path in linked(binary).items():
            if name not in LIBRARIES:
                sys.exit(f"{FILE}: the last stage has no {name}")
            to = root / path.lstrip("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
            to.chmod(0o755)
        certificates = root / "etc/ssl/certs/ca-certificates.crt"
        certificates.parent.mkdir(parents=True)
        shutil.copyfile("/etc/ssl/certs/ca-certificates.crt", certificates)
        os.chown(self.data, NONROOT, NONROOT)
        self.data.chmod(0o700)
        # Others have to get through to it.
        for folder in [root, *root.parents[:1]]:
            folder.chmod(0o755)
        self.before = self.files()
        self.how = f"as user {NONROOT} in a root of its own that it cannot write"

    def _options(self, command, env):
        options = {"env": env, "stdin": subprocess.DEVNULL}
        if self.is_apart:
            options["preexec_fn"] = self._enter
            return command, options
        options["env"] = {**env, "DROID_DATA_DIR": str(self.data)}
        return [str(self.root / self.program.lstrip("/")), *command[1:]], options

    def _enter(self):
        os.chroot(self.root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(NONROOT)
        os.setuid(NONROOT)

    def run(self, command, env):
        command, options = self._options(command, env)
        return subprocess.run(command, capture_output=True, timeout=60, **options)

    def start(self, command, env):
        command, options = self._options(command, env)
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)

    def files(self):
        return {it for it in self.root.rglob("*") if self.data not in [it, *it.parents]}

    def written(self):
        return sorted(map(str, self.files() - self.before)) if self.is_apart else []


def linked(binary):
    """The shared libraries of a program and where they are here."""
    told = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in told.splitlines():
        path = re.search(r"(/\S+)", line)
        if path:
            found[pathlib.PurePosixPath(path[1]).name] = path[1]
    return found


if __name__ == "__main__":
    main()
