"""More ways in: named methods of search over the same index, one module each, listed in `methods`."""
