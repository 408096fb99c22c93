#!/usr/bin/env python3
"""What the release binary costs before anybody asks it anything: its size, how long `serve` takes to
be ready, and the memory it then needs.

Owns: starting the gateway on new and on known data, the table.
Must not know: how the gateway works; it is met over its command line and its port.

Run by `make bench-start`, which builds the binary. Prints a Markdown table; asserts nothing about time.
"""

import argparse
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A gateway that has nothing to do has settled by then.
IDLE_SECONDS = 5


def main():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    parser = argparse.ArgumentParser(description="Measures the gateway's start.")
    parser.add_argument("--binary", type=pathlib.Path, default=target / "release/droid-provider-cli")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        new = [ready_after(binary, scratch / f"new-{i}") for i in range(options.rounds)]
        known = scratch / "known"
        filled(binary, known)
        again = [ready_after(binary, known) for _ in range(options.rounds)]
        memory = idle_memory(binary, known)
    size = binary.stat().st_size / 1e6
    print("| what | goal | measured |\n|---|---|---|")
    print(f"| size of the release binary | <= 20 MB | {size:.1f} MB |")
    for what, times in [("with a new data folder", new), ("with 100 keys in it", again)]:
        middle, worst = statistics.median(times), max(times)
        print(f"| `serve` to ready, {what} | < 100 ms | {middle:.0f} ms, at worst {worst:.0f} ms |")
    told = "not known on this system" if memory is None else f"{memory:.1f} MB"
    print(f"| memory of an idle gateway | < 20 MB | {told} |")


def environment(data):
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(data), "DROID_DATA_DIR": str(data / "data")}


def filled(binary, data):
    data.mkdir()
    keys = "\n".join(f"fk-bench-{i:012}" for i in range(100))
    command = [binary, "accounts", "add-keys", "--name", "Team"]
    subprocess.run(command, input=keys, text=True, env=environment(data), check=True, stdout=subprocess.DEVNULL)


def start(binary, data, port):
    data.mkdir(exist_ok=True)
    return subprocess.Popen(
        [binary, "serve", "--listen", f"127.0.0.1:{port}"],
        env=environment(data), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def is_ready(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as it:
            it.sendall(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")
            return it.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def started(binary, data):
    """The process and how many milliseconds it took until `/readyz` said yes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin = time.perf_counter()
    process = start(binary, data, port)
    while not is_ready(port):
        if process.poll() is not None or time.perf_counter() - begin > 30:
            process.kill()
            sys.exit("the gateway did not start")
        time.sleep(0.0005)
    return process, (time.perf_counter() - begin) * 1000


def stopped(process):
    process.terminate()
    process.wait(timeout=30)


def ready_after(binary, data):
    process, milliseconds = started(binary, data)
    stopped(process)
    return milliseconds


def idle_memory(binary, data):
    """Resident megabytes; none where there is no /proc."""
    process, _ = started(binary, data)
    time.sleep(IDLE_SECONDS)
    try:
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(it.split()[1]) for it in lines if it.startswith("VmRSS:")) * 1024 / 1e6
    except OSError:
        return None
    finally:
        stopped(process)


if __name__ == "__main__":
    main()
