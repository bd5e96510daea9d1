# make local [ARGS="--port 8001"]   the API on this machine, with an emulator, tables and demo data
# make fast-forward [ARGS="--days 7"]   the jobs of the last days, in seconds
# make reset                        delete the local data
# make check                        all that judges the code without running it: style, format, types, imports, words, sizes
# make test [ARGS="-k name"]        the tests; ARGS=--cov measures the coverage, too
# make test ARGS=--soak             the tests, with a soak of five minutes of each server; ARGS=--soak=60: of an hour
# make test-all                     the tests on each Python from 3.11 to 3.14 that is on this machine
# make rehearse                     the deployment on an emulator; make rehearse-faults: and whether it notices what is missing
# make rehearse-chalice             the same for the other way: make chalice-deploy STAGE=dev, make chalice-delete
# make bench [ARGS="peers"]         measure everything, or one section, side by side
# make deploy STAGE=dev             package, upload and deploy [ARGS="--email me@example.com"]; then rollback, releases, delete
# make restore STAGE=prod AT=...    all tables as they were at that instant; then switch and delete-generation (GENERATION=)
# make first-key STAGE=dev          a key for the stage's first operator, shown once
# make python                       print the Python that has everything
# make lock                         requirements.lock again, after a change of requirements.txt
# make clean                        delete the virtual environments and everything local

# On Linux the system's Python first: the tests take three quarters of the CPU with it (measured), since distributions
# compile it with profile-guided optimization, which pyenv leaves out unless it is told otherwise. PYTHON=... chooses
# another one for a new environment.
PYTHON := $(shell for python in $(if $(filter Linux,$(shell uname)),/usr/bin/python3) \
	python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys, venv; from importlib.util import find_spec; \
	sys.exit(sys.version_info < (3, 11) or not (find_spec("pip") or find_spec("ensurepip")))' \
	2>/dev/null && echo "$$python" && break; done)

ifeq ($(PYTHON),)
$(error Python 3.11 or newer with pip or ensurepip is needed, and none is on the PATH (tried python3 and python3.11 to python3.14))
endif

# Outside the checkout: Chalice looks at every file in it every second, 20 % of a core with a venv inside.
CACHE := $(shell $(PYTHON) -c 'import hashlib, os; \
	root = hashlib.sha256(os.path.realpath(os.curdir).encode()).hexdigest()[:12]; \
	base = os.environ.get("XDG_CACHE_HOME", ""); \
	base = base if os.path.isabs(base) else os.path.join(os.path.expanduser("~"), ".cache"); \
	print(os.path.join(base, "serverless-crm", root))')
VENV ?= $(CACHE)/venv
ifneq ($(words $(VENV)),1)
$(error The virtual environment must be one path without spaces, not "$(VENV)". Choose another with VENV=...)
endif
BIN := $(VENV)/bin
LOCAL := $(VENV)/.requirements-local
STAMP := $(VENV)/.requirements
VERSIONS := 3.11 3.12 3.13 3.14
ARGS ?=
# Even where the environment says that none is written: a start takes seconds longer without it, and the tests start more
# than a hundred processes of ours. Outside the checkout, where each new file restarts the server.
KEEP_BYTECODE := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CACHE)/bytecode"

.PHONY: local fast-forward reset break mend check lock test test-all rehearse rehearse-chalice rehearse-faults bench package deploy first-key \
	rollback releases delete delete-data restore switch delete-generation resources chalice-deploy chalice-delete policies python clean

local: $(LOCAL)
	$(KEEP_BYTECODE) "$(BIN)/chalice" local $(ARGS)

fast-forward: $(LOCAL)
	$(KEEP_BYTECODE) "$(BIN)/python" -m localdev fast-forward $(ARGS)

reset: $(LOCAL)
	"$(BIN)/python" -m localdev reset

# For docs/tour.md: have the job JOB of the local server fail, and work again.
break mend: $(LOCAL)
	"$(BIN)/python" -m localdev $@ $(or $(JOB),$(error Say which job, such as: make $@ JOB=low_stock))

# The caches are outside the checkout, for the same reason as the virtual environment.
check: $(STAMP)
	"$(BIN)/ruff" check --cache-dir "$(CACHE)/ruff" .
	"$(BIN)/ruff" format --cache-dir "$(CACHE)/ruff" --check .
	"$(BIN)/mypy" --cache-dir "$(CACHE)/mypy"
	"$(BIN)/lint-imports" --cache-dir "$(CACHE)/import-linter"
	"$(BIN)/python" -m pytest -q -n 0 tests/test_code_rules.py

test: $(STAMP)
	$(KEEP_BYTECODE) "$(BIN)/python" -m pytest $(ARGS)

# pyenv has one command per version, which fails unless that version is chosen. So its own directories come first.
test-all: $(STAMP)
	@set -e; for version in $(VERSIONS); do \
		pyenv=$$(printf '%s:' "$${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version".*/bin); \
		if python=$$(PATH="$$pyenv$$PATH" "$(BIN)/uv" python find --no-python-downloads "$$version" 2>/dev/null); then \
			echo "Python $$version:"; \
			$(MAKE) test PYTHON="$$python" VENV="$(CACHE)/venv-$$version"; \
		else \
			echo "Python $$version: left out, since it is not on this machine"; \
		fi; \
	done

