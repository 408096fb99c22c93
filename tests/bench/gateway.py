#!/usr/bin/env python3
"""The gateway beside nginx as a plain reverse proxy, in front of one upstream, in one run.

Owns: starting the three programs, the load (wrk, Debian's package), the table.
Must not know: how the gateway works; it is met over its command line and its port.

Run by `make bench-gateway`. Needs release builds of the binary and of bench-upstream (the make
target builds them), nginx and wrk. Prints a Markdown table; asserts nothing about time.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = "claude-sonnet-4-5-20250929"
UPSTREAM_PATH = "/api/llm/a/v1/messages"


def body(stream=False, size=0, hold=False):
    text = ("[hold] " if hold else "") + "Hello"
    filler = "lorem ipsum dolor sit amet consectetur " * (size // 39 + 1)
    content = [{"type": "text", "text": text}]
    if size:
        content.append({"type": "text", "text": filler[:size]})
    parts = {"model": MODEL, "max_tokens": 256, "stream": stream}
    parts["system"] = "[hold]" if hold else "Be brief."
    parts["messages"] = [{"role": "user", "content": content}]
    return json.dumps(parts, separators=(",", ":"))


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def wait_for(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"{process.args[0]} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"{process.args[0]} does not listen on {port}")


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder, self.running = arguments, folder, []
        self.release = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"

    # --- the three programs

    def spawn(self, command, **how):
        process = subprocess.Popen(command, **how)
        self.running.append(process)
        return process

    def upstream(self):
        port = free_port()
        process = self.spawn([self.release / "bench-upstream", f"127.0.0.1:{port}"],
                             stdout=subprocess.DEVNULL)
        wait_for(port, process)
        return port

    def nginx(self, upstream):
        port = free_port()
        conf = self.folder / "nginx.conf"
        conf.write_text(f"""
daemon off; worker_processes auto; pid {self.folder}/nginx.pid; error_log {self.folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_max_body_size 64m; client_body_buffer_size 2m; keepalive_requests 1000000;
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  upstream it {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://it; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
""")
        process = self.spawn([shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(self.folder),
                              "-c", str(conf)], stderr=subprocess.DEVNULL)
        wait_for(port, process)
        return port, process

    def gateway(self, upstream):
        port, home = free_port(), self.folder / "home"
        home.mkdir()
        config = home / "config.json"
        config.write_text(json.dumps({"settings": {"factory": {
            "api_base_url": f"http://127.0.0.1:{upstream}/api/llm",
            "app_base_url": f"http://127.0.0.1:{upstream}"}}}))
        env = {**os.environ, "DROID_DATA_DIR": str(home / "data"), "DROID_CONFIG": str(config),
               "HOME": str(home)}
        binary = self.release / "droid-provider-cli"

        def run(*words, given=None):
            told = subprocess.run([binary, *words], env=env, input=given, text=True,
                                  capture_output=True, check=False)
            if told.returncode:
                sys.exit(f"{' '.join(words)} failed: {told.stderr}")
            return json.loads(told.stdout)

        keys = "\n".join(f"fk-bench-{n:04d}-0123456789abcdef" for n in range(8))
        run("accounts", "add-keys", "--name", "bench", "--json", given=keys)
        key = run("client-keys", "create", "--name", "bench", "--json")["key"]
        log = open(self.folder / "gateway.log", "w", encoding="utf-8")
        process = self.spawn([binary, "serve", "--listen", f"127.0.0.1:{port}"], env=env,
                             stdout=log, stderr=log)
        wait_for(port, process)
        return port, process, key

    def stop(self):
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self.running):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    # --- the load

    def script(self, name, text, key, delay_ms=0):
        """A script of wrk's. Each connection is a conversation of its own, as clients are."""
        payload = self.folder / f"{name}.json"
        payload.write_text(text)
        script = self.folder / f"{name}-{delay_ms}-{bool(key)}.lua"
        # Clients know nothing of each other: they ask at random moments (a Poisson process). With a
        # fixed pause all of them would ask at once, again and again.
        delay = (f"function delay() return math.floor(-{delay_ms} * math.log(1 - math.random()) + 0.5)"
                 " end\n") if delay_ms else ""
        script.write_text(f"""
local file = io.open("{payload}"); local body = file:read("*a"); file:close()
local n = 0
wrk.method = "POST"
wrk.body = body
wrk.headers["content-type"] = "application/json"
wrk.headers["x-api-key"] = "{key or 'none'}"
wrk.headers["anthropic-version"] = "2023-06-01"
function request()
  n = n + 1
  wrk.headers["x-session-id"] = "session-" .. (n % 64)
  return wrk.format()
end
{delay}function done(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %f %f\\n", summary.requests, summary.duration,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write +
    summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
""")
        return script

    def wrk(self, port, path, script, connections, seconds):
        told = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
             str(script), f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, check=False)
        found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", told.stdout)
        if not found:
            sys.exit(f"wrk said: {told.stdout} {told.stderr}")
        requests, duration, status, broken = (int(it) for it in found.groups()[:4])
        if status or broken:
            print(f"  {status} answers were errors, {broken} broke", file=sys.stderr)
        return {"rps": requests / (duration / 1e6), "p50_ms": float(found[5]) / 1000,
                "p99_ms": float(found[6]) / 1000, "errors": status + broken}

    def hold(self, port, path, key, count):
        """Opens that many streams and leaves them open; answers them."""
        payload = body(stream=True, hold=True).encode()
        head = (f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
                f"x-api-key: {key or 'none'}\r\nanthropic-version: 2023-06-01\r\n"
                f"content-length: {len(payload)}\r\n\r\n").encode()
        held = []
        for _ in range(count):
            it = socket.create_connection(("127.0.0.1", port), 10)
            it.sendall(head + payload)
            held.append(it)
        for it in held:
            it.settimeout(20)
            first = it.recv(4096)
            if b" 200 " not in first.split(b"\r\n", 1)[0]:
                sys.exit(f"a stream was refused: {first[:200]!r}")
        return held


def memory_kb(pid, what="VmRSS"):
    """Resident memory of a process and its children."""
    total = 0
    for it in [pid, *children(pid)]:
        text = Path(f"/proc/{it}/status").read_text(encoding="utf-8")
        total += int(re.search(rf"{what}:\s+(\d+)", text)[1])
    return total


def children(pid):
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(it) for it in text.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=6, help="of each round")
    parser.add_argument("--rounds", type=int, default=3, help="of each case; medians are shown")
    parser.add_argument("--streams", type=int, default=2000, help="held open at once")
    arguments = parser.parse_args()
    for tool in ["wrk", "nginx"]:
        if not shutil.which(tool) and not Path(f"/usr/sbin/{tool}").exists():
            sys.exit(f"{tool} is missing: install the package of that name (nginx-light serves)")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        try:
            table(bench, arguments)
        finally:
            bench.stop()


