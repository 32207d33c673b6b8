"""Records are data classes by value, with slots."""

from __future__ import annotations

import pickle
from dataclasses import asdict, field, replace

import pytest

from imuhip.records import record


@record
class Point:
    """A point with a name and friends."""

    x: float
    name: str = "a"
    friends: tuple[str, ...] = field(default_factory=tuple)
    secret: str = field(default="hunter2", repr=False)


@record
class Named:
    """Another class with the same values."""

    x: float
    name: str = "a"
    friends: tuple[str, ...] = ()
    secret: str = "hunter2"


def test_they_are_equal_by_value_and_class() -> None:
    assert Point(1.0) == Point(1.0, "a", ())
    assert Point(1.0) != Point(2.0)
    assert Point(1.0) != Named(1.0)
    assert len({Point(1.0), Point(1.0), Point(2.0)}) == 2


def test_they_say_what_they_are() -> None:
    assert repr(Point(1.0, friends=("b",))) == "Point(x=1.0, name='a', friends=('b',))"


def test_they_are_copied_with_changes_and_survive_pickling() -> None:
    point = Point(1.0, "b")
    assert replace(point, x=2.0) == Point(2.0, "b")
    assert asdict(point) == {"x": 1.0, "name": "b", "friends": (), "secret": "hunter2"}
    assert pickle.loads(pickle.dumps(point)) == point


def test_they_take_no_other_attribute() -> None:
    with pytest.raises(AttributeError):
        Point(1.0).y = 2.0  # type: ignore[attr-defined]
