#!/usr/bin/env bash
# Builds the book in docs/ into target/book and looks at every link of what was built. Takes the
# mdbook on the search path, else installs one into target/book-tools (a second, through pip).
set -euo pipefail
cd "$(dirname "$0")/../.."

mdbook=$(command -v mdbook || true)
if [ -z "$mdbook" ]; then
    tools=target/book-tools
    wanted=$(sha256sum tests/book/requirements.txt 2>/dev/null || shasum -a 256 tests/book/requirements.txt)
    if [ "$(cat "$tools/installed" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$tools"
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
            --require-hashes -r tests/book/requirements.txt
        echo "$wanted" >"$tools/installed"
    fi
    mdbook=$PWD/$tools/bin/mdbook
fi

rm -rf target/book
said=$("$mdbook" build 2>&1) || { echo "$said" >&2; exit 1; }
if grep -E 'WARN|ERROR' <<<"$said" >&2; then
    echo "the book builds with warnings" >&2
    exit 1
fi
python3 tests/book/check.py target/book
