# A bare machine with python3 >= 3.11, pip, git and make is enough. `make run` installs only the core.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The pip of the system installs into the environment, so that ensurepip is not needed.
INSTALL := $(PYTHON) tools/install.py
# One file of tests a core, in four cores at most: some of them hold a model.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile
# Neighbours share the cores, so no thread spins while it waits for another.
SHARING := OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1

.PHONY: help run audiogen test test-core test-faults soak fuzz mutants lint bench bench-audiogen bench-gpu clean sketchbook core dev full full-core lock snapshots

help:
	@echo "make run             build scenes/rainy_cafe.yaml to sound"
	@echo "make audiogen        install the AudioGen set (5 GB), so that scenes are made by the model"
	@echo "make test            run the tests; installs the AudioGen set too"
	@echo "make test-core       run the tests that need no AudioGen set"
	@echo "make test-faults     run the tests of docs/reliability.md: builds are killed, disturbed and lied to at every turn"
	@echo "make soak            2,000 builds with edits, kills and two users of one store (an hour)"
	@echo "make fuzz            let the readers of scenes, locks, records and sound files meet generated files"
	@echo "make mutants         change the code of store, plan, scene and licences, and see that a test fails"
	@echo "make lint            check style and types"
	@echo "make bench           run the benchmarks"
	@echo "make bench-audiogen  run those of the models at full size (10 minutes, 20 GB of memory, 11 GB on disk)"
	@echo "make bench-gpu       check a GPU: equality, speed, memory; downloads no weights (8 minutes)"
	@echo "make sketchbook      every recipe of the sketch engine on one page, to look at and to listen to"
	@echo "make lock            renew the lock files in requirements/ (needs uv)"
	@echo "make clean           remove what was built"

run: core
	$(BIN)/scenebuild scenes/rainy_cafe.yaml
	@echo
	@echo "listen to it: open build/rainy_cafe/index.html in a browser, or play build/rainy_cafe/rainy_cafe.wav"
	@echo "change a volume in scenes/rainy_cafe.yaml, then type: $(BIN)/scenebuild scenes/rainy_cafe.yaml"

audiogen: full-core
	@echo
	@echo "next: $(BIN)/scenebuild models fetch facebook/audiogen-medium"
	@echo "then: $(BIN)/scenebuild scenes/rainy_cafe.yaml --engine audiogen"

test: full
	$(SHARING) $(BIN)/pytest -m "not hard" $(PARALLEL)

test-core: dev
	$(SHARING) $(BIN)/pytest -m "not hard" $(PARALLEL)

test-faults: dev
	$(SHARING) FAULTS_REPORT=build/faults.json $(BIN)/pytest -m "hard or faults" $(PARALLEL)

soak: dev
	$(BIN)/python tests/faults/soak.py --builds 2000

fuzz: dev
	@$(INSTALL) $(VENV) core.txt dev.txt proof.txt
	$(BIN)/python tools/fuzz.py

mutants: dev
	@$(INSTALL) $(VENV) core.txt dev.txt proof.txt
	$(BIN)/python tools/mutants.py

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: dev
	@for name in rerun edit watch plan mix effects sketch; do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

bench-audiogen: full
	$(BIN)/python benchmarks/generate.py
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/neighbours.py --size tiny --steps 500 --rounds 10

bench-gpu: full
	$(BIN)/python benchmarks/gpu_check.py

sketchbook: core
	$(BIN)/python tools/sketchbook.py

snapshots: dev
	$(BIN)/pytest --snapshot-update

core:
	@$(INSTALL) $(VENV) core.txt

full-core:
	@$(INSTALL) $(VENV) core.txt audiogen.txt

dev:
	@$(INSTALL) $(VENV) core.txt dev.txt

full:
	@$(INSTALL) $(VENV) core.txt dev.txt audiogen.txt oracle.txt

lock:
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q -o requirements/core.txt
	uv pip compile --no-config pyproject.toml --group build --group test --group lint --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q -o requirements/dev.txt
	uv pip compile --no-config pyproject.toml --group proof -c requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q -o requirements/proof.txt
	echo av | uv pip compile - --no-config -c requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q -o requirements/video.txt
	uv pip compile pyproject.toml --group build --group audiogen -c requirements/dev.txt --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q -o requirements/audiogen.txt
	uv pip compile --no-config pyproject.toml --group oracle -c requirements/dev.txt -c requirements/audiogen.txt \
	  --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements/oracle.txt

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info pipeline/*.egg-info