rehearse: $(STAMP)
	"$(BIN)/python" -m deploy.rehearsal

rehearse-chalice: $(STAMP)
	"$(BIN)/python" -m deploy.rehearsal chalice

rehearse-faults: $(STAMP)
	REHEARSE=1 "$(BIN)/python" -m pytest -n 1 tests/deploy/test_rehearsal.py $(ARGS)

bench: $(STAMP)
	"$(BIN)/python" -m benchmarks $(ARGS)

package: $(STAMP)
	"$(BIN)/python" -m deploy package --stage "$(STAGE)" --out "$(CACHE)/package-$(STAGE)" $(ARGS)

# With the caller's AWS credentials and region.
deploy: $(STAMP)
	"$(BIN)/python" -m deploy up --stage "$(STAGE)" $(ARGS)

first-key: $(STAMP)
	"$(BIN)/python" -m deploy first-key --stage "$(STAGE)" $(ARGS)

rollback releases: $(STAMP)
	"$(BIN)/python" -m deploy $@ --stage "$(STAGE)" $(if $(RELEASE),--release "$(RELEASE)") $(ARGS)

delete: $(STAMP)
	"$(BIN)/python" -m deploy down --stage "$(STAGE)" $(ARGS)

delete-data: $(STAMP)
	"$(BIN)/python" -m deploy delete-data --stage "$(STAGE)" --confirm "$(CONFIRM)" $(ARGS)

restore: $(STAMP)
	"$(BIN)/python" -m deploy restore --stage "$(STAGE)" --at "$(AT)" $(ARGS)

switch: $(STAMP)
	"$(BIN)/python" -m deploy switch --stage "$(STAGE)" --to-generation "$(GENERATION)" $(ARGS)

delete-generation: $(STAMP)
	"$(BIN)/python" -m deploy $@ --stage "$(STAGE)" --to-generation "$(GENERATION)" --confirm "$(CONFIRM)" $(ARGS)

resources chalice-deploy chalice-delete: $(STAMP)
	"$(BIN)/python" -m deploy $@ --stage "$(STAGE)" $(ARGS)

policies: $(STAMP)
	"$(BIN)/python" -m deploy policies

python: $(STAMP)
	@echo "$(BIN)/python"

lock: $(STAMP)
	"$(BIN)/uv" pip compile -q --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
		--generate-hashes requirements.txt -o requirements.lock

clean:
	if [ -e "$(LOCAL)" ]; then "$(BIN)/python" -m localdev reset; fi
	rm -rf "$(CACHE)" "$(dir $(CACHE))"packaging-* "$(dir $(CACHE))"kept .mypy_cache .pytest_cache .ruff_cache .hypothesis .chalice/deployments
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# With uv, which needs 7 s where pip needs a minute, and without a pip of its own, which would take 7 s more: the pip that
# Python has puts uv there, or else one from ensurepip. uv does not read pip's configuration: where that leads to another
# package index, and uv finds none, pip installs it all. On standard error, so that `make -s python` prints one line.
# The server alone needs a third of the packages, so that `make local` answers sooner, and it fetches its emulator meanwhile.
# Where that fails, the server tries it again, and says why.
# An environment keeps the Python that it was made with. If that one no longer starts, the environment is made anew: otherwise
# venv would leave the old links in it. Nothing is cleared that is no environment.
WITH_ITS_OWN_PIP = "$(BIN)/python" -m ensurepip >&2 && "$(BIN)/python" -m pip install --disable-pip-version-check
$(LOCAL): requirements.txt requirements-local.txt $(BIN)/python
	@echo "Installing the requirements into $(VENV) (once) ..." >&2
	@"$(BIN)/python" -c 'import ssl, subprocess' 2>/dev/null || \
		"$(PYTHON)" -m venv --without-pip $$([ ! -e "$(VENV)/pyvenv.cfg" ] || echo --clear) "$(VENV)"
	@uv=$$(grep '^uv==' requirements-local.txt); \
		"$(PYTHON)" -m pip --python "$(BIN)/python" install --disable-pip-version-check "$$uv" >&2 2>/dev/null || \
		{ $(WITH_ITS_OWN_PIP) "$$uv" >&2; }
	@"$(BIN)/python" -B -c 'from localdev import emulator; emulator.fetch()' >/dev/null 2>&1 & \
		{ $(call install,requirements-local.txt); } && { wait; touch "$@"; }

# Where it is missing, or leads to a Python that is gone, the rule above makes it.
$(BIN)/python: ;

$(STAMP): $(LOCAL) requirements-dev.txt
	@echo "Installing the tools for development into $(VENV) (once) ..." >&2
	@$(call install,requirements-dev.txt)
	@touch "$@"

install = "$(BIN)/uv" pip install --python "$(BIN)/python" -r $(1) >&2 || { $(WITH_ITS_OWN_PIP) -r $(1) >&2; }
