# Berth. `make run` shows it, `make test` proves it.

BIN     := $(CURDIR)/bin
PREFIX  ?= $(HOME)/.local
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X github.com/berth-sh/berth/cli.version=$(VERSION))

.PHONY: help build sandbox run test unit soak lint fmt bench install clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: program sandbox ## build bin/berth, bin/berth-connect and bin/berth-sandbox

.PHONY: program
program:
	@echo "building berth"
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ . ./tunnel/berth-connect

sandbox: ## build the sandbox alone (about five minutes the first time)
	@scripts/build-sandbox $(BIN)/berth-sandbox

.PHONY: realnode
realnode: ## build what the tests on a real node need (Linux, as root)
	@scripts/setup realnode
	@scripts/build-realnode $(BIN)/realnode

run: build ## build, start the sandbox and open the program
	@scripts/run $(BIN)

test: ## everything: formatting, lint, unit, integration and end-to-end tests
	@scripts/test all

unit: ## the tests that need no sandbox
	@go test ./...

soak: ## what make test tries a little of, many times: 10,000 ssh configs, 1,000,000 hostile names (about half an hour)
	@scripts/soak

lint: ## formatting and lint of every module
	@scripts/test lint

fmt: $(BIN)/tools/golangci-lint ## format every module
	@for m in . sandbox; do (cd $$m && $(BIN)/tools/golangci-lint fmt); done

bench: build ## print the measures, each with the command behind it
	@scripts/bench $(BIN)
	@go test ./tui/term ./tui -run '^$$' -bench 'Cat|Redraw|KeyToFrame' -benchtime 20x | grep '^Benchmark'
	@go test ./cli -run '^$$' -bench ShellCut -benchtime 1x | grep '^Benchmark'
	@go test ./tunnel/transfer -run '^$$' -bench Copy -benchtime 7x | grep '^Benchmark'
	@BERTH_BIN=$(BIN) BERTH_TEST_KUBECONFIG=/dev/null go test ./cli -run '^$$' -bench 'Crowd|KeysWhileRowsChange' -benchtime 1x -timeout 40m | grep '^Benchmark'
	@scripts/test realnode bench
	@scripts/bench-tunnel

install: build ## install the programs below PREFIX (~/.local)
	@install -d $(PREFIX)/bin
	@install -m 755 $(BIN)/berth $(BIN)/berth-connect $(BIN)/berth-sandbox $(BIN)/berth-sandbox-pod $(PREFIX)/bin/
	@echo "installed in $(PREFIX)/bin"

clean: ## remove what was built; the sandbox's data is left alone
	@rm -rf $(BIN) $(CURDIR)/out

$(BIN)/tools/golangci-lint: tools/go.mod
	@echo "building the linters: a few minutes the first time"
	@cd tools && go build -o $(BIN)/tools/ tool
