# `make demo` and `make test` need nothing but a Python: they get the rest. `make` lists all targets.

# The first of these that is there and new enough; the oldest dependencies fit only the oldest ones.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
OLDEST_PYTHON ?= python3.11 python3.12

# Many tests wait for a server more than they compute.
PYTEST_ARGS ?= -n 9 --dist worksteal

# Which of the servers that `make servers` gets the tests run against: the oldest or the newest.
export VM_TEST_SUITE ?= oldest

# Tests start hundreds of processes of Python, none of which is to compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

bin := .venv/bin

# What a build puts into docs/; docstrings, of which Sphinx sees no change, need a build from scratch.
made_docs := docs/_build docs/project docs/reference/interfaces/api docs/tutorials/notebooks
SPHINX_ARGS := --fail-on-warning --keep-going --quiet --jobs auto

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: .venv/installed server ## write and read back a frame of anomaly scores, and picture it in demo.png
	$(bin)/vm-df-writer demo --picture demo.png

.PHONY: test
test: .venv/installed-dev servers ## run the tests and doctests (PYTEST_ARGS=... for pytest, VM_TEST_SUITE=newest)
	$(bin)/python -m pytest $(PYTEST_ARGS)

.PHONY: test-thorough
test-thorough: .venv/installed-dev servers ## run what takes long: many kills, faults and drawn frames; Spark, notebooks
	$(bin)/python -m pytest -m thorough $(PYTEST_ARGS)

.PHONY: test-oldest
test-oldest: .venv-oldest/installed servers ## run them with the oldest supported dependencies
	PATH="$(CURDIR)/$(bin):$$PATH" .venv-oldest/bin/python -m pytest $(PYTEST_ARGS)

# What a row of the matrix runs: what says something about versions, over both wires.
MATRIX_TESTS ?= tests/unit tests/property $(addprefix tests/server/test_,write.py write_any_frame.py \
	verify.py read.py read_any_frame.py remote_write.py if_exists.py paths.py files.py backfill.py cli.py)

.PHONY: matrix
matrix: .venv/installed-dev servers ## run tests with all Pythons, pandas and servers (MATRIX_ARGS='--only "no extras"')
	$(bin)/python .ci/matrix.py $(MATRIX_ARGS) $(PYTEST_ARGS) $(MATRIX_TESTS)

# A signal at a random moment may strike coverage itself, which then fails.
.PHONY: coverage
coverage: .venv/installed-dev servers ## measure branch coverage: all of frames, wire and model, 95 % of the rest
	rm -f .coverage*
	$(bin)/coverage run -m pytest $(PYTEST_ARGS) tests/unit tests/property vm_df_writer
	$(bin)/coverage combine --quiet
	$(bin)/coverage report --fail-under=100 --include='vm_df_writer/frames/*,vm_df_writer/wire/*,vm_df_writer/model/*'
	$(bin)/coverage run -m pytest $(PYTEST_ARGS) --ignore tests/faults/test_signal_shots.py \
		tests/server tests/faults $(wildcard tests/test_*.py)
	$(bin)/coverage combine --quiet --append
	$(bin)/coverage report --fail-under=95

.PHONY: mutation
mutation: .venv/installed-dev ## break modules in many places, and see that tests notice (MUTATE=vm_df_writer/wire/packing.py)
	$(bin)/python .ci/mutation.py $(MUTATION_ARGS) $(MUTATE)

.PHONY: lint
lint: .venv/installed-dev ## check style, types, and what the host of the repository reads
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(bin)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml

.PHONY: bench
bench: .venv/installed-dev servers ## measure speed (some ten minutes)
	$(bin)/python -m benchmarks

.PHONY: results
results: bench ## measure speed, and keep the report in benchmarks/RESULTS.md
	cp benchmarks/out/results.md benchmarks/RESULTS.md
	cp -r benchmarks/out/plots benchmarks/

.PHONY: bench-full
bench-full: .venv/installed-dev servers ## measure speed with large frames too
	$(bin)/python -m benchmarks --full

.PHONY: bench-compare
bench-compare: .venv/installed-dev ## compare the micro benchmarks with another commit (BASE=<commit>)
	$(bin)/python -m benchmarks.compare $(BASE)

.PHONY: notebooks
notebooks: .venv/installed-dev servers ## execute the notebooks, and keep their outputs
	$(bin)/python -m notebooks.build

.PHONY: docs
docs: .venv/installed-dev ## build the documentation in docs/_build/html; a warning is an error
	rm -rf $(made_docs)
	$(bin)/sphinx-build $(SPHINX_ARGS) --builder html docs docs/_build/html

# Of links, `make docs` and the tests see those within the project.
.PHONY: docs-links
docs-links: docs ## ask whether the pages of other sites that the documentation links to are there
	@$(bin)/python -c 'import socket; socket.create_connection(("docs.victoriametrics.com", 443), 5)' 2> /dev/null || \
		{ echo "docs-links: links within the site are fine; those to other sites were not asked, without the internet"; exit 1; }
	$(bin)/sphinx-build $(SPHINX_ARGS) --builder linkcheck docs docs/_build/links

.PHONY: dist
dist: .venv/installed-dev ## build the source distribution, and of it the wheel, in dist/
	rm -rf dist
	$(bin)/python -m build --outdir dist
	$(bin)/twine check --strict dist/*

.PHONY: clean
clean: ## remove everything that these targets made
	rm -rf .venv .venv-oldest .matrix .mutation .coverage* .servers dist .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache benchmarks/out demo.png $(made_docs)
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: server
server: .venv/installed
	@.ci/get-server $(bin)

.PHONY: servers
servers: server ## get the oldest and the newest servers that Debian packages, for the tests
	@.ci/get-servers .servers

.venv/installed: pyproject.toml
	.ci/make-venv .venv $(PYTHON)
	$(bin)/python -m pip install --quiet --editable '.[all]'
	touch $@

.venv/installed-dev: .venv/installed
	$(bin)/python -m pip install --quiet --editable '.[all,dask,spark]' --group dev
	touch $@

.venv-oldest/installed: pyproject.toml .ci/oldest_pins.py
	.ci/make-venv .venv-oldest $(OLDEST_PYTHON)
	.venv-oldest/bin/python .ci/oldest_pins.py > .venv-oldest/pins.txt
	.venv-oldest/bin/python -m pip install --quiet --editable '.[all,dask]' --group test \
		--constraint .venv-oldest/pins.txt
	touch $@
