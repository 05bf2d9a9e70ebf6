"""What the name of a column says of its role, word by word.

Names never decide alone. They break a tie that the values of a column leave: whether text that
tells no rows of one time apart names the thing that is measured (``sensor``) or a condition of it
(``state``), and whether whole numbers count (``requests``) or number (``sensor_id``).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

__all__ = [
    "are_counted_together",
    "is_time_name",
    "names_a_condition",
    "names_a_key",
    "names_a_row",
    "names_a_thing",
    "names_a_thing_by_number",
    "part_of_time",
    "words_of",
]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The names that time columns have in pandas, Prophet, Grafana, InfluxDB and SQL exports.
_TIME_NAMES = _words("timestamp time ts datetime date ds timestamps times datetimes dates")

_PARTS_OF_TIME = {
    "year": _words("year yr yyyy jahr"),
    "month": _words("month mo mon mnth mm monat"),
    "day": _words("day dy dd dayofmonth dom tag"),
    "hour": _words("hour hr hh hhmm hourofday hod hourending he stunde"),
    "minute": _words("minute min mi"),
    "second": _words("second sec ss"),
    "period": _words("period quarter week yearmonth yearweek"),
}


# What can be measured: each is a thing of which there may be several, in the singular.
_THINGS_BY_NUMBER = _words(
    """
    account article asset axle beacon bin blade branch broker buoy bus cabinet camera car chamber
    channel chassis circuit client container controller customer cow depot device disk drone drum
    edge equipment farm feeder field gateway gauge greenhouse host house instance instrument
    interface inverter item lane locker machine meter mill module node outlet oven parcel patient
    plant player plot pod port probe product rack receiver register robot room router sensor
    server shard shelf ship shop site slot spindle station store subscriber substation subject table
    switch tenant terminal tower tracker trailer train transformer transmitter truck turbine unit
    user vehicle vessel vm warehouse well worker zone
    """
)
_THINGS = _THINGS_BY_NUMBER | _words(
    """
    address aircraft airport antenna app application area arm battery boiler building cell city
    cluster compressor consumer core country county cpu crane database datacenter dataset db dc
    department district domain elevator endpoint engine entity env environment exchange factory
    fan file floor folder fqdn function furnace gpu group hall hive hostname hub iface index
    ip isin key kpi lab light line link loc location mac market metric model
    motor name namespace network nic office org organisation organization pair panel partition
    path pipe pipeline place platform player pool press pump queue reactor reader region replica
    repo repository resource sample scale section segment serial series service spot stack stage
    stock stop string subnet supplier symbol system table tag tank ticker topic track turnstile
    url valve variable vendor volume ward watch wing
    """
)
# Those who use or pass a thing, one after the other: their keys are keys, but text of such a name
# may tell a condition, as the product that is on a machine.
_PASSING = _words(
    """
    article currency customer driver game item job object operator order owner patient person
    player process product program project route sku source subscriber target team tenant test
    user worker
    """
)
# What changes while a thing stays the same.
_CONDITIONS = _words(
    """
    action activity alarm alert annotation category class classification cause code color colour
    comment condition day description direction error event fault flag health holiday info kind
    label level log message mode month note notes operation outcome phase quality rating reason
    remark remarks result role season severity shift stage state status step tag text trend type
    verdict warning weather weekday
    """
)
# What is measured of things that are named behind it, as in bytes_per_host and cpu_user.
_MEASURES = _words(
    """
    average avg count counts cpu max mean median min n num of pct per percent rate ratio std sum
    total usage used
    """
)
# Things that are counted, or measured, in columns beside each other, under names in the singular.
_COUNTED_TOGETHER = (
    _words(
        "bicycle bike bus car cyclist motorcycle pedestrian person scooter train tram truck van"
    ),
    _words("guest idle iowait irq kernel nice softirq steal system user"),
)
# Names of what numbers the rows: of a database, of a spreadsheet, of a data set.
_ROWS = _words(
    """
    # idx index instant lfdnr no recno record recordno recordnumber rn row rowindex rowno rownr
    rownum rownumber seq seqno sequence sequencenumber slno sno srno
    """
)
_ROW_ENDINGS = ("index", "idx", "row", "rownum")
# What follows the name of a thing where it is numbered or spelt out.
_BEHIND_A_THING = ("code", "name", "nbr", "no", "nr", "num", "number")
# The last word of the name of a number that stands for one thing among others.
_KEYS = frozenset({"id", "ids", "uid", "uuid", "guid", "serial", "imei", "nr", "pk", "rowid"})


def words_of(name: Hashable) -> list[str]:
    """Return the words of a name in lower case, numbers among them.

    Examples
    --------
    >>> words_of("sensorId"), words_of("HTTP_status-2"), words_of(7)
    (['sensor', 'id'], ['http', 'status', '2'], ['7'])
    """
    return [word.lower() for word in _WORD.findall(str(name))]


def is_time_name(name: Hashable) -> bool:
    """Say whether a name is one that times have: blanks, marks and case aside.

    Examples
    --------
    >>> [is_time_name(name) for name in ("Date Time", "_time", "response_time")]
    [True, True, False]
    """
    return isinstance(name, str) and "".join(words_of(name)) in _TIME_NAMES


def part_of_time(name: Hashable) -> str | None:
    """Return which part of a time a column of this name holds, if it is called after one.

    Examples
    --------
    >>> [part_of_time(name) for name in ("YEAR", "MO", "hr", "HH", "hours", "y")]
    ['year', 'month', 'hour', 'hour', None, None]
    """
    joined = "".join(words_of(name))
    return next((part for part, names in _PARTS_OF_TIME.items() if joined in names), None)


def names_a_key(name: Hashable) -> bool:
    """Say whether numbers of this name stand for things, or number rows, rather than count.

    Examples
    --------
    >>> [names_a_key(name) for name in ("id", "sensor_id", "itemid", "deviceId", "humid", "bid")]
    [True, True, True, True, False, False]
    """
    words = words_of(name)
    if not words:
        return False
    last = words[-1]
    return last in _KEYS or (last.endswith("id") and last[:-2] in _THINGS | _PASSING)


def names_a_row(name: Hashable) -> bool:
    """Say whether a count by ones of this name is likely to number the rows.

    Examples
    --------
    >>> [names_a_row(name) for name in ("rn", "S.No", "#", "d3mIndex", "order_id", "cycles")]
    [True, True, True, True, True, False]
    """
    words = words_of(name)
    is_row = ("".join(words) or str(name).strip()) in _ROWS
    return is_row or (bool(words) and words[-1] in _ROW_ENDINGS) or names_a_key(name)


def are_counted_together(name: Hashable, others: Iterable[Hashable]) -> bool:
    """Say whether a column and another are counts of one kind, or shares of one whole.

    Examples
    --------
    >>> are_counted_together("car", ["bus", "y"]), are_counted_together("user", ["rack", "y"])
    (True, False)
    """
    for kinds in _COUNTED_TOGETHER:
        if kinds.intersection(words_of(name)[-1:]):
            return any(kinds.intersection(words_of(other)[-1:]) for other in others)
    return False


def names_a_condition(name: Hashable) -> bool:
    """Say whether text of this name tells how a thing is, not which.

    Examples
    --------
    >>> [names_a_condition(name) for name in ("machine_state", "health_state", "host")]
    [True, True, False]
    """
    return not _CONDITIONS.isdisjoint(words_of(name)) and not names_a_key(name)


def names_a_thing(name: Hashable) -> bool:
    """Say whether text of this name tells which of several things a row is of.

    Examples
    --------
    >>> [names_a_thing(name) for name in ("sensor", "sensor_name", "user_id", "machine_state")]
    [True, True, True, False]
    """
    return _ends_with(name, _THINGS - _PASSING) or names_a_key(name)


def names_a_thing_by_number(name: Hashable) -> bool:
    """Say whether whole numbers of this name are likely to be the numbers of things.

    A plural counts (``hosts``), as does a measure of things (``bytes_per_host``), and a number
    behind the word makes it one of several columns of values (``sensor_2``).

    Examples
    --------
    >>> [
    ...     names_a_thing_by_number(name)
    ...     for name in ("rack", "port", "ports", "sensor_2", "cpu_user")
    ... ]
    [True, True, False, False, False]
    """
    if names_a_key(name):
        return True
    is_measure = "%" in str(name) or not _MEASURES.isdisjoint(words_of(name)[:-1])
    return _ends_with(name, _THINGS_BY_NUMBER) and not is_measure


def _ends_with(name: Hashable, things: frozenset[str]) -> bool:
    words = words_of(name)
    while words and words[-1] in _BEHIND_A_THING and len(words) > 1:
        words = words[:-1]
    return bool(words) and words[-1] in things and _CONDITIONS.isdisjoint(words[-1:])
