"""What a picture looks like: vectors from networks trained for something else than pose."""
