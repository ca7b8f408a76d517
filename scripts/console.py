"""The console's built files: `python scripts/console.py` builds them, `--check` says whether they are those of the sources.

Where Node is, `--check` builds again and compares every byte; elsewhere it compares the sources with those that the
committed files were built from (`console/dist/sources.sha256`).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CONSOLE = Path(__file__).resolve().parent.parent / "console"
DIST = CONSOLE / "dist"
RECORD = "sources.sha256"
GENERATED = {"types.ts", "operations.ts"}
"""Written from the OpenAPI document: of these only the operations that the console calls are built into it."""

_OPERATION = re.compile(r"^export const (\w+) = .*?;$", re.MULTILINE | re.DOTALL)
_IMPORTED = re.compile(r'import \{([^}]*)\} from "[^"]*/operations"')
_ADDRESS = re.compile(r'"(?:GET|POST|PUT|PATCH|DELETE)", `[^`]*`|address\(`[^`]*`')


def sources() -> dict[str, bytes]:
    """Name -> content of everything that is built, but for what is generated."""
    names = ["index.html", "package.json", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts"]
    files = [CONSOLE / name for name in names]
    files += sorted(path for folder in ("src", "public") for path in (CONSOLE / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(CONSOLE)): path.read_bytes() for path in files if path.name not in GENERATED}


def digest() -> str:
    """Hash of the sources and of the addresses that they call."""
    found = sources()
    text = b"\n".join(found.values()).decode()
    used = set(re.findall(r"\bapi\.(\w+)", text))
    for imported in _IMPORTED.findall(text):
        used |= set(re.findall(r"\w+", imported))
    operations = (CONSOLE / "src/api/operations.ts").read_text(encoding="utf-8")
    for operation in _OPERATION.finditer(operations):
        if operation[1] in used:
            found[f"operation {operation[1]}"] = "".join(_ADDRESS.findall(operation[0])).encode()
    sum_ = hashlib.sha256()
    for name in sorted(found):
        sum_.update(f"{name} {hashlib.sha256(found[name]).hexdigest()}\n".encode())
    return sum_.hexdigest()


def build(into: Path) -> None:
    """Build into a folder, with the packages of the lock file."""
    if not (CONSOLE / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=CONSOLE, check=True)
    command = ["npx", "vite", "build", "--logLevel", "error", "--outDir", str(into), "--emptyOutDir"]
    subprocess.run(command, cwd=CONSOLE, check=True)
    (into / RECORD).write_text(digest() + "\n", encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def has_node() -> bool:
    """Whether a build is possible here without asking for anything."""
    return shutil.which("npx") is not None and (CONSOLE / "node_modules").is_dir()


def drift() -> list[str]:
    """What is not as the sources say."""
    if not has_node():
        recorded = (DIST / RECORD).read_text(encoding="utf-8").strip() if (DIST / RECORD).is_file() else None
        return [] if recorded == digest() else ["console/dist"]
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        wanted, there = contents(Path(folder)), contents(DIST)
    return sorted(
        f"console/dist/{name}" for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)
    )


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        build(DIST)
        return 0
    differing = drift()
    for name in differing:
        print(f"{name} is not what the sources say: run python scripts/console.py (it needs Node 20 or later)")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
