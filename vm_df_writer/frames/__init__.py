"""Frames floor: a DataFrame becomes :class:`~vm_df_writer.series.SeriesBlock`. Pure."""
