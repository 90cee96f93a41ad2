# The front door. On a fresh Debian machine `make run` and `make test` install what they need themselves.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PRODUCTS := sidelight-agent sidelight-broker sidelight
DEBUG_INFO ?= -Xswiftc -gnone
# No path of this folder in what is built: two clones make the same bytes (make image-reproducible). Nor a hash that the
# compiler would keep of each module to compile less the next time.
RELEASE_FOLDER = $(shell .ci/release-folder)
PREFIXES = $(CURDIR)=/sidelight $(RELEASE_FOLDER)=/sidelight/.build
RELEASE = -c release --scratch-path $(RELEASE_FOLDER) $(DEBUG_INFO) \
  $(foreach map,$(PREFIXES),-Xswiftc -file-prefix-map -Xswiftc $(map) -Xcc -ffile-prefix-map=$(map) -Xcxx -ffile-prefix-map=$(map)) \
  -Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen
# Two cores: the linker and the compiler are asked for no more.
SWIFT_BUILD := swift build

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the packages that building and testing need (apt; as root or through sudo)
	@.ci/setup

.PHONY: build
build: setup ## Release products in .build/release: sidelight, sidelight-agent, sidelight-broker
	@test -n "$(RELEASE_FOLDER)"
	@for product in $(PRODUCTS); do $(SWIFT_BUILD) $(RELEASE) --product $$product; done
	@.build/release/sidelight-agent system-calls --digests | diff profiles/digests.json - || \
	  { echo "build: these filters are not those of profiles/digests.json; see 'make profiles'" >&2; exit 1; }
	@ls -l $(addprefix .build/release/,$(PRODUCTS))

.PHONY: run
run: build ## Look into a real workload through the whole chain, and see a request refused
	@docs/tour/run .build/release

.PHONY: test
test: setup ## All tests
	@$(SWIFT_BUILD) --build-tests
	@PATH="$(CURDIR)/.build/python/bin:$$PATH" .ci/test

.PHONY: check
check: setup ## Format, lint, import law, documents, generated files
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@.ci/imports
	@.ci/documents
	@.ci/manifests

.PHONY: fuzz
fuzz: setup ## Every parser of hostile bytes under libFuzzer, a minute each (SECONDS_EACH=60, TARGETS="stat token")
	@SECONDS_EACH=$(or $(SECONDS_EACH),60) .ci/fuzz $(TARGETS)

.PHONY: bench
bench: setup ## Throughput of the line masker, its worst inputs, time against size; fails below a floor (QUICK=1)
	@SIDELIGHT_BENCH=1 $(SWIFT_BUILD) -c release --product Benchmarks --scratch-path .build/bench
	@.build/bench/release/Benchmarks $(if $(QUICK),--quick)

.PHONY: format
format: ## Rewrite the sources in the project's format
	@swift format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: profiles
profiles: setup ## Write profiles/ from the table of system calls
	@for product in sidelight sidelight-agent; do $(SWIFT_BUILD) --product $$product; done
	@.build/debug/sidelight profile write profiles
	@.build/debug/sidelight-agent system-calls --digests > profiles/digests.json

.PHONY: image
image: build ## Images of agent and broker from scratch with buildah, and their bills of materials
	@.ci/setup image
	@images/build .build/release

.PHONY: image-reproducible
image-reproducible: setup ## Builds the images twice, from two clean clones in different folders, and compares them
	@.ci/setup image
	@images/reproducible

.PHONY: pod-test
pod-test: image ## The agent's image beside real servers in pods (podman and runc, as root)
	@.ci/setup pods
	@Tests/Pods/run

.PHONY: cluster-test
cluster-test: build ## deploy/ on the cluster that KUBECONFIG names; what it needs there: docs/operations.md
	@Tests/Cluster/run

.PHONY: clean
clean: ## Remove what was built
	@rm -rf "$(RELEASE_FOLDER)" .build
