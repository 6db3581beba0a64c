# make build    the program, in bin/
# make demo     a whole warehouse in one process, board on http://127.0.0.1:8080
# make test     every test
# make check    exactly what CI runs before the demo
# make bench    the numbers of the design, against floors of the same run
# make fuzz     every fuzz test for FUZZTIME
# make soak     everything killed, cut off, slowed and filled at random for SOAK; SEED=n repeats one
# make brokers  every trial against mosquitto, NATS, a NATS cluster and our own broker
# make rig      the program against real drivers, in an emulated machine
# make powercut the emulated machine loses its power CUTS times, and no scan
# make oracle   what we read of codes, compared with what other programs read

SHELL := /bin/bash -o pipefail
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# The HID library is C: without cgo it builds and finds nothing. NO_ICONV: with
# glibc's conversion, names and serial numbers come back empty where its
# modules are not installed. Both are part of what we ship, so they are here.
export CGO_ENABLED := 1
export CGO_CFLAGS := -O2 -g -DNO_ICONV

DURATION ?= 0
FUZZTIME ?= 20s
BENCHTIME ?= 1s
SOAK ?= 30m
SEED ?= 0
CUTS ?= 200
CONTROL ?= 3
# Two packages at a time: tests with real disks, brokers and browsers that
# share two cores with more than that begin to fail for lack of time.
TEST := $(GO) test -p 2 -timeout 8m

.PHONY: all build demo tools test check bench fuzz soak brokers rig powercut oracle clean
all: build

build:
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/scanpost ./cmd/scanpost

demo: build
	bin/scanpost demo --duration $(DURATION)

# Never fails; says in one line which tests will be skipped, and why.
tools:
	@deploy/test-tools.sh

test: tools
	$(TEST) ./...

check: tools
	@echo '== format'; bad=$$(gofmt -l .) && [ -z "$$bad" ] || { echo "gofmt -w $$bad"; exit 1; }
	@echo '== module files'; $(GO) mod tidy -diff
	@echo '== generated files'; deploy/generated.sh
	@echo '== vet'; $(GO) vet ./...
	@echo '== staticcheck'; $(GO) tool staticcheck ./...
	@echo '== tests, with cgo and the race detector'; $(TEST) -race ./...
	@echo '== without cgo'; export CGO_ENABLED=0; $(GO) build ./... && $(GO) vet ./... && $(TEST) -short ./...
	@echo '== the program'; $(MAKE) --no-print-directory build
	@$(GO) version -m bin/scanpost | grep -q 'CGO_ENABLED=1' || { echo 'bin/scanpost was built without cgo and would find no HID device'; exit 1; }

bench:
	$(GO) test -p 1 -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -timeout 60m ./...

fuzz:
	@grep -rHoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sort | while IFS=: read -r file func; do \
		name=$${func#func }; echo "== $$name in $$(dirname $$file)"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s "$$(dirname $$file)" </dev/null || exit 1; \
	done

soak:
	$(GO) test ./cmd/e2e -run '^TestSoak$$' -v -count=1 -timeout 0 -soak $(SOAK) -seed $(SEED) | grep -v level=

# The figures of docs/brokers.md; make test runs these trials too, most of them
# without the cluster.
brokers: tools
	$(GO) test -count=1 -timeout 20m -v ./cmd/e2e/brokers -all

# Installs and skips by itself; see docs/rig.md.
rig:
	@devices/rig/run.sh $(RIGFLAGS)

# First CONTROL cuts with a disk that is never told to flush, which have to lose
# scans, then CUTS that must not. SEED=0 takes another seed each time. See
# docs/loss.md; ten take one to three minutes.
powercut:
	@RIG_PACKAGE=./devices/rig/powercut RIG_ARGS='-cuts $(CUTS) -control $(CONTROL) -seed $(SEED)' devices/rig/run.sh -timeout 12h $(RIGFLAGS)

# Installs outside of the repository, and skips without Node.
oracle:
	@GO="$(GO)" scan/identity/oracle/run.sh $(ORACLEFLAGS)

clean:
	rm -rf bin
