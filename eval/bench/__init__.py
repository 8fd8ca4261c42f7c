"""Benchmarks: speed as ratios measured in one run, never as a bare number of seconds."""
