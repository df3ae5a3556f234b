"""What embeddings are taught by: losses of distances between an anchor and others, as pure functions.

Embeddings are (..., D) tensors; target distances are of the poses, in any unit, at least 0. A target of NaN (two
poses that cannot be compared) takes part in nothing. A loss over nothing is 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-6
"""Added to distances before their logarithm is taken (Kim et al. 2019)."""


def distances(anchor: Tensor, others: Tensor, squared: bool = False) -> Tensor:
    """(..., N) Euclidean distances, or their squares, of anchors (..., D) to others (..., N, D), at least in
    float32."""
    offset = anchor.unsqueeze(-2) - others
    if offset.dtype in (torch.float16, torch.bfloat16):
        offset = offset.float()
    found: Tensor = (offset**2).sum(-1) if squared else torch.linalg.vector_norm(offset, dim=-1)
    return found


def triplet_hinge(
    anchor: Tensor, positives: Tensor, negatives: Tensor, margin: float = 0.2, squared: bool = False
) -> Tensor:
    """Mean over all pairs of a positive p and a negative n of an anchor a of max(0, d(a, p) - d(a, n) + margin).

    anchor: (..., D); positives: (..., P, D); negatives: (..., M, D). d is the Euclidean distance (Curro's thesis),
    or its square (Kwak et al., "Thin-Slicing for Pose", CVPR 2016; Mori et al. 2015).
    """
    near, far = distances(anchor, positives, squared), distances(anchor, negatives, squared)
    loss: Tensor = torch.relu(near.unsqueeze(-1) - far.unsqueeze(-2) + margin).mean()
    return loss


def log_ratio(anchor: Tensor, others: Tensor, targets: Tensor, epsilon: float = EPSILON) -> Tensor:
    """Mean over all pairs i < j of (log(D_i / D_j) - log(d_i / d_j))^2: Kim et al., "Deep Metric Learning Beyond
    Binary Supervision", CVPR 2019, equation 5.

    anchor: (D,); others: (N, D), not normalised; targets: (N,) the d. D is the Euclidean distance to the anchor;
    `epsilon` is added to every D and d. With r = log D - log d the mean is twice the variance of the r.
    """
    known = torch.isfinite(targets)
    embedded, wanted = distances(anchor, others)[known], targets[known]
    if len(wanted) < 2:
        return embedded.sum() * 0
    loss: Tensor = 2 * torch.var(torch.log(embedded + epsilon) - torch.log(wanted + epsilon))
    return loss


def distance_regression(anchor: Tensor, others: Tensor, targets: Tensor, scale: float | None = None) -> Tensor:
    """How far embedded distances are from targets, 0 where they are equal up to a scale.

    anchor: (D,); others: (N, D); targets: (N,). With a scale: the mean of (D_i - scale d_i)^2. With None: the
    scale that suits best, s = sum(D d) / sum(d d), and sum((D - s d)^2) / sum(D D), which is 0..1 and the square
    of Kruskal's stress-1 (Kruskal 1964).
    """
    known = torch.isfinite(targets)
    embedded, wanted = distances(anchor, others)[known], targets[known]
    if len(wanted) == 0:
        return embedded.sum() * 0
    if scale is not None:
        loss: Tensor = ((embedded - scale * wanted) ** 2).mean()
        return loss
    best = (embedded * wanted).sum() / (wanted**2).sum().clamp_min(EPSILON)
    stress: Tensor = ((embedded - best * wanted) ** 2).sum() / (embedded**2).sum().clamp_min(EPSILON)
    return stress


def dense_triplet(anchor: Tensor, others: Tensor, targets: Tensor, margin: float = 0.03) -> Tensor:
    """Mean over all pairs with target d_i < d_j of max(0, D_i - D_j + margin), D the squared Euclidean distance to
    the anchor: the "dense triplet" baseline of Kim et al. 2019 (section 4.1), for embeddings of unit length.

    anchor: (D,); others: (N, D); targets: (N,).
    """
    nearer = targets.unsqueeze(-1) < targets  # False where either is NaN
    embedded = distances(anchor, others, squared=True)
    hinge = torch.relu(embedded.unsqueeze(-1) - embedded + margin)
    loss: Tensor = (hinge * nearer).sum() / nearer.sum().clamp_min(1)
    return loss


def log_ratio_of_all(embeddings: Tensor, targets: Tensor, epsilon: float = EPSILON, least: float = 0.0) -> Tensor:
    """As `log_ratio`, every one of a batch being anchor of all others: the mean over anchors, and over all ordered
    pairs of others (with itself), of the squared difference; an anchor weighs as many as it is compared with.

    embeddings: (N, D); targets: (N, N), its diagonal ignored; least: added to targets, in their unit, so that
    what the annotation cannot tell does not count.
    """
    known = torch.isfinite(targets) & ~torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    wanted = torch.log(torch.where(known, targets, 1.0) + least + epsilon)
    ratios = torch.log(torch.cdist(embeddings, embeddings) + epsilon) - wanted
    share = known.to(ratios.dtype)
    means = (ratios * share).sum(1, keepdim=True) / share.sum(1, keepdim=True).clamp(min=1)
    loss: Tensor = 2 * (((ratios - means) ** 2) * share).sum() / share.sum().clamp(min=1)
    return loss


def cosine_margin(scores: Tensor, matching: Tensor, margin: float = 0.1, hardest: int = 0) -> Tensor:
    """Mean of 1 - s over the pairs that match, and mean of max(0, s - margin) over those that do not: the cosine
    margin loss (Salvador et al. 2017; Garcia and Vogiatzis, BMVC 2018).

    scores: (N, M) cosines s; matching: (N, M) bool; hardest: so many of those of a row that do not match count, the
    largest s of them, 0: all.
    """
    own = torch.where(matching, 1 - scores, 0.0).sum() / matching.sum().clamp_min(1)
    others = torch.where(matching, -torch.inf, scores)
    if hardest:
        others = others.topk(min(hardest, others.shape[1]), dim=1).values
    compared = torch.isfinite(others).sum().clamp_min(1)
    loss: Tensor = own + torch.relu(others - margin).sum() / compared
    return loss
