#!/opt/embedded/bin/python
"""`tritonserver` as in the official image, on the server of the PyPI package and our stand-in for its ONNX backend.

The options are passed on as they are. `--stage` unpacks the server, while the image is built.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, "/opt/standin")

from screenalytics.weights import load_registry, stage_runtime

runtime = stage_runtime(load_registry().server, Path("/opt/tritonserver"), lambda text: print(text, file=sys.stderr))
if sys.argv[1:] != ["--stage"]:
    os.execve(
        runtime.binary,
        [str(runtime.binary), f"--backend-directory={runtime.backends}", "--allow-gpu-metrics=false", *sys.argv[1:]],
        {"PATH": "/opt/embedded/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},
    )
