"""`python -m screenalytics.weights models`: writes the committed server configuration of the shipped models anew."""

import sys
from pathlib import Path

from screenalytics.weights.triton_config import write_committed_configs

if __name__ == "__main__":
    for path in write_committed_configs(Path(sys.argv[1])):
        print(path)
