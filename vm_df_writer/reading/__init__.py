"""Samples that were read -> frames: labels as a frame names them, layouts, and libraries; pure."""
