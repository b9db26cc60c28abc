"""Install locked sets of packages and the project into a virtual environment: ``install.py .venv core.txt dev.txt``.

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


def main(environment: str, *names: str) -> int:
    """Make ``environment`` hold at least what the locks name, in their order; the exit code of a step that fails."""
    if sys.version_info < OLDEST:
        print(f"scenebuild needs Python {'.'.join(map(str, OLDEST))} or newer, this is {sys.version.split()[0]}")
        print("name another one: make PYTHON=python3.12 run")
        return 1
    folder = ROOT / environment
    locks = [ROOT / "requirements" / name for name in names]
    missing = [lock for lock in locks if not _is_installed(folder, lock)]
    if not missing:
        return 0
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=False)
    # -P, and another folder than the checkout below: a pip/ that somebody put there is not the pip that is run.
    install = [sys.executable, "-P", "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    # What comes as source is built with the setuptools of the first lock, not with whatever there is today.
    install += ["--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    steps = [["--require-hashes", "--requirement", str(lock)] for lock in missing]
    for what, step in zip(
        [*(lock.name for lock in missing), "scenebuild"], [*steps, ["--editable", str(ROOT)]], strict=True
    ):
        print(f"installing {what} into {environment}", flush=True)
        code = subprocess.call([*install, *step], cwd=folder, env=_environment())
        if code:
            print(f"pip could not install {what}; with an old pip: {sys.executable} -P -m pip install --upgrade pip")
            return code
    for lock in missing:
        _stamp(folder, lock).write_text(_fingerprint(lock))
    return 0


def _environment() -> dict[str, str]:
    """What pip and all that it starts get to see: no folder of modules beside those of their interpreter."""
    dropped = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"PIP_REQUIRE_VIRTUALENV": "0", "PYTHONSAFEPATH": "1"}


def _is_installed(folder: Path, lock: Path) -> bool:
    stamp = _stamp(folder, lock)
    return stamp.exists() and stamp.read_text() == _fingerprint(lock)


def _stamp(folder: Path, lock: Path) -> Path:
    return folder / f"installed-{lock.stem}"


def _fingerprint(lock: Path) -> str:
    """What the environment depends on: the lock, how the project is packed, and which Python it is for."""
    sha = hashlib.sha256(sys.version.encode())
    for path in (lock, ROOT / "pyproject.toml"):
        sha.update(path.read_bytes())
    return sha.hexdigest()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
