# `make help` lists what there is. Needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AUDIT := .venv-audit
BENCH := .venv-bench

CAD ?=
AGENCY ?= $(if $(CAD),agencies/new-york,agencies/ottawa)
SPEED ?= 60
PORT ?= 8000
FROM ?=
HOURS ?=
SEED ?= 1
SEEDS ?=
MINUTES ?=
FRESH ?=
DOOR ?=
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help run fresh test check unit test-deep test-year bench chaos fuzz mutations chromium lock format audit sbom

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.local ## Everything in a box: plays a generated day, or a log (CAD= AGENCY= SPEED= FROM= HOURS= PORT=)
	@$(BIN)/communityconnect run $(if $(CAD),--cad "$(CAD)") --agency "$(AGENCY)" --speed "$(SPEED)" --port "$(PORT)" \
		$(if $(FROM),--from "$(FROM)") $(if $(HOURS),--hours "$(HOURS)")

fresh: $(VENV)/.local ## Forget what earlier runs left
	@$(BIN)/communityconnect forget

test: $(VENV)/.test chromium check unit ## Everything that must hold before a commit lands

check: $(VENV)/.test ## Format, lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.test chromium ## The tests alone
	$(BIN)/python -m pytest

test-deep: $(VENV)/.test chromium ## What takes long: whole logs through the simulation (half an hour or more)
	$(BIN)/python -m pytest -m deep -n 0 -s

test-year: $(VENV)/.test ## A generated year's calls through the real service, each accounted for; goes on where it was stopped (PART=2/6 MINUTES= FRESH=1)
	@$(BIN)/python -m tests.year $(if $(PART),--part "$(PART)") $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(FRESH),--fresh)

bench: $(VENV)/.test $(if $(DBOS),$(BENCH)/.made) ## Measure the service beside the bare engine and two plain tables (hours; goes on where it stopped; CASE= ROUNDS= RESULTS= DBOS=1)
	$(BIN)/python -m benchmarks $(if $(CASE),--case "$(CASE)") $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(RESULTS),--results "$(RESULTS)")

chaos: $(VENV)/.test ## Strike everything while a day is played, then compare (SEED= or SEEDS=1-20, CAD=, MINUTES=10)
	@$(BIN)/python -m tests.chaos $(if $(SEEDS),--seeds "$(SEEDS)",--seed "$(SEED)") $(if $(CAD),--cad "$(CAD)") \
		--minutes "$(or $(MINUTES),10)"

mutations: $(VENV)/.test ## Break lines on purpose, in a copy, and see a test go red for each (a quarter of an hour)
	$(BIN)/python -m tests.mutations

fuzz: $(VENV)/.test ## Fuzz every door, or one, for so many seconds each (DOOR= SECONDS=); Linux on x86-64, Python before 3.13
	$(BIN)/python -m tests.fuzz.run $(SECONDS) $(DOOR)

format: $(VENV)/.test ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: $(VENV)/.test $(AUDIT)/.made ## Known vulnerabilities of what is locked (asks PyPI), and all licences
	@$(BIN)/python -m tests.supply_chain
	@echo
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/service.txt || { \
		echo "Either a vulnerability stands above, or PyPI could not be asked about all of it: then nothing is known." >&2; exit 1; }

sbom: $(AUDIT)/.made ## What the service is made of, as CycloneDX: sbom/communityconnect.json
	@mkdir -p sbom
	@$(AUDIT)/bin/cyclonedx-py requirements requirements/service.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible --of JSON -o sbom/communityconnect.json
	@echo "sbom/communityconnect.json"

chromium: ## The browser that the page tests drive, from the distribution
	@command -v chromium >/dev/null || { \
		if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
			echo "Installing Chromium …"; apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
		else echo "The page tests need Chromium; install it (on Debian: sudo apt-get install chromium)" >&2; exit 1; fi; }

lock: $(VENV)/.made ## Compile requirements/*.in into pinned files with hashes
	$(BIN)/pip install --quiet uv
	for part in service local test audit bench; do \
		case $$part in local|bench) same="-c requirements/service.txt";; test) same="-c requirements/local.txt";; *) same=;; esac; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate $$same \
			--custom-compile-command "make lock" requirements/$$part.in -o requirements/$$part.txt; done

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; choose one with: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make an environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.local: requirements/local.txt pyproject.toml | $(VENV)/.made
	@echo "Installing what the demonstration needs into $(VENV), a minute or so …"
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/local.txt
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml | $(VENV)/.made
	@echo "Installing what the tests need into $(VENV), a minute or so …"
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.local $@

# Apart from the rest: its own requirements are not those of the service or of the tests.
$(AUDIT)/.made: requirements/audit.txt
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

# What is measured beside ours has libraries of its own.
$(BENCH)/.made: requirements/bench.txt
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@
