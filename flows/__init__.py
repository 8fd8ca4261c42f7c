"""Prefect flows around the core's steps."""
