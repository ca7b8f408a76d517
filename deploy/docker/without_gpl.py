"""Takes the GPL encoders out of installed wheels: `python without_gpl.py SITE_PACKAGES`.

PyAV's and pillow-heif's wheels bring libx264 and libx265 (GPL-2.0-or-later), and the libraries that call them ask for them
when they are loaded. Each is replaced by a stand-in that has the same name and does nothing: opening these two encoders
then fails with the error of an encoder that cannot be opened, and everything else works as before. Needs `cc` and `nm`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ENCODERS = ("x264", "x265")

TABLES = {"x264_levels"}
"""Names that are data, not functions."""

HEAD = """
static void *nothing(void) { return 0; }
static void *table[256];  /* what x265_api_get gives: sizes, two texts (version, build), functions that give nothing */
__attribute__((constructor)) static void fill(void) {
    for (int i = 0; i < 256; i++) table[i] = (void *)nothing;
    table[4] = table[5] = "none";
}
"""


def replace_gpl_encoders(site_packages: Path) -> list[Path]:
    """Puts stand-ins in the place of all such libraries and returns them.

    Raises CalledProcessError where no compiler works.
    """
    replaced = []
    for name in ENCODERS:
        for library in sorted(site_packages.glob(f"*.libs/lib{name}-*.so*")):
            callers = sorted(caller for caller in library.parent.iterdir() if caller != library)
            names = {symbol for caller in callers for symbol in _asked_for(name, caller)}
            source = HEAD + "".join(_definition(symbol) for symbol in sorted(names))
            library.unlink()
            options = ["-shared", "-fPIC", "-O1", f"-Wl,-soname,{library.name}", "-o", str(library)]
            subprocess.run(["cc", *options, "-x", "c", "-"], input=source, text=True, check=True)
            replaced.append(library)
    return replaced


def _asked_for(encoder: str, caller: Path) -> list[str]:
    listed = subprocess.run(["nm", "-D", "--undefined-only", caller], capture_output=True, text=True, check=True)
    return re.findall(rf"\b{encoder}_\w+", listed.stdout)


def _definition(symbol: str) -> str:
    if symbol in TABLES:
        return f"char {symbol}[4096];\n"
    if "api_get" in symbol:
        return f"void *{symbol}(int depth) {{ return table; }}\n"
    return f"void *{symbol}(void) {{ return 0; }}\n"


if __name__ == "__main__":
    for stand_in in replace_gpl_encoders(Path(sys.argv[1])):
        print(f"replaced {stand_in.parent.name}/{stand_in.name}")
