# make run    the server and, beside it, a demo that posts this machine's own load; Ctrl-C ends both
# make test   every test: the house rules, the unit tests, and the release binary against real clients
# make simulate SEEDS=n
#             the whole server on a simulated disk under a simulated clock, n times (docs/RELIABILITY.md)
# make faults the storage tests with every fault at every operation of the disk (docs/RELIABILITY.md)
# make bench  measures the server beside nginx, h2o and Redis, and writes what it finds into docs/PERFORMANCE.md;
#             ROWS=list says what, ROWS="get-1k post" picks, ROWS=all takes all; ROUNDS=5 SECONDS_A_ROUND=4
# make bench-micro
#             times parts alone: parser, codec, checksum, JSON, assembler
# make format lays the Swift files out as .swift-format says
#
# make test-asan  the unit tests under AddressSanitizer and LeakSanitizer; with END_TO_END=1 also the others
# make test-tsan  the same under ThreadSanitizer
# make fuzz TARGET=heads TIME=600  looks for inputs that break a target, a folder of Fuzz/Corpora, for so many seconds
# make fuzz-all TIME=20            the same for every target; TIME=0 runs what Fuzz/Corpora has, and looks for nothing new
#
# The tests of a full disk mount one: as root, or in a namespace of their own where the system lets users make some
# (unshare(1)).
#
# All install what is missing (packages.apt; a Python environment of the tests' own in .venv), ask nothing, and are
# quick when nothing is missing.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := run
.PHONY: run test simulate faults bench bench-micro build tidy unit end-to-end test-asan test-tsan fuzz fuzz-all fuzzer \
    format clean toolchain packages test-packages

python := .venv/bin/python
logs := .build/test-logs

# What the sanitizers may say, and what they do where they say something. SIGBUS ends the process, as it does otherwise; and
# what ends one is not to wait for Swift's own report, which walks through all that a sanitizer maps.
test-asan test-tsan: export SANITIZED = 1
test-asan test-tsan: export SWIFT_BACKTRACE = enable=no
export ASAN_OPTIONS ?= handle_sigbus=0
export LSAN_OPTIONS ?= suppressions=$(CURDIR)/Tests/lsan.supp:print_suppressions=0
export TSAN_OPTIONS ?= halt_on_error=1:handle_sigbus=0:suppressions=$(CURDIR)/Tests/tsan.supp
TIME ?= 60

# Benchmarks/Micro/Sources is a link to Sources.
swift-files := Package.swift Sources Tests Fuzz Benchmarks/Micro/Package.swift Benchmarks/Micro/Benchmarks

run: toolchain
	@scripts/install-packages build serve
	swift build --configuration release --product syncstreamer
	@scripts/run

# The quick checks come first. The last lines are the counts, so that they can be read off a long log.
test: toolchain test-packages
	@rm -rf $(logs) && mkdir -p $(logs)
	$(MAKE) --no-print-directory tidy
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory end-to-end
	@scripts/summarize $(logs)

build: toolchain packages
	swift build --configuration release --product syncstreamer

tidy: .venv/installed
	@mkdir -p $(logs)
	swift format lint --strict --recursive --parallel $(swift-files)
	docker-compose --file docker-compose.yml --profile cache config --quiet
	$(python) -m pytest Tests/Tidy 2>&1 | tee $(logs)/tidy.log

unit: packages
	@mkdir -p $(logs)
	swift build --build-tests
	swift test --skip-build 2>&1 | tee $(logs)/unit.log

end-to-end: build .venv/installed
	@mkdir -p $(logs)
	$(python) -m pytest Tests/EndToEnd Tests/Attack Tests/Web 2>&1 | tee $(logs)/end-to-end.log

test-asan: toolchain packages
	$(call sanitized,address,asan)

test-tsan: toolchain packages
	$(call sanitized,thread,tsan)

# The unit tests, built apart under a sanitizer (its name, then its folder and log); then the others on a release binary
# that is built so, but for those that count allocations, which a sanitizer sees to itself.
define sanitized
@mkdir -p $(logs)
swift build --build-tests --sanitize=$(1) --scratch-path .build/$(2)
SIMULATION_SEEDS=50 swift test --skip-build --sanitize=$(1) --scratch-path .build/$(2) 2>&1 | tee $(logs)/unit-$(2).log
$(if $(END_TO_END),swift build --configuration release --product syncstreamer --sanitize=$(1) --scratch-path .build/$(2)
$(MAKE) --no-print-directory .venv/installed
SYNCSTREAMER_PROGRAM=$(CURDIR)/.build/$(2)/release/syncstreamer $(python) -m pytest -m "not counts_allocations" \
    Tests/EndToEnd Tests/Attack Tests/Web 2>&1 | tee $(logs)/end-to-end-$(2).log)
endef

fuzz: fuzzer
	@[[ -n "$(TARGET)" ]] || { echo "make fuzz TARGET=name; there are:" $$(ls Fuzz/Corpora) >&2; exit 1; }
	@scripts/fuzz $(TIME) $(TARGET)

fuzz-all: fuzzer
	@scripts/fuzz $(TIME)

# AddressSanitizer too, since what the fuzzer reaches of zlib and of Bytes is not checked by the compiler.
fuzzer: toolchain packages
	SYNCSTREAMER_FUZZ=1 swift build --configuration release --sanitize=address --scratch-path .build/fuzz --product fuzz

# A release build with what tests may see, in a folder of its own.
SEEDS ?= 10000
FIRST ?= 1
simulated := --configuration release --scratch-path .build/simulation -Xswiftc -enable-testing

simulate: packages
	swift build --build-tests $(simulated)
	SIMULATION_SEEDS=$(SEEDS) SIMULATION_FIRST=$(FIRST) \
	    swift test --skip-build $(simulated) --filter SimulationTests

faults: packages
	swift build --build-tests $(simulated)
	FAULTS=all swift test --skip-build $(simulated) --filter 'FaultTests|aRepairCanBeInterrupted'

ROUNDS ?= 5
SECONDS_A_ROUND ?= 4

bench: build
	@scripts/install-packages bench
	python3 -m Benchmarks --rounds $(ROUNDS) --seconds $(SECONDS_A_ROUND) $(ROWS)

bench-micro: toolchain packages
	cd Benchmarks/Micro && swift package --disable-sandbox benchmark

format:
	swift format --in-place --recursive --parallel $(swift-files)

clean:
	rm -rf .build Benchmarks/Micro/.build .venv

toolchain:
	@scripts/check-toolchain

packages:
	@scripts/install-packages build

test-packages:
	@scripts/install-packages build test

.venv/installed: Tests/requirements.txt
	@scripts/install-packages test
	python3 -m venv --clear .venv
	$(python) -m pip install --quiet --disable-pip-version-check --requirement Tests/requirements.txt
	@touch $@
