"""Extraction by a language model: two calls or one, several passages a call, over any generator."""

from hippograph.adapters.llm_extractor.extractor import LlmExtractor
from hippograph.adapters.llm_extractor.journal import Journal

__all__ = ["Journal", "LlmExtractor"]
