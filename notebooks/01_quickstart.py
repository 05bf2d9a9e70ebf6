# %% [markdown]
# # Quickstart: score a metric, store the scores, read them back
#
# This notebook starts a VictoriaMetrics of its own, and draws with matplotlib, which the extra
# `plot` installs. Jupyter opens it by `jupytext --to notebook 01_quickstart.py`, or as it is with
# jupytext's extension.

# %%
import numpy as np
import pandas as pd

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
# What a selector matches comes back sample by sample, as a frame that `write` takes again. Where
# series differ in one label alone, here in the variable, it is the name of the columns.

# %%
stored = writer.read('{run="quickstart",host="web-2"}')
len(stored) == len(times), report.verification.ok

# %%
stored.loc[stored["anomaly_score"] > 1].head()

# %%
values, score = plot_scores(stored.iloc[3300:4800])
_ = values.set_title("web-2, as read back", loc="left")

# %% [markdown]
# ## Does the server hold what the frame says?
#
# `diff` has a row for each sample that is missing, has another value, or is there twice. A part of
# the frame, corrected and written once more, stands beside what was written first.

# %%
corrected = scores.iloc[-2:, :1] * 2
writer.write(corrected, query_key="response_time", if_exists="append")
writer.diff(scores, query_key="response_time")

# %% [markdown]
# ## What the server computes
#
# `query_range` and `query` give the results of MetricsQL in the same shapes.

# %%
highest = "max by (host) (max_over_time(vmanomaly_anomaly_score[1h]))"
writer.query_range(highest, times[-360], times[-1], "1h").round(2)

# %% [markdown]
# ## Clean up
#
# The server's data goes with it.

# %%
writer.close()
server.close()
