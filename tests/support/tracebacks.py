"""What an exception tells, by any kind of traceback."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

_TESTS = str(Path(__file__).parents[1])


def errors_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that are reachable from it."""
    while error is not None:
        yield error
        if error.__context__ is not error.__cause__:
            yield from errors_of(error.__context__)
        error = error.__cause__


def texts_of(error: BaseException) -> Iterator[str]:
    """Yield what an exception tells, by any kind of traceback."""
    yield "".join(traceback.format_exception(error))
    for each in errors_of(error):
        yield f"{each} {each!r} {vars(each)} {each.args}"
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if not frame.f_code.co_filename.startswith(_TESTS):
                yield from map(repr, frame.f_locals.values())
    yield str(pickle.dumps(error))
