"""kept_attribute: an attribute that is computed when it is first asked for, without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

__all__ = ["kept_attribute"]

Value = TypeVar("Value")


class kept_attribute(Generic[Value]):  # noqa: N801 - a decorator
    """Compute an attribute at the first access, and keep it in the object.

    It is what `functools.cached_property` is from Python 3.12 on. Before, that holds a lock of the
    whole class meanwhile: threads wait for each other's objects, and a process that is forked
    meanwhile waits for ever. Without a lock, two threads may compute the same value at once.

    Examples
    --------
    >>> class Circle:
    ...     radius = 2.0
    ...
    ...     @kept_attribute
    ...     def area(self) -> float:
    ...         return 3.14 * self.radius**2
    >>> circle = Circle()
    >>> circle.area, vars(circle)
    (12.56, {'area': 12.56})
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, _: type, name: str) -> None:
        """Learn the name under which the value is kept."""
        self._name = name

    @overload
    def __get__(self, owner: None, _: type) -> Self: ...

    @overload
    def __get__(self, owner: object, _: type) -> Value: ...

    def __get__(self, owner: object | None, _: type) -> Self | Value:
        """Compute the value; from then on it is found in the object, before this is asked."""
        if owner is None:
            return self
        value = self._compute(owner)
        vars(owner)[self._name] = value
        return value
