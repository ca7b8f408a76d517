"""PyYAML, or a reason why the tests that read YAML are skipped."""

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: manifests and compose cannot be read")
