# `make help` lists the targets.  Everything happens in .venv; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS ?=

# The stamp carries a checksum of what decides the environment, so that a new clone, another branch or a mere
# `touch` installs nothing anew, and a change of requirements does.
SUM := $(shell cat requirements.txt pyproject.toml $(CONSTRAINTS) | cksum | cut -d ' ' -f 1)
READY := $(VENV)/ready-$(SUM)

NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=120 --nbval-sanitize-with=tests/nbval.cfg

# Two processes, each file in one of them, those first that take longest: see tests/order.py.
SHARED := -n 2 --dist loadfile --no-loadscope-reorder
# Each with one thread: those of the other would be waited for at every step of a training.
test colab-pictures colab-torch test-newest test-clients: export OMP_NUM_THREADS ?= 1

define CHECK_PYTHON
@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' \
  || { echo "Python 3.10 to 3.13 is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' \
  || { echo "Python has no venv module; on Debian: apt-get install python3-venv"; exit 1; }
endef

.PHONY: lab test test-colab colab-pictures colab-torch test-newest test-clients environments notebooks cheat-sheet slides handouts colab site map lint help clean
.DEFAULT_GOAL := help

# Signed, so that what the notebooks' outputs have in scripts moves before a cell is run; the signatures stay here.
TRUST := --NotebookNotary.db_file=$(abspath $(VENV))/signatures.db \
  --NotebookNotary.secret_file=$(abspath $(VENV))/signature-key

