#!/usr/bin/env bash
# Both builds of the web page in Debian's Chromium, against the real binary and a fake upstream.
# `tests/ui/run.sh host` runs the files whose name begins so.
set -euo pipefail
cd "$(dirname "$0")/../.."

chromium=${CHROMIUM:-/usr/bin/chromium}
if ! [ -x "$chromium" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-wqy-microhei
    else
        echo "Chromium is missing: install it, or name it in CHROMIUM" >&2
        exit 1
    fi
fi
[ -d node_modules ] || npm ci --no-audit --no-fund
cargo build --locked -p droid-provider -p droid-testbed --bin droid-provider-cli --bin fake-upstream
npm run build
node --test --test-concurrency=1 tests/ui/"${1:-}"*.test.mjs
