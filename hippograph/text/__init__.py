"""How text is cut and compared: passages, sentences, names."""
