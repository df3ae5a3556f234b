"""PyTorch modules, one file each; imported by training and export only."""
