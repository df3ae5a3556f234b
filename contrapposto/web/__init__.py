"""What people look at: pages of answers, and poses drawn over photos."""
