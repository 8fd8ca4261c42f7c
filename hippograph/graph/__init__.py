"""The knowledge graph: what is in it, how it is built, how a walk spreads over it."""
