"""Draw the pictures of docs/mixing.md from real builds of its examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
# the example's name -> which picture of its README the manual shows
SHOWN = {
    "time": "timeline.svg",
    "movement": "spectrogram.png",
    "effects": "spectrogram.png",
    "distance": "spectrogram.png",
    "ducking": "waveform.svg",
    "loops": "waveform.svg",
    "long": "timeline.svg",
}


def main() -> None:
    page = (ROOT / "docs" / "mixing.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenebuild.toml").touch()
        for text in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
            stem = text.splitlines()[0].removeprefix("name: ").lower()
            if stem in SHOWN:
                (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
        environment = {**os.environ, "SCENEBUILD_STORE": str(folder / "store")}
        command = [sys.executable, "-P", "-m", "scenebuild", ".", "--engine", "sketch", "-q"]
        subprocess.run(command, check=True, cwd=folder, env=environment)
        for stem, picture in SHOWN.items():
            shown = ROOT / "docs" / "images" / f"mixing_{stem}{Path(picture).suffix}"
            shutil.copy(folder / "build" / stem / picture, shown)
            print(shown.relative_to(ROOT))


if __name__ == "__main__":
    main()
