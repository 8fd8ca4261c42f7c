"""Measuring: data sets, metrics, methods side by side."""
