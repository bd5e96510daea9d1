# make local [ARGS="--port 8001"]   the API on this machine, with an emulator, tables and demo data
# make fast-forward [ARGS="--days 7"]   the jobs of the last days, in seconds
# make test [ARGS="-k name"]        make check: ruff and mypy        make reset: delete the local data
# make python                      print the Python that has everything
# make deploy STAGE=dev              package, upload and deploy [ARGS="--email me@example.com"]; then rollback, releases, delete
# make bench [ARGS="peers"]         measure everything, or one section, side by side
# make rehearse                     the deployment on an emulator; make rehearse-faults: and whether it notices what is missing
# make clean                        delete the virtual environment and everything local

PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)

ifeq ($(PYTHON),)
$(error Python 3.11 or newer is needed, and none is on the PATH (tried python3 and python3.11 to python3.14))
endif

# Outside the checkout: Chalice looks at every file in it every second, 20 % of a core with a venv inside.
CACHE := $(shell $(PYTHON) -c 'import hashlib, os; \
	root = hashlib.sha256(os.path.realpath(os.curdir).encode()).hexdigest()[:12]; \
	base = os.environ.get("XDG_CACHE_HOME", ""); \
	base = base if os.path.isabs(base) else os.path.join(os.path.expanduser("~"), ".cache"); \
	print(os.path.join(base, "serverless-crm", root))')
VENV ?= $(CACHE)/venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
ARGS ?=

.PHONY: local test bench fast-forward reset check clean python package deploy rollback releases delete delete-data resources policies rehearse rehearse-faults

# No bytecode: each new file in the checkout restarts the server.
local: $(STAMP)
	PYTHONDONTWRITEBYTECODE=1 "$(BIN)/chalice" local $(ARGS)

test: $(STAMP)
	"$(BIN)/python" -m pytest $(ARGS)

bench: $(STAMP)
	"$(BIN)/python" -m benchmarks $(ARGS)

check: $(STAMP)
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"

fast-forward: $(STAMP)
	PYTHONDONTWRITEBYTECODE=1 "$(BIN)/python" -m localdev fast-forward $(ARGS)

package: $(STAMP)
	"$(BIN)/python" -m deploy package --stage "$(STAGE)" --out "$(CACHE)/package-$(STAGE)" $(ARGS)

# With the caller's AWS credentials and region.
deploy: $(STAMP)
	"$(BIN)/python" -m deploy up --stage "$(STAGE)" $(ARGS)

rollback releases: $(STAMP)
	"$(BIN)/python" -m deploy $@ --stage "$(STAGE)" $(if $(RELEASE),--release "$(RELEASE)") $(ARGS)

delete: $(STAMP)
	"$(BIN)/python" -m deploy down --stage "$(STAGE)" $(ARGS)

delete-data: $(STAMP)
	"$(BIN)/python" -m deploy delete-data --stage "$(STAGE)" --confirm "$(CONFIRM)" $(ARGS)

resources: $(STAMP)
	"$(BIN)/python" -m deploy resources --stage "$(STAGE)" $(ARGS)

policies: $(STAMP)
	"$(BIN)/python" -m deploy policies

rehearse: $(STAMP)
	"$(BIN)/python" -m deploy.rehearsal

rehearse-faults: $(STAMP)
	REHEARSE=1 "$(BIN)/python" -m pytest -n 1 tests/deploy/test_rehearsal.py $(ARGS)

reset: $(STAMP)
	"$(BIN)/python" -m localdev reset

clean:
	if [ -e "$(STAMP)" ]; then "$(BIN)/python" -m localdev reset; fi
	rm -rf "$(CACHE)" .mypy_cache .pytest_cache .ruff_cache .hypothesis .chalice/deployments
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt requirements-dev.txt
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	touch "$(STAMP)"

python: $(STAMP)
	@echo "$(BIN)/python"
