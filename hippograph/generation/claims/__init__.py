"""Claims: a text cut into statements that can be true or false by themselves, and held against evidence."""

from hippograph.generation.claims.by_model import LlmVerifier
from hippograph.generation.claims.rules import RuleVerifier
from hippograph.generation.claims.splitting import ClaimSplit, split_claims

__all__ = ["ClaimSplit", "LlmVerifier", "RuleVerifier", "split_claims"]
