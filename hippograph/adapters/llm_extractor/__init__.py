"""Extraction by a language model: two calls or one, several passages a call, over any generator."""

from hippograph.adapters.llm_extractor.extractor import LlmExtractor
from hippograph.adapters.llm_extractor.journal import Journal, kept_journal
from hippograph.adapters.llm_extractor.planning import Plan, PlannedStep, Unasked, plan_extraction

__all__ = ["Journal", "LlmExtractor", "Plan", "PlannedStep", "Unasked", "kept_journal", "plan_extraction"]
