"""Wire floor: a :class:`~vm_df_writer.series.SeriesBlock` becomes request bodies. Pure."""
