from __future__ import annotations

import gc
import weakref

import numpy as np
import pandas as pd
from pytest_httpserver import HTTPServer

from tests.support.frame_samples import minutes
from vm_df_writer import VmWriter


def test_a_write_holds_on_to_nothing_once_it_has_returned(httpserver: HTTPServer) -> None:
    """A cycle of references would keep the frame until the garbage collector comes by."""
    httpserver.expect_request("/api/v1/import").respond_with_data(status=204)
    writer = VmWriter(httpserver.url_for(""), metric_format={"__name__": "$VAR"})
    frame = pd.DataFrame({"y": np.ones(3)}, index=minutes(0, 1, 2))
    gone = weakref.ref(frame)
    gc.disable()
    try:
        writer.write(frame)
        del frame
        assert gone() is None
    finally:
        gc.enable()
