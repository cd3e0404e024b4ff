# make         set up what is missing, then print both tables of the 2015 experiment
# make setup   only set up: leaves .venv/bin/layerfork ready
# make test    set up, then run every check and every test, real engines included
# make check   format, lint, layers, types, unit, contract and golden tests: without root and engines, on Linux and macOS
# make fuzz SECONDS=600           the decoders, for so long each
# make mutations N=1000 SEED=1   random builds and mutations on real engines against the key models
# make histories PROJECTS=10 COMMITS=50   git histories predicted from one record, then built on real engines; and explained from their traces
# make published DIRS="clone …"   Dockerfiles of any directories, put to real frontends and to our model; ARGS="--engine podman:5.4" builds them
# make study DIRS="clone …"       what builds of commits would reuse, and what fixes would save: predicted; without DIRS of the shipped corpus
# make corpus  builds the pairs of tests/corpus whose records are missing, on real engines
# make picture draws docs/fork-graph-{light,dark}.svg of a kept run of the seed
# make current-state RUN=run.jsonl    docs/current-state.md from the evidence in docs/evidence; of a run, if one is named
# make current-state AGAIN=30         builds a thirtieth of the evidence of scenarios again, drawn by the day's date
# make attack SIZE=--nightly     kills, broken input, planted secrets, hostile engines; minutes without SIZE
# make measures the table of docs/ARCHITECTURE.md: size, density, names of src/layerfork
# make docs    the pages of docs/ as a site in build/docs, links checked
# make dist    sdist and wheel, built twice and compared to the byte
# make bench   the benchmarks, as ratios side by side
.DEFAULT_GOAL := demo
BIN := .venv/bin
PYTEST := $(BIN)/pytest
.PHONY: demo setup venv testprograms picture test check lint unit bench dist docs golden schema lock fuzz mutations histories published study corpus attack current-state measures

demo: setup
	@echo
	@echo "== What the clients do by default today"
	@echo
	@$(BIN)/layerfork run --engine private || [ $$? -eq 1 ]
	@echo
	@echo "== Everything on the classic builder, as in 2015"
	@echo
	@$(BIN)/layerfork run --engine private --builder classic || [ $$? -eq 1 ]

setup:
	@scripts/setup.sh

venv:
	@scripts/setup.sh --python-only

testprograms:
	@scripts/testprograms.sh

check: venv lint unit

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python scripts/words.py
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin src

unit:
	$(PYTEST) -q -m "not engine"

# Engines mostly wait: six files of tests at once keep two processors busy. Engines come
# first, and many small files last, so that all end together.
test: setup testprograms lint
	$(PYTEST) -n 6 --dist loadfile --no-loadscope-reorder --durations 15

bench: setup
	@for script in research/benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

N ?= 60
SEED ?= 1
fuzz: setup
	LAYERFORK_FUZZ_SECONDS=$(or $(SECONDS),600) $(PYTEST) -q tests/fuzz tests/unit/wire/posted/test_posted_fuzz.py --timeout 0

mutations: setup
	$(BIN)/python -m research.mutations -n $(N) --seed $(SEED) --keep build/mutations

histories: setup
	$(BIN)/python -m research.histories --projects $(or $(PROJECTS),10) --commits $(or $(COMMITS),50) --seed $(SEED)
	$(BIN)/python -m research.histories.past --projects $(or $(PROJECTS),5) --commits $(or $(COMMITS),20) --seed $(SEED)

published: setup
	$(BIN)/python -m research.published $(ARGS) $(DIRS)

study: setup
	$(BIN)/python -m research.study $(DIRS) $(if $(DIRS),,--out docs/evidence/corpus-study.json)
	$(if $(DIRS),,$(BIN)/python -m research.study --page)

current-state: setup
	$(BIN)/python -m research.currentstate $(if $(RUN),--keep $(RUN)) $(if $(AGAIN),--again $(AGAIN))

attack: setup
	PYTHONPATH=tests $(BIN)/python -m research.attacks $(SIZE)

corpus: setup
	PYTHONPATH=tests $(BIN)/python -m corpus.make $(NAMES)

picture: venv
	for theme in light dark; do \
	  $(BIN)/layerfork report tests/golden/records/seed-default.run.jsonl --format svg --theme $$theme \
	    -o docs/fork-graph-$$theme.svg || exit 1; \
	done

dist: venv
	$(BIN)/python scripts/dist.py dist

measures: venv
	$(BIN)/python scripts/measures.py

docs: venv
	$(BIN)/zensical build --strict --config-file zensical.toml

golden: venv
	LAYERFORK_REWRITE_GOLDEN=1 $(PYTEST) -q tests/golden

schema: venv
	$(BIN)/python scripts/write_schema.py

lock:
	$(BIN)/uv lock --upgrade
