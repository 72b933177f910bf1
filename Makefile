# make setup | test | docs | fault-test | serve | benchmark | accuracy | example | pictures | lock |
# clean.
# Needs git, make and Python 3.11 to 3.13.

SHELL := bash
BIN := .venv/bin
# The stamp carries the content of what was installed, so that a second call starts at once.
CONTENT := $(shell cat requirements.lock pyproject.toml .ci/setup | cksum | tr ' ' '-')
STAMP := .venv/.installed-$(CONTENT)

.PHONY: setup test docs fault-test serve benchmark accuracy example pictures lock clean

setup: $(STAMP)

$(STAMP):
	@PYTHON="$(PYTHON)" .ci/setup
	@rm -f .venv/.installed-*
	@touch $@

test: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

# The documentation site, in build/site; links within it are checked, and warnings are errors.
docs: $(STAMP)
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs/site . build/site
	@echo "docs: build/site/docs/site/index.html"

# Real servers, workers and runs, killed and restarted; at most 20 minutes.
fault-test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m faults tests/faults

# Prefect on this machine: docs/scheduling.md.
serve: $(STAMP)
	scripts/serve.sh

benchmark: $(STAMP)
	$(BIN)/maskrnn benchmark --dataset synthetic --preset fast

# The figures of docs/accuracy.md: make accuracy DAVIS=folder [PARTS="accurate oneshot"]; hours.
accuracy: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" scripts/accuracy.sh $(DAVIS) $(PARTS)

# The animated picture and the screenshot of README.md, from the run of `make benchmark`. Needs
# chromium (Debian: apt-get install chromium).
example: $(STAMP)
	$(BIN)/maskrnn benchmark --dataset synthetic --preset fast --run-id example
	$(BIN)/python scripts/draw_example.py example

# The pictures of the documentation, drawn from the code.
pictures: $(STAMP)
	$(BIN)/python scripts/structure.py --draw docs/images/rooms.png
	$(BIN)/python scripts/draw_network.py docs/images/network.png

# Hashes, no host names; one file for Python 3.11 to 3.13.
lock: $(STAMP)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --extra dev pyproject.toml \
	  -o requirements.lock

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
