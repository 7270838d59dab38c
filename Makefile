# make run    the server and, beside it, a demo that posts this machine's own load; Ctrl-C ends both
# make test   every test: the house rules, the unit tests, and the release binary against real clients
# make format lays the Swift files out as .swift-format says
#
# Both install what is missing (packages.apt; a Python environment of the tests' own in .venv), ask nothing, and are
# quick when nothing is missing.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := run
.PHONY: run test build tidy unit end-to-end format clean toolchain packages test-packages

python := .venv/bin/python
logs := .build/test-logs

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
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	docker-compose --file docker-compose.yml config --quiet
	$(python) -m pytest Tests/Tidy 2>&1 | tee $(logs)/tidy.log

unit: packages
	@mkdir -p $(logs)
	swift build --build-tests
	swift test --skip-build 2>&1 | tee $(logs)/unit.log

end-to-end: build .venv/installed
	@mkdir -p $(logs)
	$(python) -m pytest Tests/EndToEnd 2>&1 | tee $(logs)/end-to-end.log

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build .venv

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
