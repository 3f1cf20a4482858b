"""Install one hashed requirement file into this Python's environment: by uv where it can be had, else by pip.

uv does not read pip's settings, so the ones that say where packages come from are handed to it as its own variables.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
UV_NAME_OF = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "no-index": "UV_NO_INDEX",
}
SEPARATED_BY_COMMAS = {"find-links"}


def pip(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]


def pip_settings() -> dict[str, str]:
    """pip's settings by their bare name; a variable of the environment wins over a file, as it does for pip."""
    listing = subprocess.run(pip("config", "list"), capture_output=True, text=True, check=False).stdout
    settings: dict[str, str] = {}
    for line in sorted(listing.splitlines(), key=lambda row: row.startswith(":env:")):
        name, _, value = line.partition("=")
        words = value.strip("'\"").replace("\\n", " ").split()
        settings[name.rpartition(".")[2]] = " ".join(words)
    return settings


def uv_environment() -> dict[str, str]:
    environment = {"UV_INDEX_STRATEGY": "unsafe-best-match", **os.environ}  # pip's way; the hashes keep it safe
    for name, value in pip_settings().items():
        variable = UV_NAME_OF.get(name)
        if variable and value:
            environment.setdefault(variable, value.replace(" ", ",") if name in SEPARATED_BY_COMMAS else value)
    return environment


def find_uv() -> str | None:
    """uv from PATH, else from this environment, fetched once."""
    own = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found is None:
        fetched = subprocess.run(pip("install", "--quiet", "--require-hashes", "-r", str(HERE / "uv.txt")), check=False)
        found = str(own) if fetched.returncode == 0 and own.exists() else None
    return found


def install(requirements: str) -> int:
    uv = find_uv()
    if uv is not None:
        command = [uv, "pip", "install", "--python", sys.executable, "--require-hashes", "-r", requirements]
        if subprocess.run([*command, "--quiet"], env=uv_environment(), check=False).returncode == 0:
            return 0
        print("uv could not install the packages; trying pip, which takes a minute or two ...", flush=True)
    return subprocess.run(pip("install", "--quiet", "--require-hashes", "-r", requirements), check=False).returncode


if __name__ == "__main__":
    sys.exit(install(sys.argv[1]))
