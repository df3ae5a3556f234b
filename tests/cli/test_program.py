"""The installed program as a process of its own: real networks, real streams, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from contrapposto.library import Library
from tests.drawn import DrawnPeople, draw
from tests.networks import need

ROOT = Path(__file__).resolve().parents[2]


def contrapposto(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "contrapposto.cli", *map(str, arguments)],
        capture_output=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.timeout(120)
def test_index_describe_and_search_photos(tmp_path: Path) -> None:
    need("movenet-multipose", "movenet-thunder")
    photos, library = tmp_path / "photos", tmp_path / "my.library"
    photos.mkdir()
    astronaut = photos / "astronaut 日本.jpg"
    Image.fromarray(data.astronaut()).save(astronaut, quality=95)
    Image.fromarray(data.camera()).save(photos / "camera.png")
    Image.fromarray(data.coffee()).save(photos / "coffee.webp")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")

    indexed = contrapposto("index", photos, "--library", library, "--json")
    assert indexed.returncode == 1, indexed.stderr
    report = json.loads(indexed.stdout)
    assert (report["new"], report["people"], len(report["skipped"])) == (3, 2, 1)
    assert b"broken.jpg" in indexed.stderr

    described = contrapposto("describe", astronaut, "--json", PYTHONIOENCODING="latin-1")
    assert described.returncode == 0, described.stderr
    assert json.loads(described.stdout)["path"] == str(astronaut)
    (person,) = json.loads(described.stdout)["people"]
    (tmp_path / "pasted.json").write_text(json.dumps(person))

    page = tmp_path / "page.html"
    found = contrapposto("search", "--skeleton", tmp_path / "pasted.json", "-l", library, "--json", "--html", page)
    assert found.returncode == 0, found.stderr
    hits = json.loads(found.stdout)["hits"]
    assert hits[0]["path"] == str(astronaut)
    assert hits[0]["distance"] == pytest.approx(0, abs=0.05)
    assert len(hits) == 2
    assert hits[1]["distance"] > 5
    assert "<svg" in page.read_text(encoding="utf-8")


def test_a_message_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    missing = os.fsdecode("日本 é ".encode() + b"\xff")
    failed = contrapposto("index", tmp_path / missing, "-l", tmp_path / "l", PYTHONIOENCODING="latin-1")
    assert failed.returncode == 2
    shown = "\\u65e5\\u672c é \\xff: no such file or folder; give an existing one"
    assert failed.stderr.decode("latin-1").strip() == f"contrapposto: {tmp_path}/{shown}"


def test_a_reader_that_has_seen_enough() -> None:
    command = f"{sys.executable} -m contrapposto.cli models list --json | true"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    assert done.stderr == b""


def test_starting_is_cheap() -> None:
    """Help and wrong use load none of the heavy packages."""
    code = (
        "import sys, contrapposto, contrapposto.cli\n"
        "heavy = {'lancedb', 'lance', 'onnx', 'onnxruntime', 'torch', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.timeout(120)
def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    for number in range(40):
        draw(tmp_path / f"photos/{number:02}.png", pose=(number, 0))
    code = (
        "import sys\n"
        "import contrapposto.representations.pose_embedder as pose_embedder\n"
        "from tests.drawn import DrawnPeople\n"
        "class Telling(DrawnPeople):\n"
        "    def __call__(self, image):\n"
        "        if self.calls == 10: print('ten', flush=True)\n"
        "        return super().__call__(image)\n"
        "pose_embedder.make_embedding_estimator = lambda *_, **__: Telling(0.03)\n"
        "from contrapposto.cli import main\n"
        "main()\n"
    )
    arguments = ["index", str(tmp_path / "photos"), "--workers", "1", "--library", str(tmp_path / "x.library")]
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ten\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.strip().endswith("the same command goes on from there")
    assert "Traceback" not in errors
    report = Library(tmp_path / "x.library", estimator=DrawnPeople()).index()
    assert report.unchanged >= 8
    assert report.new + report.unchanged == 40
