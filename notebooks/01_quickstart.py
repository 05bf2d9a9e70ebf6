# %% [markdown]
# # Quickstart: score a metric, store the scores, read them back
#
# This notebook starts a VictoriaMetrics of its own, and draws with matplotlib, which the extra
# `plot` installs. Jupyter opens it by `jupytext --to notebook 01_quickstart.py`, or as it is with
# jupytext's extension.

# %%
import numpy as np
import orjson
import pandas as pd
import requests

from vm_df_writer import VmWriter, plot_scores
from vm_df_writer.local import LocalVictoriaMetrics

server = LocalVictoriaMetrics().start()
server.url

# %% [markdown]
# ## A metric, and its scores
#
# Response times of three hosts over four days, one sample a minute; on one of them something goes
# wrong. A robust z-score says how far a value is from what is usual at this time of the day. Above
# 1 it lies outside of `yhat_lower` to `yhat_upper`.

# %%
rng = np.random.default_rng(7)
times = pd.date_range(end=pd.Timestamp.now("UTC").floor("min"), periods=4 * 1440, freq="1min")
day = np.sin(2 * np.pi * np.arange(len(times)) / 1440)
y = pd.DataFrame(
    {host: 120 + 40 * day + rng.normal(0, 5, len(times)) for host in ("web-1", "web-2", "web-3")},
    index=times,
)
y.iloc[4000:4090, 1] += 60

season = y.groupby(y.index.hour * 60 + y.index.minute).transform("median")
yhat = season.rolling(45, center=True, min_periods=1).mean()
width = 6 * 1.4826 * (y - yhat).abs().median()
scores = pd.concat(
    {
        "anomaly_score": (y - yhat).abs() / width,
        "y": y,
        "yhat": yhat,
        "yhat_lower": yhat - width,
        "yhat_upper": yhat + width,
    },
    axis=1,
    names=["var", "host"],
)
scores.tail(3)

# %% [markdown]
# ## How will it be read?
#
# A preview says which series a frame makes, and what would be dropped. Nothing is sent.

# %%
writer = VmWriter(
    server.url,
    metric_format={"__name__": "vmanomaly_$VAR", "for": "$QUERY_KEY", "run": "quickstart"},
)
writer.preview(scores, query_key="response_time")

# %% [markdown]
# ## Write, and verify
#
# `verify=True` reads every sample back and compares it with what was sent.

# %%
report = writer.write(scores, query_key="response_time", verify=True)
report

# %%
report.to_frame()

# %% [markdown]
# ## Read back
#
# What is stored is a metric as any other. The export gives it back sample by sample.

# %%
answer = requests.get(
    f"{server.url}/api/v1/export",
    params={
        "match[]": '{run="quickstart",host="web-2"}',
        "start": times[0].timestamp(),
        "end": times[-1].timestamp(),
    },
    timeout=10,
)
lines = [orjson.loads(line) for line in answer.content.splitlines()]
stored = pd.DataFrame(
    {
        line["metric"]["__name__"].removeprefix("vmanomaly_"): pd.Series(
            line["values"], index=pd.to_datetime(line["timestamps"], unit="ms", utc=True)
        )
        for line in lines
    }
)
len(stored) == len(times), report.verification.ok

# %%
stored.loc[stored["anomaly_score"] > 1].head()

# %%
values, score = plot_scores(stored.iloc[3300:4800])
_ = values.set_title("web-2, as read back", loc="left")

# %% [markdown]
# ## Clean up
#
# The server's data goes with it.

# %%
writer.close()
server.close()
