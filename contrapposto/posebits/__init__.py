"""Yes/no relations of joints: the table, what is measured, and how a pose answers."""
