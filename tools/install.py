"""Install a locked set of packages and the project into a virtual environment: ``install.py .venv requirements/x.txt``.

Standard library only, for a machine with nothing but python3 and pip: no ensurepip (Debian packs it separately), no
writing into the system's Python. A stamp remembers what was installed, so that a second run costs nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def main(environment: str, lock: str) -> int:
    """Make ``environment`` hold at least what ``lock`` names; the exit code of the first step that fails."""
    if sys.version_info < OLDEST:
        print(f"scenebuild needs Python {'.'.join(map(str, OLDEST))} or newer, this is {sys.version.split()[0]}")
        print("name another one: make PYTHON=python3.12 run")
        return 1
    folder = ROOT / environment
    stamp = folder / f"installed-{Path(lock).stem}"
    wanted = _fingerprint(ROOT / lock)
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    print(f"installing {lock} into {environment}", flush=True)
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=False)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    install += ["--disable-pip-version-check", "--no-deps"]
    project = ["--no-build-isolation", "--editable", str(ROOT)]
    for step in (["--require-hashes", "--requirement", str(ROOT / lock)], project):
        code = subprocess.call([*install, *step], env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"})
        if code:
            print(f"pip could not install {lock}; with an old pip, try: {sys.executable} -m pip install --upgrade pip")
            return code
    stamp.write_text(wanted)
    return 0


def _fingerprint(lock: Path) -> str:
    """What the environment depends on: the lock, how the project is packed, and which Python it is for."""
    sha = hashlib.sha256(sys.version.encode())
    for path in (lock, ROOT / "pyproject.toml"):
        sha.update(path.read_bytes())
    return sha.hexdigest()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
