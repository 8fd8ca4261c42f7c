"""A language model behind any server that speaks OpenAI's chat completions, through the openai package.

`generator.py` is the port; each other file holds one thing it stands on.
"""

from hippograph.adapters.openai_generator.generator import OpenAIGenerator

__all__ = ["OpenAIGenerator"]
