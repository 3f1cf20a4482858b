"""Resolve pyproject.toml into hashed requirement files for every platform; they name no registry's host."""

import subprocess
import sys
from pathlib import Path

from install import find_uv, uv_environment

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "run.txt": ["pyproject.toml"],
    "test.txt": ["pyproject.toml", "--group", "test"],
    "uv.txt": ["requirements/uv.in"],
}


def compile_file(uv: str, name: str, sources: list[str]) -> None:
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--custom-compile-command", "make lock", *sources]
    subprocess.run([*command, "-o", f"requirements/{name}"], cwd=ROOT, env=uv_environment(), check=True)


def main() -> int:
    uv = find_uv()
    if uv is None:
        print("Locking needs uv, and it could not be installed.")
        return 1
    for name, sources in FILES.items():
        compile_file(uv, name, sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
