"""Readers of keypoint sets: a folder with `images/` and joints.npz, COCO JSON, or no annotations at all.

Coordinates are pixels of the image file as stored, x right, y down, the origin at the top-left corner.
Left and right are as the set says; `skeleton.from_names` maps the joints, by name, to the canonical 17.
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.errors import DataError
from contrapposto.records import Box

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

_SPLIT_TABLE = "split.csv"
_NECKS, _HEAD_TOP = ("neck", "upper_neck"), "head_top"


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedPerson:
    """keypoints: (17, 2) float64 pixels, NaN where not labelled; area: of the mask in pixels squared where one was
    drawn, else `AREA_OF_BOX` times the box; head: pixels from the neck to the top of the head, NaN where the set
    has no such joints, or one is not labelled."""

    keypoints: NDArray[np.float64]
    box: Box
    area: float
    head: float = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One photo. width, height: pixels of the stored file; cluster: number of its scene, None if not known.

    people: everyone with a box, also those without any labelled keypoint (all NaN), in the order of the file;
    crowd regions are left out. all_people_listed: nobody in the photo is missing from `people`, so a person found
    without a match is wrong; False where the set does not say so, or a crowd region was left out. image_id: that of
    the photo in COCO JSON, None in other sets.
    """

    file: Path
    width: int
    height: int
    cluster: int | None
    people: tuple[AnnotatedPerson, ...]
    all_people_listed: bool
    image_id: int | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KeypointSet:
    """The photos of one split, in the order of the set. split is None where the whole folder was read."""

    name: str
    folder: Path
    split: str | None
    items: tuple[Item, ...]


def read_keypoint_set(folder: str | Path, split: str | None = None) -> KeypointSet:
    """Read a keypoint set: joints.npz, else COCO JSON (persons.json, or the only *.json with "annotations"), else
    a folder with nothing but `images/`, whose photos are taken to show no people.

    split: one of those in split.csv or under `split` in joints.npz; None for all items. A folder that names no
    splits is one split as a whole: it is read in full whatever `split` says, and the set's `split` is None.
    Raises DataError when something is missing or not as the format says.
    """
    root = Path(folder)
    images = root / "images"
    if not root.is_dir():
        raise DataError(f"no folder {root}: give the folder of an evaluation set")
    if not images.is_dir():
        raise DataError(f"{root} has no folder 'images': an evaluation set keeps its photos there")
    files = {file.name: file for file in sorted(images.iterdir()) if file.suffix.lower() in IMAGE_SUFFIXES}
    splits: Mapping[str, str] = {}
    if (root / "joints.npz").is_file():
        items, splits = _read_joints(root / "joints.npz", files)
    elif (annotations := _annotation_file(root)) is not None:
        items = _read_coco(*annotations, files)
    else:
        items = [_unannotated(file) for file in files.values()]
    if (root / _SPLIT_TABLE).is_file():
        splits, clusters = _read_split_table(root / _SPLIT_TABLE)
        if unknown := sorted(splits.keys() - {item.file.name for item in items}):
            table = root / _SPLIT_TABLE
            raise DataError(f"{table} lists {unknown[0]} ({len(unknown)} such), which the set has not: correct it")
        items = [
            item if item.cluster is not None else replace(item, cluster=clusters.get(item.file.name))
            for item in items
        ]
    if split is None or not splits:
        return KeypointSet(root.resolve().name, root, None, tuple(items))
    if split not in splits.values():
        raise DataError(f"{root} has no split {split!r}: choose one of {', '.join(sorted(set(splits.values())))}")
    chosen = tuple(item for item in items if splits.get(item.file.name) == split)
    return KeypointSet(root.resolve().name, root, split, chosen)


