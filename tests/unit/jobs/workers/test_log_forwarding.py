"""What workers warn of and log is told in the job's own process."""

from __future__ import annotations

import logging
import pickle
import warnings

import pytest

from vm_df_writer.display.warn import warn_caller
from vm_df_writer.jobs.workers.log_forwarding import Message, log_level, pass_on, relayed
from vm_df_writer.warning_classes import RetentionWarning


def test_warnings_and_records_are_sent_in_a_form_that_can_be_pickled() -> None:
    sent: list[Message] = []
    with relayed(sent.append, logging.INFO):
        warn_caller("timestamps: too old", RetentionWarning)
        warn_caller("timestamps: too old", RetentionWarning)
        logging.getLogger("vm_df_writer").info("wrote %s", object)
        logging.getLogger("vm_df_writer").debug("not asked for")
        try:
            int("odd")
        except ValueError:
            logging.getLogger("vm_df_writer").exception("failed")
    first, _, record, failure = (pickle.loads(pickle.dumps(message)) for message in sent)  # noqa: S301
    assert isinstance(first, RetentionWarning)
    assert str(first) == "timestamps: too old"
    assert record.getMessage() == "wrote <class 'object'>"
    assert failure.getMessage().startswith("failed\nTraceback")
    assert failure.getMessage().endswith("base 10: 'odd'")


def test_other_warnings_are_shown_where_they_are() -> None:
    sent: list[Message] = []
    with pytest.warns(FutureWarning, match="soon"), relayed(sent.append, log_level()):
        warnings.warn("soon", FutureWarning, stacklevel=1)
    assert sent == []


def test_what_was_sent_is_warned_of_and_logged_here(caplog: pytest.LogCaptureFixture) -> None:
    record = logging.LogRecord("vm_df_writer", logging.WARNING, "", 0, "nothing", None, None)
    with pytest.warns(RetentionWarning, match=r"^timestamps: too old$") as caught:
        pass_on(RetentionWarning("timestamps: too old"))
    assert caught[0].filename == __file__
    pass_on(record)
    assert caplog.messages == ["nothing"]


def test_workers_tell_as_much_as_any_module_here_wants_and_each_gets_what_it_wants(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wordy, silent = "vm_df_writer.delivery.sender", "vm_df_writer.operations.write"
    caplog.set_level(logging.WARNING, "vm_df_writer")
    before = log_level()
    caplog.set_level(logging.DEBUG, wordy)
    assert (before, log_level()) == (logging.WARNING, logging.DEBUG)
    for name in (wordy, silent):
        pass_on(logging.LogRecord(name, logging.DEBUG, "", 0, name, None, None))
    assert caplog.messages == [wordy]
