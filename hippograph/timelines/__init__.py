"""Timelines: what happened in which order, how it hangs together, and questions that ask for it.

Memory timelines after THEANINE (Ong et al., NAACL 2025, arXiv 2406.10996), worked out over an index when a question
comes: nothing of them is stored, so an index that grew answers as one that was built.
"""
