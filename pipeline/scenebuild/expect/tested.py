"""The result of ``scenebuild test`` for one scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenebuild.expect.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TestedScene:
    """A scene and the verdicts on it; ``errors`` say why it could not be tested."""

    scene: str
    verdicts: tuple[Verdict, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the scene was tested and every expectation holds."""
        return not self.errors and all(verdict.holds for verdict in self.verdicts)

    def plain(self) -> dict[str, Any]:
        """As ``--json`` prints it."""
        verdicts = [
            {
                "element": one.owner,
                "expectation": one.name,
                "holds": one.holds,
                "message": one.message,
                "place": str(one.place),
            }
            for one in self.verdicts
        ]
        return {"scene": self.scene, "holds": self.holds, "expectations": verdicts, "errors": list(self.errors)}
