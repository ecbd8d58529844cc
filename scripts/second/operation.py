"""The operations that this program answers: functions, by their names in vectors/OPERATIONS.md.

The types of a function's parameters say how its input is read: `bytes` is hexadecimal, a `NamedTuple` an object.
"""

from collections.abc import Callable
from typing import Any

OPERATIONS: dict[str, Callable[..., Any]] = {}


def operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a function an operation; `key_id` is `key-id`."""
    OPERATIONS[function.__name__.replace("_", "-")] = function
    return function
