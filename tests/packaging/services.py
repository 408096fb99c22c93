"""The systemd unit and the launchd job: read by the tools they are for, and started.

usage: services.py BINARY
"""

import pathlib
import plistlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INSTALLED = "/usr/local/bin/droid-provider-cli"
# Of 10; systemd calls up to 5 ok, and a service without any hardening has 9.6.
MOST_EXPOSED = 2.5


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    launchd(binary)
    systemd(binary)


def launchd(binary):
    """launchd's own reader is Apple's; this is the same format's."""
    path = ROOT / "packaging/launchd/dev.droid-provider.gateway.plist"
    job = plistlib.loads(path.read_bytes())
    if job["Label"] != path.stem:
        sys.exit(f"{path.name}: the label is not the file's name")
    known(binary, job["ProgramArguments"], path.name)
    if job["ExitTimeOut"] < 40:
        sys.exit(f"{path.name}: streams get too little time to end")
    print(f"{path.name}: a property list with a command that there is")


def systemd(binary):
    path = ROOT / "packaging/systemd/droid-provider.service"
    text = path.read_text(encoding="utf-8")
    lines = [it.removeprefix("ExecStart=") for it in text.splitlines() if it.startswith("ExecStart=")]
    known(binary, lines[0].split(), path.name)
    if shutil.which("systemd-analyze") is None:
        print(f"{path.name}: systemd-analyze is missing, so it was not asked")
        return
    with tempfile.TemporaryDirectory() as scratch:
        unit = pathlib.Path(scratch) / path.name
        unit.write_text(text.replace(INSTALLED, str(binary)), encoding="utf-8")
        told = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
        if told.returncode != 0 or told.stderr.strip():
            sys.exit(f"{path.name}: {told.stderr.strip()}")
        told = analyze("security", "--offline=true", "--no-pager", f"--threshold={int(MOST_EXPOSED * 10)}", str(unit))
        last = (told.stdout.strip().splitlines() or [told.stderr.strip()])[-1]
        if told.returncode != 0:
            sys.exit(f"{path.name}: {last}")
        print(f"{path.name}: verified; {last.lstrip('→ ')}")


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60)


def known(binary, command, name):
    """The command is of the installed program, and one that it knows."""
    if command[0] != INSTALLED:
        sys.exit(f"{name}: {command[0]} is not where it is installed")
    told = subprocess.run([binary, *command[1:], "--help"], capture_output=True, timeout=30)
    if told.returncode != 0:
        sys.exit(f"{name}: there is no command {command[1:]}")


if __name__ == "__main__":
    main()