def _read_split_table(path: Path) -> tuple[dict[str, str], dict[str, int | None]]:
    """Split, and cluster where given, of each file."""
    splits: dict[str, str] = {}
    clusters: dict[str, int | None] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        table = csv.DictReader(stream)
        if not {"file", "split"} <= set(table.fieldnames or ()):
            raise DataError(
                f"{path} needs the columns file and split (and, if known, cluster), not {table.fieldnames}"
            )
        for row in table:
            if not row["split"]:
                raise DataError(f"{path}, line {table.line_num}: {row['file']} has no split, write one")
            if row["file"] in splits:
                raise DataError(f"{path} lists {row['file']} twice, in line {table.line_num}: keep one")
            splits[row["file"]] = row["split"]
            try:
                clusters[row["file"]] = int(row["cluster"]) if row.get("cluster") else None
            except ValueError:
                raise DataError(f"{path}, line {table.line_num}: cluster {row['cluster']!r} is no number") from None
    return splits, clusters


def _read_joints(path: Path, files: Mapping[str, Path]) -> tuple[list[Item], dict[str, str]]:
    """Items of joints.npz (one annotated person a photo) and, where it has the key, the split of each file."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            table: dict[str, NDArray[Any]] = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path} ({error}): it must be an npz file without pickles") from error
    count, joints = _checked_joints(path, table)
    names = [str(name) for name in table["file_name"]]
    mapped = skeleton.from_names(joints, [str(name) for name in table["joint_names"]])
    clusters = table.get("cluster")
    items: dict[str, Item] = {}
    for row, name in enumerate(names):
        if name in items:
            raise DataError(f"{path} holds {name} twice: one annotated person a photo is the format")
        people: tuple[AnnotatedPerson, ...] = ()
        if np.isfinite(joints[row]).all(axis=1).any():
            box = Box.around(joints[row], geometry.BOX_MARGIN)
            head = _head(joints[row], [str(name) for name in table["joint_names"]])
            people = (AnnotatedPerson(mapped[row], box, geometry.AREA_OF_BOX * box.area, head),)
        items[name] = Item(
            file=_image(name, files, path),
            width=int(table["size"][row, 0]),
            height=int(table["size"][row, 1]),
            cluster=None if clusters is None else int(clusters[row]),
            people=people,
            all_people_listed=False,
        )
    splits = dict(zip(names, map(str, table["split"]), strict=True)) if "split" in table and count else {}
    return list(items.values()), splits


def _checked_joints(path: Path, table: Mapping[str, NDArray[Any]]) -> tuple[int, NDArray[np.float64]]:
    """Number of rows, and (N, J, 2) joints with NaN where not visible, once every shape is as it should be."""
    for key in ("file_name", "joints", "visible", "size", "joint_names"):
        if key not in table:
            raise DataError(f"{path} has no key {key!r}, only {', '.join(sorted(table))}: add it")
    count, parts = len(table["file_name"]), len(table["joint_names"])
    shapes: dict[str, tuple[int, ...]] = {
        "file_name": (count,),
        "joint_names": (parts,),
        "joints": (count, parts, 2),
        "visible": (count, parts),
        "size": (count, 2),
        "cluster": (count,),
        "split": (count,),
    }
    for key, shape in shapes.items():
        if key in table and table[key].shape != shape:
            raise DataError(f"{path}: {key!r} has shape {table[key].shape}, expected {shape}: correct the table")
    known = [str(name) for name in table["joint_names"]]
    if not set(known) & set(skeleton.KEYPOINTS) or len(set(known)) != parts:
        raise DataError(f"{path}: joint_names {known} must differ and hold names such as left_wrist")
    for key, kinds in (("joints", "fiu"), ("visible", "bfiu"), ("size", "iu"), ("cluster", "iu")):
        if key in table and table[key].dtype.kind not in kinds:
            raise DataError(f"{path}: {key!r} holds {table[key].dtype}, which are not the numbers it needs")
    joints = table["joints"].astype(np.float64)
    seen = np.isfinite(joints).all(axis=2) & table["visible"].astype(bool)
    return count, np.where(seen[:, :, np.newaxis], joints, np.nan)


def _annotation_file(root: Path) -> tuple[Path, dict[str, Any]] | None:
    """The COCO JSON of a folder, read; None if there is no table of any kind.

    Raises DataError if there are several, or none among files that look like annotations: photos whose
    annotations we cannot read must not pass as photos without people."""
    preferred = root / "persons.json"
    candidates = [preferred] if preferred.is_file() else sorted(root.glob("*.json"))
    found = []
    for path in candidates:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{path} is not JSON ({error}): repair or remove it") from error
        if isinstance(content, dict) and "annotations" in content:
            found.append((path, content))
    if len(found) > 1:
        raise DataError(
            f"{root} has several COCO files, {', '.join(p.name for p, _ in found)}: name one persons.json"
        )
    if found:
        return found[0]
    others = [p.name for p in root.iterdir() if p.suffix in {".json", ".npz", ".csv"} and p.name != _SPLIT_TABLE]
    if others:
        raise DataError(
            f"{root} has neither joints.npz nor a COCO file, only {', '.join(sorted(others))}: not a keypoint set"
        )
    return None


def _read_coco(path: Path, content: Mapping[str, Any], files: Mapping[str, Path]) -> list[Item]:
    people: dict[Any, list[AnnotatedPerson]] = {}
    crowded = set()
    try:
        persons = {c["id"]: c.get("keypoints") for c in content.get("categories", ()) if c["name"] == "person"}
        for image in content["images"]:
            people[image["id"]] = []
        for annotation in content["annotations"]:
            category = annotation.get("category_id")
            if persons and category not in persons:
                continue
            if annotation["image_id"] not in people:
                number, image_id = annotation.get("id"), annotation["image_id"]
                raise DataError(f"{path}: annotation {number} is of image {image_id}, which is not listed: add it")
            if annotation.get("iscrowd"):
                crowded.add(annotation["image_id"])
            else:
                people[annotation["image_id"]].append(_coco_person(path, annotation, persons.get(category)))
        return [
            Item(
                file=_image(image["file_name"], files, path),
                width=int(image["width"]),
                height=int(image["height"]),
                cluster=int(image["cluster"]) if "cluster" in image else None,
                people=tuple(people[image["id"]]),
                all_people_listed=bool(image.get("all_persons_listed", True)) and image["id"] not in crowded,
                image_id=image["id"],
            )
            for image in content["images"]
        ]
    except KeyError as error:
        raise DataError(f"{path} has an entry without {error}: COCO format asks for it") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} has an entry of the wrong kind ({error}): COCO format asks for another") from error


def _coco_person(path: Path, annotation: Mapping[str, Any], names: Sequence[str] | None) -> AnnotatedPerson:
    names = names or skeleton.KEYPOINTS
    where = f"{path}: annotation {annotation.get('id')}"
    numbers = np.asarray(annotation.get("keypoints") or [0.0] * (3 * len(names)), dtype=np.float64)
    if numbers.shape != (3 * len(names),):
        raise DataError(f"{where} has {numbers.size} keypoint numbers, expected {3 * len(names)} (x, y, v of each)")
    triples = numbers.reshape(-1, 3)
    points = np.where(triples[:, 2:] > 0, triples[:, :2], np.nan)
    if annotation.get("bbox"):
        box = Box(*map(float, annotation["bbox"]))
    elif np.isfinite(points).any():
        box = Box.around(points, geometry.BOX_MARGIN)
    else:
        raise DataError(f"{where} has neither bbox nor keypoints: remove it")
    area = float(annotation.get("area") or geometry.AREA_OF_BOX * box.area)
    return AnnotatedPerson(skeleton.from_names(points, names), box, area, _head(points, list(names)))


def _head(points: NDArray[np.float64], names: list[str]) -> float:
    """Pixels from the neck to the top of the head of (J, 2) joints of these names, NaN where one is missing."""
    neck = next((name for name in _NECKS if name in names), None)
    if neck is None or _HEAD_TOP not in names:
        return float("nan")
    return float(np.hypot(*(points[names.index(neck)] - points[names.index(_HEAD_TOP)])))


def _unannotated(file: Path) -> Item:
    from PIL import Image

    try:
        with Image.open(file) as image:
            width, height = image.size
    except OSError as error:
        raise DataError(f"cannot read {file} ({error}): repair or remove it") from error
    return Item(file, width, height, None, (), True)


def _image(name: str, files: Mapping[str, Path], source: Path) -> Path:
    if name not in files:
        raise DataError(f"{source} names {name}, which is not in {source.parent / 'images'}: add the photo")
    return files[name]
