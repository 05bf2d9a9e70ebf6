"""Wire floor: a :class:`~vm_df_writer.model.series.SeriesBlock` becomes request bodies. Pure."""
