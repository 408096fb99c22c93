# Needs cargo, gcc and make; `make sdk` also python3, node and npm;
# `make ui` node and npm. `make` lists the targets.

CARGO ?= cargo
FUZZ_SECONDS ?= 60
TARGET := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help demo run check test bench bench-gateway bench-start load fuzz sdk ui ui-check ui-browser packaging package docs

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## play the plugin end to end on this machine, with a fake upstream
	$(CARGO) build --locked -p droid-provider -p droid-testbed --bin droid-provider-cli --bin demo
	@$(TARGET)/debug/demo

run: ## speak JSON-RPC with the plugin: type a line a message, end with Ctrl-D
	$(CARGO) build --locked --bin droid-provider-cli
	@$(TARGET)/debug/droid-provider-cli --json-rpc

check: ## formatting, lints, rustdoc: the quick part
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

test: check ## everything: the quick part, the build from src-tauri, every test
	cd src-tauri && $(CARGO) build --locked
	$(CARGO) test --workspace --locked
	tests/sdk/run.sh
	tests/admin/schemathesis.sh
	$(MAKE) ui-check ui-browser
	tests/packaging/run.sh
	$(MAKE) docs

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

ui: node_modules/.package-lock.json ## build the web page: for the host, and for the gateway to embed
	npm run build

ui-check: node_modules/.package-lock.json ## lint, type check, test and build the web page, and weigh it
	npm run check

ui-browser: node_modules/.package-lock.json ## both builds of the web page in a real browser
	tests/ui/run.sh

sdk: ## the official Python and JavaScript SDKs alone; needs python3, node and npm
	tests/sdk/run.sh

packaging: ## the zip, the services, the container and the workflows, as far as they can be tried here
	tests/packaging/run.sh

docs: ## the book of docs/ into target/book, with every link looked at; needs python3
	tests/book/run.sh

package: ui ## the plugin's zip with this platform's binary, installed once as the host does it
	$(CARGO) build --release --locked --bin droid-provider-cli
	python3 packaging/package.py --this $(TARGET)/release/droid-provider-cli --out $(TARGET)/package

# The benches a manifest names.
benches = $(shell sed -n '/^\[\[bench\]\]/{n;s/^name = "\(.*\)"/\1/p;}' $(1))

bench: ## measure everything, the gateway beside nginx last; needs a quiet machine, nginx, wrk and python3
	for it in $(call benches,Cargo.toml); do \
	    $(CARGO) bench --locked -p droid-provider --bench $$it || exit 1; done
	for it in $(call benches,src-tauri/protocol/Cargo.toml); do \
	    $(CARGO) bench --locked -p droid-protocol --bench $$it || exit 1; done
	$(MAKE) bench-gateway

bench-gateway: ## the gateway beside nginx as a plain reverse proxy; needs nginx, wrk and python3
	$(CARGO) build --release --locked -p droid-provider -p droid-testbed \
	    --bin droid-provider-cli --bin bench-upstream
	python3 tests/bench/gateway.py

bench-start: ui ## the release binary's size, its start to ready and its memory when idle; needs python3
	$(CARGO) build --release --locked --bin droid-provider-cli
	python3 tests/bench/start.py

load: ## thousands of streams at once and in a row, with full numbers
	DROID_LOAD=1 $(CARGO) test --release --locked --test load -- --nocapture --test-threads=1

fuzz: ## look for inputs that break it, FUZZ_SECONDS for each target; needs a nightly toolchain
	src-tauri/fuzz/run.sh $(FUZZ_SECONDS)
