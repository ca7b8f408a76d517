# make demo: set-up, then an episode through the whole system to a report.   make test: everything CI checks.
PYTHON ?= python3
OUT ?= out/demo
VIDEO ?=
CAST ?=
RUN := .venv/bin/screenalytics
PY := .venv/bin/python

.PHONY: mongo-proof docker-proof k8s-proof upgrade-proof console demo setup setup-dev test lint types walls drift unit accuracy effort field bench chaos hostile format lock clean test-fast release-images

demo: setup
ifeq ($(VIDEO),)
	@test -f out/sample/sample-episode.truth.json || $(RUN) sample out/sample
	@$(RUN) run out/sample/sample-episode.mp4 --cast out/sample/sample-episode.cast --out "$(OUT)" --console
else
	@$(RUN) run "$(VIDEO)" $(if $(CAST),--cast "$(CAST)") --out "$(OUT)" --console
endif

# What runs episodes.
setup:
	@$(PYTHON) scripts/setup.py

# And what checks and measures.
setup-dev:
	@$(PYTHON) scripts/setup.py --dev

test: setup-dev lint types walls drift unit

lint:
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types:
	$(PY) -m mypy

walls:
	.venv/bin/lint-imports --no-logo

drift:
	$(PY) -m contracts.export --check
	$(PY) -m screenalytics.openapi.export --check
	$(PY) scripts/console.py --check

unit:
	$(PY) -m tests.lanes -m "not docker"

# What a change touches first: unit and contract tests, nothing started. The last line says how long it took.
test-fast: setup-dev
	@begun=$$(date +%s); $(PY) -m pytest tests/unit tests/contract -q --durations=5 && echo "test-fast took $$(($$(date +%s) - begun)) s"

# Images whose bases are what was looked at, byte for byte: both are named with their digests or nothing is built.
release-images:
	@case "$(PYTHON_IMAGE)$(TRITON_IMAGE)" in *@sha256:*@sha256:*) ;; *) \
	  echo "error: name both bases by digest: make release-images PYTHON_IMAGE=…@sha256:… TRITON_IMAGE=…@sha256:…" >&2; exit 2;; esac
	docker build --build-arg PYTHON_IMAGE="$(PYTHON_IMAGE)" --build-arg TRITON_IMAGE="$(TRITON_IMAGE)" -t screenalytics .
	docker build --build-arg PYTHON_IMAGE="$(PYTHON_IMAGE)" --build-arg TRITON_IMAGE="$(TRITON_IMAGE)" --target triton -t screenalytics-triton .

# The console in Chromium, on a machine of its own or on the one that SCREENALYTICS_API_URL names; pictures go to out/console.
console: setup-dev
	$(PY) -m pytest tests/console

accuracy: setup-dev
	$(PY) -m benchmarks.accuracy

# How much work is left for people; the sets are analysed once and kept in out/effort.
effort: setup-dev
	$(PY) -m benchmarks.effort

field: setup-dev
	$(PY) -m benchmarks.field

bench: setup-dev
	$(PY) -m benchmarks.ratios

chaos: setup-dev
	$(PY) -m pytest -m chaos tests/chaos

hostile: setup-dev
	$(PY) -m tests.hostile

# Images, compose and an episode on real containers. Needs Docker, or root and Debian's docker.io; says what else is missing.
docker-proof: setup-dev
	$(PY) -m tests.containers

# The manifests, and the images, on Kubernetes' own programs, which Go builds once: up to an hour on two busy processors. Says what else is missing.
k8s-proof: setup-dev
	$(PY) -m tests.kubernetes

# This release beside the one before, as an upgrade has them, and back. Needs a full clone and the labelled episodes.
mongo-proof: setup-dev
	$(PY) -m tests.ferretdb

upgrade-proof: setup-dev
	$(PY) -m tests.upgrade

format:
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url

lock:
	$(COMPILE) --extra embedded --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) --extra embedded pyproject.toml -o requirements-run.lock
	$(COMPILE) pyproject.toml -o requirements-service.lock

clean:
	rm -rf out .venv
