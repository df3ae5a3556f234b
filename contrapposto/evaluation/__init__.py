"""Protocols: queries, gallery, relevance and measures; predictions are stored and then scored."""
