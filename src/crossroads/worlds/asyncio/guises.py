"""The names of the world's classes: those of the classes that they stand for, as a program prints them or asks for them by name."""

from collections.abc import Callable
from typing import TypeVar

Kind = TypeVar("Kind", bound=type)


def named_as(stock: type) -> Callable[[Kind], Kind]:
    """A decorator that gives a class the name of the stock one."""

    def rename(kind: Kind) -> Kind:
        kind.__name__, kind.__qualname__, kind.__module__ = stock.__name__, stock.__qualname__, stock.__module__
        return kind

    return rename
