"""Contrapposto finds people in photos, films and paintings by how they pose."""
