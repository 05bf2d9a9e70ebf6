"""Frames floor: a DataFrame becomes :class:`~vm_df_writer.model.series.SeriesBlock`. Pure."""
