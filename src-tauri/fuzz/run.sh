#!/bin/sh
# Builds every fuzz target and runs each for some seconds; `run.sh build` only builds.
#
#   run.sh [seconds]     default 60; exits 1 at the first finding, whose input it names
#   run.sh build
#
# The folder has the layout of `cargo fuzz`, which works here too but is not needed.
set -eu
cd "$(dirname "$0")"
fixtures=../protocol/tests/fixtures
targets="rpc_line sse stream request_edit encrypted_field translate_stream translate_request"

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly --profile minimal" >&2
    exit 2
fi
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

# What `cargo fuzz build` passes.
RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module \
-Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares \
-Cforce-frame-pointers ${RUSTFLAGS:-}"
export RUSTFLAGS
cargo +nightly build --release --target "$host" --bins
[ "${1:-}" = build ] && exit 0

# A target reads four bytes of how, then the input proper; the first byte is the dialect.
headed() { # target name dialect-number how
    mkdir -p "corpus/$1"
    { printf "\\00$3$4"; cat; } >"corpus/$1/seed-$2"
}

# The body in a fixture of a request: a member, indented by two.
body() { # file
    sed -n '/^  "body": {$/,/^  }/p' "$1" | sed -e '1s/.*/{/' -e '$s/.*/}/'
}

seed() {
    mkdir -p corpus/rpc_line
    number=0
    while IFS= read -r line; do
        number=$((number + 1))
        printf '%s\n' "$line" >"corpus/rpc_line/seed-$number"
    done <<'LINES'
{"jsonrpc":"2.0","method":"ping","params":null,"id":1}
{"jsonrpc":"2.0","method":"ping"}
[{"jsonrpc":"2.0","method":"init","id":"a\u0062"},{"jsonrpc":"2.0","id":null,"method":"x","params":[]},1]
{"jsonrpc":"2.0","method":"create_credential","id":-1.50,"params":{"auth_type":"api_key","config":{"name":"n","api_keys":["fk-1",{"encrypted_key":"00:00"}],"proxy":{"type":"socks5","host":"h","port":"1080"}}}}
{"id":1e400,"method":"a\"b","params":{"priority":100,"groups":["g"],"proxy":"http://u:p@h:1","subscriptionExpiresAt":"2026-11-21","tokenBudget":null,"keyStrategy":"random"}}
{"id":{},"method":7}
LINES
    number=0
    for dialect in anthropic responses chat gemini; do
        for file in "$fixtures/$dialect"/*.sse "$fixtures/$dialect"/*.json; do
            name=$dialect-$(basename "$file")
            headed stream "$name" "$number" '\001\007\100' <"$file"
            headed sse "$name" "$number" '\001\007\100' <"$file"
            headed translate_stream "$name" "$number" '\001\007\100' <"$file"
        done
        for file in "$fixtures/requests/$dialect"/*.json; do
            body "$file" | headed translate_request "$dialect-$(basename "$file")" "$number" ''
            for level in 0 3; do
                body "$file" |
                    headed request_edit "$dialect-$level-$(basename "$file")" "$number" \
                        "\\00$level\\001\\007"
            done
        done
        # Every member that a rule of some dialect names.
        headed request_edit "$dialect-all" "$number" '\003\001\007' <<'BODY'
{"model":"m","stream":false,"metadata":{"user_id":"u"},"temperature":1.0,"top_p":0.10,"top_k":1,
"system":"s","thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":1e400,"a":"\ud83d",
"context_management":{"edits":[{"type":"clear_thinking_1"}]},"tool_choice":{"type":"tool"},
"instructions":"i","reasoning":{"effort":"low"},"reasoning_effort":"low","stream_options":{},
"messages":[{"role":"developer","content":[{"type":"text","text":"d"}]}],"input":"x","contents":[],
"systemInstruction":{"parts":[{"text":"t"}]},"generationConfig":{"thinkingConfig":{}},"a":0.10}
BODY
        number=$((number + 1))
    done
    for kind in 0 1 2 3; do
        printf 'v2:00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff:00' |
            headed encrypted_field "$kind" 7 "\\0$kind\\011\\00$kind"
        printf '00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff' |
            headed encrypted_field "old-$kind" 7 "\\0$kind\\011\\00$kind"
    done
}

# SQLite's one big file has two static tables of one name, which is legal and looked at here.
export ASAN_OPTIONS="detect_odr_violation=0:${ASAN_OPTIONS:-}"
seconds=${1:-60}
seed
for target in $targets; do
    mkdir -p "artifacts/$target"
    echo "== $target for $seconds s"
    log=artifacts/$target.log
    if ! "target/$host/release/$target" -max_total_time="$seconds" -max_len=4096 -timeout=25 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="artifacts/$target/" \
        "corpus/$target" >"$log" 2>&1; then
        tail -n 60 "$log"
        echo "$target found something: the input is in $(pwd)/artifacts/$target" >&2
        exit 1
    fi
    grep -E 'number_of_executed_units|average_exec_per_sec|peak_rss_mb' "$log"
done
echo "nothing found"
