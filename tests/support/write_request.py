"""Prometheus' own definition of a remote write message, and what such a message means.

The definitions are those of prompb/remote.proto and prompb/types.proto that version 1.0 of the
specification names. They are built here, so that no generated code has to be kept.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tests.support.import_lines import Samples

_FIELD = descriptor_pb2.FieldDescriptorProto

_MESSAGES: dict[str, list[tuple[str, int, Any]]] = {
    "WriteRequest": [("timeseries", 1, "TimeSeries")],
    "TimeSeries": [("labels", 1, "Label"), ("samples", 2, "Sample")],
    "Label": [("name", 1, _FIELD.TYPE_STRING), ("value", 2, _FIELD.TYPE_STRING)],
    "Sample": [("value", 1, _FIELD.TYPE_DOUBLE), ("timestamp", 2, _FIELD.TYPE_INT64)],
}


def _definitions() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="remote.proto", package="prometheus", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            if isinstance(kind, str):
                message.field.add(
                    name=field,
                    number=number,
                    label=_FIELD.LABEL_REPEATED,
                    type=_FIELD.TYPE_MESSAGE,
                    type_name=f".prometheus.{kind}",
                )
            else:
                message.field.add(name=field, number=number, label=_FIELD.LABEL_OPTIONAL, type=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles(["remote.proto"], pool)


_DEFINITIONS = _definitions()
WriteRequest = _DEFINITIONS["prometheus.WriteRequest"]
TimeSeries = _DEFINITIONS["prometheus.TimeSeries"]


def parse_labels(fields: bytes) -> list[tuple[str, str]]:
    """Return the labels that are the beginning of a time series, in their order."""
    return [(label.name, label.value) for label in TimeSeries.FromString(fields).labels]


def parse_request(data: bytes) -> Samples:
    """Return the samples of every label set; each must be sorted, as the specification says."""
    series: Samples = {}
    for one in WriteRequest.FromString(data).timeseries:
        names = [label.name for label in one.labels]
        assert names == sorted(names, key=str.encode)
        assert len(names) == len(set(names))
        assert all(label.value for label in one.labels)
        labels = frozenset((label.name, label.value) for label in one.labels)
        samples = [(sample.timestamp, sample.value) for sample in one.samples]
        assert samples
        series.setdefault(labels, []).extend(samples)
    return series
