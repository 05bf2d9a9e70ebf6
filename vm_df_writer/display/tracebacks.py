"""Short tracebacks: where the caller's line is, and the text, without the frames of this package.

With the logger ``vm_df_writer`` at DEBUG everything is shown.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["one_line_traceback", "shortened"]

_Public = TypeVar("_Public", bound=Callable[..., Any])

_log = logging.getLogger(__name__)
_PACKAGE = str(Path(__file__).parents[1])


def one_line_traceback(error: BaseException) -> list[str]:
    """Return what IPython shows of an error, as its ``_render_traceback_``.

    In a notebook the cell is in sight. The place is named too where a function of the caller's
    stands between the cell and this package.

    Examples
    --------
    >>> one_line_traceback(ValueError("timeout: expected a duration"))
    ['ValueError: timeout: expected a duration']
    """
    if _log.isEnabledFor(logging.DEBUG):
        return "".join(traceback.format_exception(error)).splitlines()
    text = f"{type(error).__name__}: {error}"
    places = [
        place
        for place in traceback.extract_tb(error.__traceback__)
        if not place.filename.startswith(_PACKAGE) and "IPython" not in place.filename
    ]
    if len(places) > 1:
        last = places[-1]
        text += f"\n  in {last.name}, {last.filename}, line {last.lineno}: {last.line}"
    return text.splitlines()


def shortened(kind: type[BaseException]) -> Callable[[_Public], _Public]:
    """Decorate a public function, or all public methods of a class: errors begin there.

    Frames below it are left out of the traceback of an error of that kind, and so are errors that
    led to it, unless they are its cause in so many words. The arguments, which may be secrets, are
    in no frame of a traceback.

    Examples
    --------
    >>> @shortened(ValueError)
    ... def double(text):
    ...     return 2 * int(text)
    >>> try:
    ...     double("x")
    ... except ValueError as error:
    ...     print([place.name for place in traceback.extract_tb(error.__traceback__)])
    ['<module>', 'double']
    """

    def decorate(public: _Public) -> _Public:
        if not isinstance(public, type):
            return _shortened(public, kind)
        for name, member in [*vars(public).items()]:
            if name.startswith("_") and name != "__init__":
                continue
            if isfunction(member):
                setattr(public, name, _shortened(member, kind))
            elif isinstance(member, classmethod):
                setattr(public, name, classmethod(_shortened(member.__func__, kind)))
        return public

    return decorate


def _shortened(function: _Public, kind: type[BaseException]) -> _Public:
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except kind as error:
            if _log.isEnabledFor(logging.DEBUG):
                raise
            short = error.with_traceback(None)
        finally:
            del args, kwargs
        if not short.__suppress_context__:
            short.__context__ = None
        try:
            raise short
        finally:
            del short  # which would keep this frame alive, in a circle

    # It goes by the name of the function in tracebacks too.
    call.__code__ = call.__code__.replace(co_name=function.__name__)
    return wraps(function)(call)  # type: ignore[return-value]
