"""The convolutional layers of VGG16 (Simonyan and Zisserman, ICLR 2015, arXiv:1409.1556, configuration D), the
trunk of the published R-MAC. No package holds weights for it: they are a file that the user has."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto.errors import WeightsError
from contrapposto.media.sampling import fit
from contrapposto.text import path_text

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the 3 x 3 convolutions between two poolings."""

CHANNELS = BLOCKS[-1][-1]

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the RGB values 0..1 of ImageNet's pictures."""


class Vgg16Trunk(nn.Module):
    """(N, 3, H, W) RGB 0..1 to (N, 512, H // 16, W // 16), at least 0: the last convolution's map."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        entering = 3
        for number, block in enumerate(BLOCKS):
            layers += [nn.MaxPool2d(2)] if number else []
            for width in block:
                layers += [nn.Conv2d(entering, width, 3, padding=1), nn.ReLU()]
                entering = width
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        found: Tensor = self.features((pictures - self.mean) / self.deviation)
        return found


def vgg16_maps(path: Path, side: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """What makes the map (512, h, w) of a (H, W, 3) RGB picture, whose longer side is made so many pixels long.
    path: a PyTorch state dict whose convolutions are named features.0.weight, features.0.bias,
    features.2.weight ..., as torchvision names them; others are passed over. Raises WeightsError when the file is
    no such one."""
    trunk = Vgg16Trunk()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        trunk.load_state_dict({name: state[name] for name in trunk.state_dict()})
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise WeightsError(f"{path_text(path)} holds no weights of VGG16 ({reason})") from error
    trunk.eval()

    def maps(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        scale = side / max(picture.shape[:2])
        height, width = (max(16, round(scale * length)) for length in picture.shape[:2])
        given = torch.from_numpy(fit(picture, width, height).astype(np.float32) / 255)
        with torch.no_grad():
            found: NDArray[np.float32] = trunk(given.permute(2, 0, 1)[None])[0].numpy()
        return found

    return maps
