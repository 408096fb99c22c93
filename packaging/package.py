#!/usr/bin/env python3
"""Builds droid-provider-plugin.zip as ProxyCast wants it, and proves it.

The zip holds plugin.json, config.json, dist/ if it was built, and every platform's binary that
exists, in its root and with mode 0755 in the zip's Unix attributes; checksums.txt stands beside it
and in it. Then it is installed into a temporary folder as the host does it (plain files, no
execute bit kept, the old folder deleted) and called in both of the host's ways.

usage: package.py [--binaries FOLDER] [--out FOLDER] [--this BINARY]
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The same for the same files, whenever it is built.
TIME = (2026, 1, 1, 0, 0, 0)


def main():
    parser = argparse.ArgumentParser(description="Builds and proves the plugin's zip.")
    parser.add_argument("--binaries", type=pathlib.Path, help="platform binaries by their names")
    parser.add_argument("--this", type=pathlib.Path, help="this platform's binary as cargo built it")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target" / "package")
    options = parser.parse_args()
    manifest = json.loads((ROOT / "plugin" / "plugin.json").read_text(encoding="utf-8"))
    names = manifest["binary"]["platform_binaries"]
    binaries = {}
    if options.binaries:
        for name in names.values():
            path = options.binaries / name
            if path.is_file():
                binaries[name] = path
    mine = names.get(platform_key())
    if options.this:
        if mine is None:
            sys.exit(f"ProxyCast has no plugins for {platform_key()}")
        binaries[mine] = options.this
    if not binaries:
        sys.exit("there is no binary to put in: give --this or --binaries")
    options.out.mkdir(parents=True, exist_ok=True)
    target = options.out / "droid-provider-plugin.zip"
    sums = build(target, binaries)
    ui = ui_zip(options.out)
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items())]
    for path in filter(None, [target, ui]):
        lines.append(f"{sha256(path.read_bytes())}  {path.name}\n")
    (options.out / "checksums.txt").write_text("".join(lines), encoding="utf-8")
    print(f"{target}: {target.stat().st_size // 1024} kB, {len(binaries)} binaries")
    verify(target, options.out / "checksums.txt", manifest, mine if mine in binaries else None)


def build(target, binaries):
    """Writes the zip; answers the sums of the binaries."""
    sums = {name: sha256(path.read_bytes()) for name, path in binaries.items()}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        add(archive, "plugin.json", (ROOT / "plugin" / "plugin.json").read_bytes(), 0o644)
        add(archive, "config.json", (ROOT / "plugin" / "config.json").read_bytes(), 0o644)
        dist = ROOT / "plugin" / "dist"
        for path in sorted(it for it in dist.rglob("*") if it.is_file()):
            add(archive, f"dist/{path.relative_to(dist).as_posix()}", path.read_bytes(), 0o644)
        for name, path in sorted(binaries.items()):
            add(archive, name, path.read_bytes(), 0o755)
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        add(archive, "checksums.txt", text.encode(), 0o644)
    return sums


def ui_zip(out):
    """The user interface alone, which the host fetches beside the plugin; none if it is not built."""
    dist = ROOT / "plugin" / "dist"
    files = sorted(it for it in dist.rglob("*") if it.is_file()) if dist.is_dir() else []
    if not files:
        print("plugin/dist is not built: the zip has no user interface in it")
        return None
    target = out / "droid-provider-ui.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            add(archive, f"dist/{path.relative_to(dist).as_posix()}", path.read_bytes(), 0o644)
    return target


def add(archive, name, content, mode):
    info = zipfile.ZipInfo(name, TIME)
    info.create_system = 3  # Unix: the mode below counts.
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def verify(target, checksums, manifest, mine):
    """Installs it as the host does, and calls it."""
    with zipfile.ZipFile(target) as archive:
        if archive.testzip() is not None:
            sys.exit("the zip is damaged")
        for info in archive.infolist():
            mode = (info.external_attr >> 16) & 0o777
            wanted = 0o755 if info.filename in manifest["binary"]["platform_binaries"].values() else 0o644
            if mode != wanted:
                sys.exit(f"{info.filename} has mode {mode:o} in the zip, {wanted:o} is wanted")
    with tempfile.TemporaryDirectory() as scratch:
        plugins = pathlib.Path(scratch) / "proxycast" / "plugins"
        folder = plugins / manifest["name"]
        # What an older version left is deleted.
        folder.mkdir(parents=True)
        (folder / "old").write_text("old", encoding="utf-8")
        shutil.rmtree(folder)
        folder.mkdir()
        with zipfile.ZipFile(target) as archive:
            for info in archive.infolist():
                path = folder / info.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(info))
        for line in checksums.read_text(encoding="utf-8").splitlines():
            digest, name = line.split("  ")
            path = folder / name.lstrip("*")
            path = path if path.is_file() else target.parent / name
            if sha256(path.read_bytes()) != digest:
                sys.exit(f"{name} is not what checksums.txt says")
        if mine is None:
            print("there is no binary of this platform in it: it was not called")
            return
        binary = folder / mine
        if os.name == "posix":
            if os.access(binary, os.X_OK):
                sys.exit("the host keeps no execute bit: this check is not the host's")
            # What `chmod 0755`, `install-plugin` or the user interface's advice does.
            binary.chmod(0o755)
        call(binary, scratch, ["--json-rpc"], manifest)
        call(binary, scratch, [], manifest)
        print("installed as the host does it, and called in both of its ways")


def call(binary, scratch, arguments, manifest):
    env = {**os.environ, "DROID_DATA_DIR": str(pathlib.Path(scratch) / "data"), "HOME": scratch}
    asked = b'{"jsonrpc":"2.0","method":"get_info","params":null,"id":7}\n'
    done = subprocess.run([binary, *arguments], input=asked, capture_output=True, env=env, timeout=30)
    answer = json.loads(done.stdout)
    info = answer["result"]
    if done.returncode != 0 or answer["id"] != 7 or info["version"] != manifest["version"]:
        sys.exit(f"called with {arguments}: exit {done.returncode}, {answer}")
    # A host that closes the input at once gets an end at once.
    ended = subprocess.run([binary, *arguments], input=b"", capture_output=True, env=env, timeout=30)
    if ended.returncode != 0 or ended.stdout:
        sys.exit(f"without input: exit {ended.returncode}, {ended.stdout!r}")


def platform_key():
    system = {"Darwin": "macos", "Windows": "windows"}.get(platform.system(), "linux")
    machine = "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x64"
    return f"{system}-{machine}"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
