"""Write pandas DataFrames of anomaly scores to VictoriaMetrics.

The public names stand in ``__init__.pyi``; each is imported when it is first used, so that
``import vm_df_writer`` costs next to nothing.
"""

import logging

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"

logging.getLogger("vm_df_writer").addHandler(logging.NullHandler())
