"""Lines that a server answers 204 to and then skips or alters, one of each kind."""

from __future__ import annotations

import json
import re

__all__ = ["MALFORMED", "TIMES_MS", "VALUES", "is_sound"]

# What each of them was meant to say.
VALUES = (1.5, 2.5)
TIMES_MS = (1767225600000, 1767225660000)

_METRIC = b'{"__name__":"NAME","host":"a"}'
_NUMBERS = b'"values":[1.5,2.5],"timestamps":[1767225600000,1767225660000]'
_LINE = b'{"metric":%s,%s}\n' % (_METRIC, _NUMBERS)


def _metric(text: bytes) -> bytes:
    return b'{"metric":%s,%s}\n' % (text, _NUMBERS)


def _numbers(text: bytes) -> bytes:
    return b'{"metric":%s,%s}\n' % (_METRIC, text)


def _value(text: bytes) -> bytes:
    return _LINE.replace(b"2.5", text)


def _time(text: bytes) -> bytes:
    return _LINE.replace(b"1767225660000", text)


_BAD_VALUES = (
    "null", "NaN", '"NaN"', '"nan"', '"Inf"', '"inf"', '"-Inf"', '"Infinity"', "Inf", "+Inf",
    "-Inf", "-inf", "Infinity", "-Infinity", '"+Inf"', '"2.5"', "true", '""', "[2.5]", "0x10",
    "+1", "1_0", ".5", "5.",
)  # fmt: skip
_BAD_TIMES = (
    "1767225660000.0", "1767225660000.5", "1.7e12", '"1767225660000"', "null", "true",
    '"2026-01-01T00:01:00Z"', "9223372036854775808", "9223372036854775807", "-5", "0", "86399999",
    "1767225660", "1767225660000000", "1767225660000000000",
)  # fmt: skip
_BAD_LABEL_VALUES = ("7", "null", "true", '["a"]', '{"a":"a"}', '""', r'"\ud800"')

MALFORMED: dict[str, bytes] = {
    "a line that breaks off": _LINE[:40] + b"\n",
    "the last line cut": _LINE[:-20],
    "blanks": b"  \n",
    "two objects on a line": _LINE[:-1] + _LINE,
    "a list of objects": b"[%s]\n" % _LINE[:-1],
    "pretty-printed": _LINE.replace(b",", b",\n"),
    "a byte order mark": b"\xef\xbb\xbf" + _LINE,
    "UTF-16": _LINE.decode().encode("utf-16"),
    "more values than timestamps": _numbers(b'"values":[1.5,2.5],"timestamps":[1767225600000]'),
    "empty arrays": _numbers(b'"values":[],"timestamps":[]'),
    "no values": _numbers(b'"timestamps":[1767225600000]'),
    "values no array": _numbers(b'"values":1.5,"timestamps":1767225600000'),
    "values twice": _numbers(b'"values":[3.5,4.5],' + _NUMBERS),
    "no metric": b"{%s}\n" % _NUMBERS,
    "metric empty": _metric(b"{}"),
    "no name": _metric(b'{"host":"a"}'),
    "an empty name": _metric(b'{"__name__":"","host":"a"}'),
    "a name that is no text": _metric(b'{"__name__":7,"host":"a"}'),
    "two names": _metric(b'{"__name__":"NAME","host":"a","__name__":"NAME_2"}'),
    "a label twice": _metric(b'{"__name__":"NAME","host":"a","host":"b"}'),
    "a label without a name": _metric(b'{"__name__":"NAME","host":"a","":"b"}'),
    "a label of invalid UTF-8": _metric(b'{"__name__":"NAME","host":"\xff"}'),
    "a line break in a label": _metric(b'{"__name__":"NAME","host":"a\n"}'),
    **{f"label {text}": _LINE.replace(b'"a"', text.encode()) for text in _BAD_LABEL_VALUES},
    **{f"value {text}": _value(text.encode()) for text in _BAD_VALUES},
    **{f"timestamp {text}": _time(text.encode()) for text in _BAD_TIMES},
}
"""By what is wrong; ``NAME`` stands for the name of the metric."""

_TEXT = rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\bfnrt]|u00[01][0-9a-f]))+"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
_TIME = rb"[1-7][0-9]{12}|[3-9][0-9]{10,11}"
_SOUND = re.compile(
    rb'\{"metric":\{(?:%(text)s:%(text)s)(?:,%(text)s:%(text)s)*\},'
    rb'"values":\[%(number)s(?:,%(number)s)*\],"timestamps":\[(?:%(time)s)(?:,(?:%(time)s))*\]\}\n'
    % {b"text": _TEXT, b"number": _NUMBER, b"time": _TIME}
)


def is_sound(line: bytes) -> bool:
    """Say whether a line is of the one form that every server takes whole, and as it is meant."""
    if not _SOUND.fullmatch(line):
        return False
    try:
        metric, values, times = (part for _, part in json.loads(line, object_pairs_hook=list))
    except UnicodeDecodeError:
        return False
    names = [name for name, _ in metric]
    return "__name__" in names and len({*names}) == len(names) and len(values) == len(times)
