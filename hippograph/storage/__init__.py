"""The index directory: work in progress, what was seen, and published versions."""