lab: $(READY)  ## Install, then open JupyterLab on the first notebook
	@$(BIN)/jupyter trust --log-level=ERROR $(TRUST) notebooks/*.ipynb >/dev/null
	JUPYTER_CONFIG_PATH=tools/lab:$$JUPYTER_CONFIG_PATH $(BIN)/jupyter lab notebooks/00_start_here.ipynb $(TRUST) $(LAB_FLAGS)

test: $(READY)  ## Run every test, the notebooks included
	$(BIN)/python -m pytest notebooks tests $(NBVAL) $(SHARED) $(PYTEST_FLAGS)

# Colab's Python where one is at hand.  For torch also the course's own: pip's build for another has gigabytes.
PYTHON_313 := $(firstword $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python3) $(shell command -v python3.13))
COLAB_PYTHON ?= $(if $(filter file,$(origin PYTHON)),$(firstword $(PYTHON_313) $(PYTHON)),$(PYTHON))
version = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
COLAB_VERSION := $(call version,$(COLAB_PYTHON))
TORCH_PYTHON := $(firstword $(wildcard $(BIN)/python) $(PYTHON))
TORCH_VERSION := $(call version,$(TORCH_PYTHON))
COLAB_SUM := $(shell cat tests/colab-requirements.txt pyproject.toml | cksum | cut -d ' ' -f 1)
COLAB_READY := $(patsubst %,build/colab-%/ready-$(COLAB_SUM),$(sort $(COLAB_VERSION) $(TORCH_VERSION)))
# What draws, shows widgets or prints; pages by node and the exercises' arithmetic are the same everywhere.
COLAB_TESTS := $(addprefix tests/test_, $(addsuffix .py, colab colab_standalone edges explore sliders animation heatmap race \
  picture_parts plots plots_charts plots_landscapes cards))
# Matplotlib 3.10 calls names that pyparsing 3.3 has deprecated, and ipykernel 6 parses a day without a year when it is
# imported; notebooks do not show it.
COLAB_FLAGS := -W ignore::pyparsing.warnings.PyparsingDeprecationWarning \
  -W 'ignore:Parsing dates involving a day:DeprecationWarning' -n 2 --dist worksteal $(PYTEST_FLAGS)

test-colab: colab-pictures colab-torch  ## Run the Colab notebooks and the tests of pictures with Colab's versions

colab-pictures: $(COLAB_READY)
	build/colab-$(COLAB_VERSION)/bin/python -m pytest $(COLAB_TESTS) $(COLAB_FLAGS)

# One long test.  With `make --jobs` it leaves no processor idle.
colab-torch: $(COLAB_READY)
	$(if $(filter $(COLAB_VERSION),$(TORCH_VERSION)),, \
	  build/colab-$(TORCH_VERSION)/bin/python -m pytest tests/test_colab_standalone.py -k with_torch $(COLAB_FLAGS))

# The newest Python and packages, without torch, whose wheel for it has gigabytes.
NEWEST ?= $(PYTHON_313)
NEWEST_VENV := build/newest-venv
# Of each package's calls those that differ: more pictures, and the whole paths of rules, are drawn with no other ones.
NEWEST_TESTS := $(addprefix tests/test_, $(addsuffix .py, animation cards cheat_sheet claims explore import \
  minimize_ends numerical plots race streams))

test-newest:  ## Run tests that need no torch with the newest Python and the newest packages
	@test -n "$(NEWEST)" || { echo "no Python 3.13 is here; name one with: make NEWEST=python3.13 test-newest"; exit 1; }
	test -x $(NEWEST_VENV)/bin/python || $(NEWEST) -m venv $(NEWEST_VENV)
	$(NEWEST_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
	  pytest pytest-xdist hypothesis --editable .
	$(NEWEST_VENV)/bin/python -m pytest $(NEWEST_TESTS) -n 2 --dist worksteal $(PYTEST_FLAGS)

# torch is that of .venv, whose packages the path file adds: pip's build for CUDA has gigabytes.
CLIENTS_VENV := build/clients-venv
CLIENTS_SUM := $(shell cat benchmarks/clients/requirements.txt | cksum | cut -d ' ' -f 1)
CLIENTS_READY := $(CLIENTS_VENV)/ready-$(CLIENTS_SUM)

test-clients: $(CLIENTS_READY)  ## Train with the rules in other libraries: Lightning, accelerate, timm, ...
	PYTHONPATH=tests $(CLIENTS_VENV)/bin/python -m pytest benchmarks/clients tests/test_torch_distributed.py \
	  -W ignore -n 2 --dist loadfile $(PYTEST_FLAGS)

# Server and kernels of other front ends; what they compute with is that of .venv.
FRONTENDS_VENV := build/notebook7-venv
FRONTENDS_SUM := $(shell cat benchmarks/frontends/notebook7.txt | cksum | cut -d ' ' -f 1)
FRONTENDS_READY := $(FRONTENDS_VENV)/ready-$(FRONTENDS_SUM)

test-frontends: $(FRONTENDS_READY)  ## Drag explorers in Notebook 7 and in Voila
	PYTHONPATH=tests $(BIN)/python -m pytest benchmarks/frontends -W ignore $(PYTEST_FLAGS)

notebooks: $(READY)  ## Execute all notebooks anew and store their outputs
	$(BIN)/python -m tools.execute_notebooks

cheat-sheet: $(READY)  ## Write every rule in one table: build/cheat_sheet.html and .pdf
	mkdir -p build
	$(BIN)/python -m optlib.cheat_sheet build/cheat_sheet.html build/cheat_sheet.pdf

slides: $(READY)  ## Write each notebook as a deck of slides, one file: build/slides/
	$(BIN)/python -m tools.slides slides

handouts: $(READY)  ## Print decks and notebooks as PDF: build/handouts/
	$(BIN)/python -m tools.slides handouts

colab: $(READY)  ## Write notebooks for Colab that bring the package along: build/colab
	$(BIN)/python -m tools.colab

site: $(READY)  ## Write the whole course as web pages, to be opened from disk: build/site
	$(BIN)/python -m tools.site

map: $(READY)  ## Draw the folders of the package and their imports: docs/map.svg
	$(BIN)/python -m tools.map

lint: $(READY)  ## Check the style of package, tests and notebooks
	$(BIN)/ruff check .

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

clean:  ## Remove the environment and everything generated
	rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY):
	$(CHECK_PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --requirement requirements.txt
	rm -f $(VENV)/ready-*
	touch $@

$(CLIENTS_READY): benchmarks/clients/requirements.txt | $(READY)
	test -x $(CLIENTS_VENV)/bin/python || $(BIN)/python -m venv $(CLIENTS_VENV)
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' \
	  > $$(echo $(CLIENTS_VENV)/lib/python3.*/site-packages)/course.pth
	$(CLIENTS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	rm -f $(CLIENTS_VENV)/ready-*
	touch $@

# First what has to be in its own folder, as Jupyter's extensions have to; then the way to the rest.
$(FRONTENDS_READY): benchmarks/frontends/notebook7.txt | $(READY)
	test -x $(FRONTENDS_VENV)/bin/python || $(BIN)/python -m venv $(FRONTENDS_VENV)
	$(FRONTENDS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > $$(echo $(FRONTENDS_VENV)/lib/python3.*/site-packages)/course.pth
	rm -f $(FRONTENDS_VENV)/ready-*
	touch $@

# Both, for `make --jobs`.
environments: $(READY) $(COLAB_READY)

# One after the other: torch is taken from the first, and setuptools cannot build one folder twice at a time.
$(wordlist 2, 9, $(COLAB_READY)): | $(firstword $(COLAB_READY))

build/colab-%/ready-$(COLAB_SUM): build/colab-%/packages-$(COLAB_SUM) | $(READY)
	build/colab-$*/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	rm -f build/colab-$*/ready-*
	touch $@

build/colab-%/packages-$(COLAB_SUM):
	$(CHECK_PYTHON)
	test -x build/colab-$*/bin/python || \
	  $(if $(filter $*,$(COLAB_VERSION)),$(COLAB_PYTHON),$(TORCH_PYTHON)) -m venv build/colab-$*
	build/colab-$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/colab-requirements.txt
	rm -f build/colab-$*/packages-*
	touch $@

.PRECIOUS: build/colab-%/packages-$(COLAB_SUM)
