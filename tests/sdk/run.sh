#!/usr/bin/env bash
# The official SDKs of Python and JavaScript: against every recorded answer in every dialect, then
# through the real binary, with replicas of coding agents. `run.sh fixtures` or `run.sh gateway` runs
# one half.
# Installs them once, by the hashes of the lock files, into .make/sdk and node_modules.
set -euo pipefail
cd "$(dirname "$0")"

for tool in python3 node npm; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing: the official SDKs need it" >&2
        exit 1
    fi
done

root=$(cd ../.. && pwd)
cache="$root/.make/sdk"
mkdir -p "$cache"

# macOS has it by another name.
hash() { { command -v sha256sum >/dev/null && sha256sum || shasum -a 256; } | cut -c1-16; }
lock=$(cat requirements.txt package.json package-lock.json | hash)
if [ "$(cat "$cache/lock" 2>/dev/null)" != "$lock" ]; then
    echo "installing the SDKs"
    rm -rf "$cache/venv" node_modules
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r requirements.txt
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    echo "$lock" >"$cache/lock"
fi

target=${CARGO_TARGET_DIR:-$root/target}
"${CARGO:-cargo}" build --quiet --locked --manifest-path "$root/Cargo.toml" \
    -p droid-provider -p droid-testbed \
    --bin droid-provider-cli --bin translated-fixtures --bin fake-upstream

export PYTHONDONTWRITEBYTECODE=1
half=${1:-both}
failed=0

if [ "$half" != fixtures ]; then
    python3 plan.py gateway >"$cache/gateway.json"
    "$cache/venv/bin/python" run_gateway.py "$target/debug" "$cache/gateway.json" || failed=1
fi
if [ "$half" = gateway ]; then
    exit "$failed"
fi

python3 plan.py fixtures >"$cache/fixtures.json"
servers=()
stop() { for it in "${servers[@]}"; do kill "$it" 2>/dev/null || true; done; }
trap stop EXIT

# A server for each language: `/last` tells of one client's last request.
start() { # start NAME
    "$target/debug/translated-fixtures" >"$cache/$1.address" &
    servers+=($!)
    until [ -s "$cache/$1.address" ]; do
        kill -0 $! 2>/dev/null || { echo "the server of fixtures did not start" >&2; exit 1; }
        sleep 0.05
    done
}
: >"$cache/python.address"
: >"$cache/node.address"
start python
start node

"$cache/venv/bin/python" run_python.py "$(cat "$cache/python.address")" "$cache/fixtures.json" &
python=$!
node run_node.mjs "$(cat "$cache/node.address")" "$cache/fixtures.json" || failed=1
wait "$python" || failed=1
exit "$failed"
