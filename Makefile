# The front door: `make` lists the commands. What is built how stands in meson.build.
SECONDS ?= 30
FUZZ_SECONDS ?= 60
ENGINE ?= etcd
BUILD := build
PLAIN := $(BUILD)/plain

.DEFAULT_GOAL := help
.PHONY: help deps build run run-farm test check asan tsan valgrind fuzz sim bench format lint browser deb deb-test ci install clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what is missing (asks apt-get; touches no service)
	@tools/deps

build: deps ## build everything into build/plain
	@tools/variant plain

run: build ## show the main job on real servers (SECONDS=30 bounds it)
	@tools/run $(PLAIN) $(SECONDS)

run-farm: SECONDS = 60
run-farm: build ## five hosts share keys (SECONDS=60, ENGINE=etcd, peers, multicast or directory)
	@tools/run-farm $(PLAIN) $(SECONDS) $(ENGINE)

test: deps ## all tests: plain, and under the address, undefined and thread sanitizers
	@tools/test plain asan tsan

check: deps ## the tests of the plain build alone
	@tools/test plain

asan: deps ## tests under the address and undefined-behaviour sanitizers
	@tools/test asan

tsan: deps ## tests under the thread sanitizer
	@tools/test tsan

valgrind: deps ## unit tests under valgrind, with secrets marked unknown
	@tools/test valgrind

fuzz: deps ## each fuzz target for FUZZ_SECONDS
	@tools/fuzz $(FUZZ_SECONDS)

sim: build ## farms of simulated hosts, random ones, for SECONDS (SEED=N repeats one alone)
	@STEK_SECONDS=$(SECONDS) $(if $(SEED),STEK_SEED=$(SEED)) $(PLAIN)/tests/sim/test_sim

bench: build ## one table of figures: what is reached, and what is aimed at
	@tools/bench $(PLAIN)

browser: ## the status page in a real browser (installs chromium); pictures in build/browser
	@tools/browser

deb: deps ## Debian packages, into build/deb, looked at by lintian
	@tools/deps deb
	@tools/deb

deb-test: deb ## install, upgrade and purge them in minimal roots, one booted by systemd (needs root)
	@tests/packages/test.sh

lint: deps ## what clang-tidy, cppcheck, gcc -fanalyzer, shellcheck and clang-format find
	@tools/lint

ci: deps ## tests, sanitizers, valgrind, lint, a browser, packages, and each fuzz target for FUZZ_SECONDS
	@tools/ci $(FUZZ_SECONDS)

format: ## let clang-format lay out the C files
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: build ## install under the prefix given to meson (DESTDIR is heeded)
	@meson install -C $(PLAIN)

clean: ## remove what was built (unpacked servers stay)
	@rm -rf $(PLAIN) $(BUILD)/asan $(BUILD)/tsan $(BUILD)/valgrind $(BUILD)/fuzz $(BUILD)/lint $(BUILD)/browser $(BUILD)/deb
