# `make` alone lists the commands. Everything they make is in .venv, .borgerpuls and output, all ignored by git.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help install demo up down clean test round check bench replica disclosure faults montecarlo

SEED ?= 1
ARGS ?=
BORGERPULS := .venv/bin/python -m borgerpuls

help: ## List the commands
	@echo "Borgerpuls: the cross-municipal citizen survey, one round at a time."
	grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: .venv/installed ## Make .venv from the locked requirements (done by the others when needed)

demo: .venv/installed ## Run a whole survey round in the sandbox, to printed reports (SEED=7: another country)
	@$(BORGERPULS) sandbox demo --seed "$(SEED)"

up: .venv/installed ## Start PostgreSQL, Airflow, the questionnaire and the sandbox gateways
	@$(BORGERPULS) sandbox up

down: .venv/installed ## Stop them; data and logs stay
	@$(BORGERPULS) sandbox down

clean: .venv/installed ## Stop them and remove their data, keys and logs; .venv and output stay
	@$(BORGERPULS) sandbox clean

test: .venv/installed-dev ## Run the whole test suite (ARGS="-k frame": a part of it)
	@export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
	.venv/bin/python -m pytest -n 2 --dist loadfile --ignore=tests/benchmarks --ignore=tests/round tests/faults tests $(ARGS)

round: .venv/installed-dev ## Test a small round through Airflow, each task run again, all searched for CPR numbers (long)
	@.venv/bin/python -m pytest tests/round $(ARGS)

bench: .venv/installed-dev ## Measure engine, questionnaire and fieldwork (some minutes): figures under docs
	@export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1
	.venv/bin/python -m pytest tests/benchmarks --timeout=3600 $(ARGS)
	$(BORGERPULS) sandbox speed

disclosure: .venv/installed ## Attack 500 random tables with planted leaks, and whole rounds (long): docs/figures
	@export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
	.venv/bin/python tests/estimation/whole_rounds.py
	.venv/bin/python tests/estimation/planted_leaks.py

replica: .venv/installed ## Set each of the pilot's 203 printed results beside a simulated round's (SEED=7: another one)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BORGERPULS) sandbox replica --seed "$(SEED)" $(ARGS)

faults: .venv/installed-dev ## Drill crashes and other faults (two hours; ARGS="T4 --share 0.1": some): docs/faults.md
	@$(BORGERPULS) sandbox faults --page docs/faults.md $(ARGS)

montecarlo: .venv/installed-dev ## Check the statistics by simulation (some minutes): docs/statistics-figures
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 .venv/bin/python tests/montecarlo/run.py $(ARGS)

check: .venv/installed-dev ## Run ruff and mypy
	@.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

# --- .venv ----------------------------------------------------------------------------------------------------------

define CHECK_PANGO
import ctypes, sys
libraries = ("libgobject-2.0.so.0", "libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz.so.0", "libfontconfig.so.1")
missing = []
for library in libraries:
    try:
        ctypes.CDLL(library)
    except OSError:
        missing.append(library)
if missing:
    sys.exit(
        "The reports are set with pango, which this machine lacks (" + ", ".join(missing) + ").\n"
        "On Debian or Ubuntu: sudo apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0"
    )
endef
export CHECK_PANGO

.venv/installed: requirements.txt requirements-build.txt pyproject.toml
	@python=""
	for name in "$${PYTHON:-python3.12}" python3.12 python3.11 python3; do
	    if "$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null
	    then python="$$name"; break; fi
	done
	if [ -z "$$python" ]; then
	    echo "Borgerpuls needs Python 3.11 or 3.12 with venv. On Debian or Ubuntu: sudo apt install python3 python3-venv" >&2
	    exit 1
	fi
	"$$python" -c "$$CHECK_PANGO"
	.venv/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv
	# The lock is complete: without --no-deps, an older pip looks for the newest release of `celery[redis]` and its like.
	echo "Installing the locked packages into .venv (about a minute) ..."
	.venv/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements.txt
	.venv/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-build.txt
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing the tools of the tests into .venv ..."
	.venv/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-dev.txt
	touch $@
