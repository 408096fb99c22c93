#!/usr/bin/env bash
# The admin API against its own document: the document is valid OpenAPI, and every operation answers
# as it says, whatever is asked (Schemathesis). Takes about a minute.
# Installs both once, by the hashes of requirements.txt, into .make/admin.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v python3 >/dev/null; then
    echo "python3 is missing: Schemathesis needs it" >&2
    exit 1
fi

root=$(cd ../.. && pwd)
cache="$root/.make/admin"
mkdir -p "$cache"

# macOS has it by another name.
hash() { { command -v sha256sum >/dev/null && sha256sum || shasum -a 256; } | cut -c1-16; }
lock=$(hash <requirements.txt)
if [ "$(cat "$cache/lock" 2>/dev/null)" != "$lock" ]; then
    echo "installing Schemathesis"
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check \
        --require-hashes --no-deps -r requirements.txt
    echo "$lock" >"$cache/lock"
fi

target=${CARGO_TARGET_DIR:-$root/target}
"${CARGO:-cargo}" build --quiet --locked --manifest-path "$root/Cargo.toml" \
    -p droid-provider -p droid-testbed --bin droid-provider-cli --bin fake-upstream

export PYTHONDONTWRITEBYTECODE=1
"$cache/venv/bin/python" -m openapi_spec_validator "$root/docs/openapi.json"
python3 run.py "$target/debug" "$cache/venv/bin/st"