def table(bench, arguments):
    upstream = bench.upstream()
    nginx_port, nginx = bench.nginx(upstream)
    gateway_port, gateway, key = bench.gateway(upstream)
    peers = {"nginx": (nginx_port, UPSTREAM_PATH, None),
             "gateway": (gateway_port, "/v1/messages", key)}
    processes = {"nginx": nginx, "gateway": gateway}
    fresh = memory_of_streams(bench, peers, processes, arguments.streams)

    def medians(name, text, connections, value, delay_ms=0):
        found = {peer: [] for peer in peers}
        errors = 0
        for _ in range(arguments.rounds):
            for peer, (port, path, peer_key) in peers.items():
                script = bench.script(name, text, peer_key, delay_ms)
                told = bench.wrk(port, path, script, connections, arguments.seconds)
                errors += told["errors"]
                found[peer].append(told)
        note = f" ({errors} errors)" if errors else ""
        pick = lambda peer, what: statistics.median(it[what] for it in found[peer])
        return {what: {peer: pick(peer, what) for peer in peers} for what in value}, note

    rows = []
    for name, text, connections, goal, title in [
        ("small", body(), 32, 0.5, "small body, not streamed, requests/s"),
        ("stream", body(stream=True), 32, 0.6, "100-event stream, streams/s"),
        ("large", body(size=1 << 20), 8, 0.7, "1 MB body, requests/s"),
    ]:
        got, note = medians(name, text, connections, ["rps"])
        ours, theirs = got["rps"]["gateway"], got["rps"]["nginx"]
        rows.append((title, f"{theirs:,.0f}", f"{ours:,.0f}", f">= {goal} of nginx's",
                     f"{ours / theirs:.2f}{note}"))
    # 40 connections that each ask every 40 ms on average: 1,000 requests/s.
    got, note = medians("paced", body(), 40, ["p50_ms", "p99_ms"], delay_ms=40)
    ours, theirs = got["p50_ms"]["gateway"], got["p50_ms"]["nginx"]
    rows.append(("median latency at 1,000 requests/s", f"{theirs:.2f} ms", f"{ours:.2f} ms",
                 "<= 0.3 ms added", f"{ours - theirs:+.2f} ms{note}"))
    ours, theirs = got["p99_ms"]["gateway"], got["p99_ms"]["nginx"]
    rows.append(("99th percentile, the same run", f"{theirs:.2f} ms", f"{ours:.2f} ms", "",
                 f"{ours - theirs:+.2f} ms"))
    loaded = memory_of_streams(bench, peers, processes, arguments.streams)
    mb = lambda kb: f"{kb / 1024:.1f} MB"
    title = f"memory with {arguments.streams:,} open streams"
    for sizes, note, goal in [(fresh, "", "<= 60 MB"), (loaded, ", after all rounds", "")]:
        rows.append((title + note, mb(sizes["nginx"][1]), mb(sizes["gateway"][1]), goal,
                     mb(sizes["gateway"][1])))
    rows.append(("memory per open stream", f"{per_stream(fresh['nginx'], arguments):.1f} kB",
                 f"{per_stream(fresh['gateway'], arguments):.1f} kB", "", ""))
    idle, after = fresh["gateway"][0], loaded["gateway"][0]
    rows.append(("memory idle, and after all rounds", "", f"{mb(idle)}, {mb(after)}",
                 "<= 20 MB idle", mb(idle)))
    print("| what | nginx | gateway | goal | measured |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def memory_of_streams(bench, peers, processes, count):
    """Resident memory in kB, before and with that many open streams."""
    sizes = {}
    for peer, (port, path, peer_key) in peers.items():
        process = processes[peer]
        before = memory_kb(process.pid)
        held = bench.hold(port, path, peer_key, count)
        time.sleep(0.5)
        sizes[peer] = (before, memory_kb(process.pid))
        for it in held:
            it.close()
    return sizes


def per_stream(sizes, arguments):
    return (sizes[1] - sizes[0]) / arguments.streams


if __name__ == "__main__":
    main()
