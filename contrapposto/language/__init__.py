"""Words to conditions on people, and poses to words."""
