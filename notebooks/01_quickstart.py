# %% [markdown]
# # Quickstart: score a metric, store the scores, read them back
#
# This notebook starts a VictoriaMetrics of its own, and draws with matplotlib, which the extra
# `plot` installs. Jupyter opens it by `jupytext --to notebook 01_quickstart.py`, or as it is with
# jupytext's extension.

# %%
import matplotlib.pyplot as plt
import numpy as np
import orjson
import pandas as pd
import requests

from vm_df_writer import VmWriter
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
figure, (above, below) = plt.subplots(
    2, figsize=(10, 5), sharex=True, height_ratios=(3, 1), layout="constrained"
)
shown = stored.iloc[3300:4800]
outside = shown[shown["anomaly_score"] > 1]
above.fill_between(
    shown.index,
    shown["yhat_lower"],
    shown["yhat_upper"],
    alpha=0.2,
    label="yhat_lower to yhat_upper",
)
above.plot(shown["y"], color="0.3", linewidth=0.6, label="y")
above.plot(shown["yhat"], label="yhat")
above.plot(outside["y"], ".", color="tab:red", label="anomaly_score > 1")
above.legend(frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))
above.set_title("web-2, as read back", loc="left")
above.margins(x=0)
below.fill_between(shown.index, shown["anomaly_score"], color="tab:red", alpha=0.6, linewidth=0)
below.axhline(1, color="0.3", linestyle="--", linewidth=0.8)
_ = below.set_ylabel("anomaly_score")

# %% [markdown]
# ## Clean up
#
# The server's data goes with it.

# %%
writer.close()
server.close()
