"""The data classes of imuhip: slotted, and unchanged once made.

That nothing changes them is the type checker's to see. ``dataclass(frozen=True)`` sees to it at run time as well, by
methods that it writes and compiles for each class whenever the program starts: half a millisecond each, and measuring a
recording needs more than a hundred. A frozen one also takes twice as long to make.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class a data class: by value like a frozen one, with slots."""
    for name, method in {"__repr__": _repr, "__eq__": _equal, "__hash__": _hash}.items():
        if name not in vars(cls):
            setattr(cls, name, method)
    made: type[T] = dataclass(slots=True, eq=False, repr=False)(cls)
    return made


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self.__match_args__)


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))
