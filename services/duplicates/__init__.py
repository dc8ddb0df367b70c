"""Contents that are nearly others: prints of what they say and show, kept beside them, and who is like whom."""
