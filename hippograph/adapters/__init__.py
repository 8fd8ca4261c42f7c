"""Parts made of other people's packages, and their offline twins: one file a vendor."""
