"""Working memory: bounded units of text, refreshed and checked against while an answer is written (EWE).

The method is that of "Improving Factuality with Explicit Working Memory" (Chen et al. 2024, section 3), on texts: a
unit is a numbered block of the prompt, where the paper's are keys and values within the model, which no server lets
anybody reach.
"""
