"""The rule extractor: names, dates, noun phrases and facts found by rules over a part-of-speech tagger."""

from hippograph.adapters.rules.extractor import RuleExtractor

__all__ = ["RuleExtractor"]
