# The front door. On a fresh Debian machine `make run` and `make test` install what they need themselves.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PRODUCTS := sidelight-agent sidelight-broker sidelight
DEBUG_INFO ?= -Xswiftc -gnone
# Two cores: the linker and the compiler are asked for no more.
SWIFT_BUILD := swift build

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install the packages that building and testing need (apt; as root or through sudo)
	@.ci/setup

.PHONY: build
build: setup ## Release products in .build/release: sidelight, sidelight-agent, sidelight-broker
	@for product in $(PRODUCTS); do $(SWIFT_BUILD) -c release $(DEBUG_INFO) --product $$product; done
	@strip --strip-all .build/release/sidelight-agent
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

.PHONY: format
format: ## Rewrite the sources in the project's format
	@swift format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: profiles
profiles: setup ## Write profiles/ from the table of system calls
	@$(SWIFT_BUILD) --product sidelight
	@.build/debug/sidelight profile write profiles

.PHONY: image
image: build ## The agent's image with buildah, from scratch: localhost/sidelight-agent
	@command -v buildah >/dev/null || .ci/setup image
	@buildah bud --isolation chroot --tag localhost/sidelight-agent:latest -f images/agent/Containerfile .build/release
	@buildah images localhost/sidelight-agent

.PHONY: clean
clean: ## Remove what was built
	@rm -rf .build
