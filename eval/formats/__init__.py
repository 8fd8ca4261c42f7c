"""Public file formats of data sets, each read into our own: one module a family."""
