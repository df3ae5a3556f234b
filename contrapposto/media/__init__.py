"""Files to frames. Which files are photos, which are films, and how they are decoded."""
