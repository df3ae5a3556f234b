"""How well the pose pipeline finds the people of the collection: `python -m render.measure [--accurate]`.

Scores as `contrapposto evaluate keypoints`: over the visible keypoints, area 0.53 of the box; one to one, the best
OKS first; found: OKS of at least 0.5; PCK at 0.2 of the torso's diagonal over the visible limb joints.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from contrapposto import demo
from contrapposto.evaluation.datasets import AREA_OF_BOX, AnnotatedPerson, Item
from contrapposto.evaluation.keypoint_metrics import PersonScore, score_keypoints
from contrapposto.poses import make_estimator


def measure(accurate: bool, threads: int) -> tuple[list[tuple[demo.DemoPerson, PersonScore]], int]:
    """Each person of the photos with what became of them, and how many people were found in all."""
    estimator = make_estimator(accurate=accurate, threads=threads)
    by_file: dict[str, list[demo.DemoPerson]] = defaultdict(list)
    for person in demo.truth().people:
        by_file[person.file].append(person)
    items: list[Item] = []
    found: list[NDArray[np.float64]] = []
    for file, people in tqdm(by_file.items()):
        image = np.asarray(Image.open(demo.photos() / file).convert("RGB"))
        poses = [person.pose.keypoints for person in estimator(image)]
        found.append(np.array(poses).reshape(-1, 17, 2))
        marked = [AnnotatedPerson(who.seen_keypoints, who.box, AREA_OF_BOX * who.box.area) for who in people]
        items.append(Item(demo.photos() / file, image.shape[1], image.shape[0], None, tuple(marked), True))
    scores = score_keypoints(found, items)
    pairs = [(by_file[row.file][row.person], row) for row in scores.people]
    return pairs, int(scores.found.sum())


def _line(title: str, pairs: list[tuple[demo.DemoPerson, PersonScore]]) -> str:
    if not pairs:
        return f"{title:32} nobody"
    rows = [row for _, row in pairs]
    found = np.mean([row.oks >= 0.5 for row in rows])
    pck = sum(row.pck_right for row in rows) / max(sum(row.pck_joints for row in rows), 1)
    oks = np.mean([row.oks for row in rows])
    return f"{title:32} {len(rows):4} people   found {found:.3f}   OKS {oks:.3f}   PCK@0.2 {pck:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m render.measure")
    parser.add_argument("--accurate", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    pairs, found = measure(options.accurate, options.threads)
    company: dict[str, int] = defaultdict(int)
    for person, _ in pairs:
        company[person.file] += 1
    print(_line("all", pairs), f"  ({found} people found)")
    print(_line("ordinary (upright or on a box)", [pair for pair in pairs if pair[0].ordinary]))
    print(_line("floor, upside down, in the air", [pair for pair in pairs if not pair[0].ordinary]))
    print(_line("generated", [pair for pair in pairs if pair[0].pose == demo.GENERATED]))
    for count in (1, 2, 3):
        print(_line(f"{count} in the picture", [pair for pair in pairs if company[pair[0].file] == count]))
    for title, low, high in (("front", 0, 25), ("three-quarter", 25, 70), ("side", 70, 110), ("back", 110, 181)):
        print(_line(title, [pair for pair in pairs if low <= abs(pair[0].azimuth) < high]))
    named = defaultdict(list)
    for pair in pairs:
        named[pair[0].pose].append(pair)
    print("\nthe ten hardest postures")
    for name, group in sorted(named.items(), key=lambda entry: float(np.mean([row.oks for _, row in entry[1]])))[
        :10
    ]:
        print(_line(name[:32], group))
    missed = [(person, row) for person, row in pairs if row.oks < 0.5]
    print("\nnot found")
    for person, row in missed:
        print(f"  {person.file} {person.number} {person.pose}, azimuth {person.azimuth:.0f}, OKS {row.oks:.2f}")


if __name__ == "__main__":
    main()
