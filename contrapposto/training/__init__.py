"""Recipes that learn the networks of this package: one file a recipe, and what they share.

PyTorch is needed to train and for nothing else; it comes with the extra `training`.
"""
