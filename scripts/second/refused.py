"""How something is refused (SPEC "Reasons")."""

from typing import Any


class Refused(Exception):
    """Something is refused, for a reason of SPEC's table; `output` is what was released before."""

    def __init__(self, reason: str, output: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output


def require(holds: bool, reason: str) -> None:
    """Refuses unless something holds."""
    if not holds:
        raise Refused(reason)
