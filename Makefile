# The project's own commands. Each installs what it needs into .venv.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check docs bench parts e2e ci clean

demo: .venv/base  ## true numbers about this clone, then those of a simulated organisation
	@$(BIN)/collect --dry-run
	@echo
	@$(BIN)/collect demo

test: .venv/dev  ## the quick gate: needs only Python and git, skips what needs more with a reason
	$(BIN)/pytest -n auto --dist worksteal -m "not slow" -rs

check: .venv/dev  ## format, lint, types, imports, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python charts/generate.py --check

docs: .venv/dev  ## write the generated parts of the docs
	$(BIN)/python docs/generate.py
	$(BIN)/python charts/generate.py

bench: .venv/dev parts  ## ratios against a stated baseline, both sides in one run
	for each in tests/bench/*_bench.py; do $(BIN)/python -m tests.bench.$$(basename $$each .py) || exit 1; done

parts: .venv/dev  ## real servers for tests, into .cache/parts
	$(BIN)/python tests/parts/install.py

E2E_PARTS := etcd kube-apiserver kube-controller-manager helm3 helm4 kubectl podman buildah mmdebstrap pushgateway prometheus

e2e: .venv/dev  ## the chart in a real Kubernetes control plane; as root, and building that takes ten minutes the first time
	$(BIN)/python tests/parts/install.py --require $(E2E_PARTS)
	QUARTERDECK_REQUIRE_PARTS=1 $(BIN)/pytest tests/e2e -n 2 --dist worksteal -rs

ci: .venv/dev  ## the full gate: every test, real parts required
	$(MAKE) check
	$(BIN)/python tests/parts/install.py --require
	QUARTERDECK_REQUIRE_PARTS=1 $(BIN)/pytest -n 2 --dist worksteal -rs

clean:
	rm -rf .venv .cache build *.egg-info

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/base: .venv/python pyproject.toml
	@echo "installing into .venv (once, about half a minute)"
	@$(BIN)/pip install --quiet --editable '.[github,demo]'
	@touch $@

.venv/dev: .venv/python pyproject.toml
	@echo "installing into .venv what the tests need (once, about a minute)"
	@$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ .venv/base
