"""`contrapposto search` and `describe`: ways to ask, and what is answered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from contrapposto.skeleton import KEYPOINTS
from tests.cli.conftest import Program
from tests.drawn import draw, keypoints


@pytest.fixture
def indexed(program: Program, photos: Path) -> Path:
    """a.png: three people; b.png: one with the left arm up; c.png: one standing; nobody.png."""
    draw(photos / "a.png", people=3, pose=(120, 100), size=(400, 300))
    draw(photos / "b.png", people=1, pose=(250, 0), size=(400, 300))
    draw(photos / "c.png", people=1, pose=(0, 0), size=(300, 300))
    draw(photos / "nobody.png", people=0)
    assert program("index", photos).status == 0
    return photos


def skeleton(folder: Path, green: float, blue: float, names: tuple[str, ...] = KEYPOINTS) -> Path:
    points = dict(zip(KEYPOINTS, keypoints(1, green, blue, 800, 600).tolist(), strict=True))
    path = folder / "skeleton.json"
    path.write_text(json.dumps({"keypoints": {name: points[name] for name in names}}))
    return path


def found(outcome: Any) -> list[tuple[str, int]]:
    assert outcome.status == 0
    return [(Path(hit["path"]).name, hit["person"]) for hit in outcome.json["hits"]]


def test_by_image(program: Program, indexed: Path) -> None:
    outcome = program("search", "--image", indexed / "b.png", "--json")
    assert found(outcome)[0] == ("b.png", 1)
    assert len(found(outcome)) == 5
    best = outcome.json["hits"][0]
    assert best["distance"] == pytest.approx(0, abs=0.01)
    assert best["match"] == pytest.approx(1, abs=0.01)
    assert [row["name"] for row in best["keypoints"]] == list(KEYPOINTS)
    assert best["why"][0]["metric"] == "fused"
    assert outcome.json["query"]["top"] == 20
    distances = [hit["distance"] for hit in outcome.json["hits"]]
    assert distances == sorted(distances)


def test_lines_for_people_to_read(program: Program, indexed: Path) -> None:
    outcome = program("search", "--image", indexed / "c.png", "--top", 2)
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("  1  match 1.00  ")
    assert f"{indexed / 'c.png'}  person 1  (0.0 px of 128, 17 joints, best " in lines[0]


def test_which_person_of_an_image(program: Program, indexed: Path) -> None:
    asked = program("search", "--image", indexed / "a.png")
    assert "shows 3 people; asking with person 1, choose with --person:" in asked.err
    assert len([line for line in asked.err.splitlines() if line.startswith("  ")]) == 3
    second = program("search", "--image", indexed / "a.png", "--person", 2, "--top", 1, "--json")
    assert found(second)[0][0] == "a.png"
    assert "choose with --person" not in second.err


def test_by_skeleton(program: Program, indexed: Path, tmp_path: Path) -> None:
    assert found(program("search", "--skeleton", skeleton(tmp_path, 250, 0), "--json"))[0] == ("b.png", 1)
    arm = skeleton(tmp_path, 250, 0, ("left_shoulder", "left_elbow", "left_wrist"))
    assert found(program("search", "--skeleton", arm, "--top", 1, "--json")) == [("b.png", 1)]


def test_joints_decide_what_counts(program: Program, indexed: Path, tmp_path: Path) -> None:
    """Arm of b, leg of a."""
    mixed = skeleton(tmp_path, 250, 100)
    assert found(program("search", "--skeleton", mixed, "--joints", "left_arm", "--json"))[0] == ("b.png", 1)
    assert found(program("search", "--skeleton", mixed, "--joints", "right_leg", "--json"))[0][0] == "a.png"


def test_mirror(program: Program, indexed: Path, tmp_path: Path) -> None:
    points = keypoints(1, 250, 0, 400, 300)
    flip = {
        name: name.replace("left", "right") if "left" in name else name.replace("right", "left")
        for name in KEYPOINTS
    }
    mirrored = {flip[name]: [400 - x, y] for name, (x, y) in zip(KEYPOINTS, points.tolist(), strict=True)}
    path = tmp_path / "mirrored.json"
    path.write_text(json.dumps(mirrored))
    plain = program("search", "--skeleton", path, "--json").json["hits"][0]
    either = program("search", "--skeleton", path, "--mirror", "--json").json["hits"][0]
    assert plain["distance"] > 3
    assert either["distance"] == pytest.approx(0, abs=0.01)
    assert Path(either["path"]).name == "b.png"
    assert either["why"][0]["mirrored"] is True


def test_where_and_top(program: Program, indexed: Path) -> None:
    asked = ["search", "--image", indexed / "b.png", "--json"]
    assert {name for name, _ in found(program(*asked, "--where", "people = 1"))} == {"b.png", "c.png"}
    assert found(program(*asked, "--where", 'path ~ "C.PNG" or path ~ "c.png"')) == [("c.png", 1)]
    assert found(program(*asked, "--where", "people > 7")) == []
    assert len(found(program(*asked, "--top", 3))) == 3


def test_no_answer_is_an_answer(program: Program, indexed: Path) -> None:
    outcome = program("search", "--image", indexed / "b.png", "--where", "people = 9")
    assert (outcome.status, outcome.out) == (0, "")
    assert "No file in the library meets --where 'people = 9'" in outcome.err


def test_by_query(program: Program, indexed: Path, tmp_path: Path) -> None:
    query = program("search", "--image", indexed / "b.png", "--joints", "arms", "--json").json["query"]
    path = tmp_path / "query.json"
    path.write_text(json.dumps(query | {"top": 2, "where": "people = 1"}))
    outcome = program("search", "--query", path, "--json")
    assert found(outcome)[0] == ("b.png", 1)
    assert len(outcome.json["hits"]) == 2
    assert outcome.json["query"]["parts"] == query["parts"]


def test_html(program: Program, indexed: Path, tmp_path: Path) -> None:
    page = tmp_path / "found.html"
    outcome = program("search", "--image", indexed / "b.png", "--html", page, "--json")
    assert outcome.status == 0
    assert f"Page: {page}" in outcome.err
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") >= 6, "five answers and what was asked"
    assert "b.png" in text
    assert outcome.json["hits"]


def test_odd_names_print(program: Program, photos: Path) -> None:
    raw = Path(os.fsdecode(os.fsencode(photos) + b"/caf\xe9 \xff.png"))
    draw(raw, pose=(1, 1))
    draw(photos / "q\"uo'te\nline <i>.png", pose=(250, 1))
    assert program("index", photos).status == 0
    outcome = program("search", "--image", raw, "--json", "--html", photos / "page.html")
    assert outcome.status == 0
    assert [hit["path"] for hit in outcome.json["hits"]] == [
        f"{photos}/caf\\xe9 \\xff.png",
        f"{photos}/q\"uo'te\\nline <i>.png",
    ]
    assert "<i>" not in (photos / "page.html").read_text(encoding="utf-8")
    shown = program("describe", raw)
    assert shown.out.startswith(f"{photos}/caf\\xe9 \\xff.png: 1 person\n")
    text = program("search", "--image", raw)
    assert len(text.out.splitlines()) == 2


def test_copies_are_named(program: Program, photos: Path) -> None:
    draw(photos / "a.png")
    draw(photos / "b.png")
    program("index", photos)
    outcome = program("search", "--image", photos / "a.png")
    assert outcome.out.splitlines()[1] == f"     same photo: {photos / 'b.png'}"
    assert program("search", "--image", photos / "a.png", "--json").json["hits"][0]["copies"] == [
        str(photos / "b.png")
    ]


def wrong(program: Program, said: str, *arguments: object) -> None:
    outcome = program("search", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.err.count("\n") == 1 or outcome.err.startswith("Usage:")


def test_wrong_use_gives_2_and_says_why(program: Program, indexed: Path, tmp_path: Path) -> None:
    b = indexed / "b.png"
    wrong(program, "nothing is asked")
    wrong(program, "No such option", "--imge", b)
    wrong(program, "cannot be read (No such file or directory)", "--image", indexed / "none.png")
    wrong(program, "nobody was found in it", "--image", indexed / "nobody.png")
    wrong(program, "has 1 person, there is no number 2", "--image", b, "--person", 2)
    wrong(program, "--person goes with --image", "--skeleton", skeleton(tmp_path, 0, 0), "--person", 1)
    wrong(program, "did you mean 'left_arm'", "--image", b, "--joints", "left_arms")
    wrong(program, "is no weight", "--image", b, "--joints", "arms=much")
    wrong(program, "Invalid value for '--top'", "--image", b, "--top", 0)
    wrong(program, "Invalid value for '--metric'", "--image", b, "--metric", "4d")
    wrong(program, "cannot be written", "--image", b, "--html", tmp_path / "no/where.html")
    for condition in ("people >", "colour = 3", "people = 1 and", "((", 'path ~ "x'):
        wrong(program, "", "--image", b, "--where", condition)
    (tmp_path / "text.jpg").write_text("hello")
    wrong(program, "not a JPEG, PNG, HEIC or other picture", "--image", tmp_path / "text.jpg")


@pytest.mark.parametrize("option", ["--skeleton", "--query"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\udcff", "not JSON"),
        ("[1, 2]", ""),
        ("{}", ""),
        ("null", ""),
        ('{"keypoints": {"left_knie": [1, 2]}}', ""),
        ('{"keypoints": {"left_knee": "x"}}', ""),
        ('{"keypoints": {"left_knee": [1, 2]}}', ""),
        ('{"parts": [{"pose": {"left_knee": [1, 2], "left_hip": [3, 4]}, "colour": 1}]}', ""),
        ('{"parts": []}', ""),
    ],
)
def test_wrong_json(program: Program, indexed: Path, tmp_path: Path, option: str, content: str, said: str) -> None:
    path = tmp_path / "asked.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    wrong(program, said, option, path)
    wrong(program, "cannot be read (No such file", option, tmp_path / "none.json")
    wrong(program, "not a regular file", option, tmp_path)


def test_a_query_file_goes_alone(program: Program, indexed: Path, tmp_path: Path) -> None:
    path = tmp_path / "query.json"
    path.write_text(json.dumps({"parts": [{"pose": {"left_knee": [1, 2], "left_hip": [3, 4]}}]}))
    assert program("search", "--query", path).status == 0
    for option in (
        ["--image", indexed / "b.png"],
        ["--skeleton", path],
        ["--joints", "arms"],
        ["--mirror"],
        ["--top", 3],
        ["--where", "people = 1"],
        ["--person", 1],
    ):
        wrong(program, f"--query holds the whole query; give it without {option[0]}", "--query", path, *option)


def test_no_library(program: Program, tmp_path: Path) -> None:
    said = "no library here; make one: contrapposto index FOLDER"
    wrong(program, said, "--skeleton", skeleton(tmp_path, 0, 0))
    wrong(program, said, "--image", draw(tmp_path / "a.png"))
    wrong(
        program, "elsewhere: no library here", "--skeleton", skeleton(tmp_path, 0, 0), "-l", tmp_path / "elsewhere"
    )


def test_a_described_person_finds_itself(program: Program, indexed: Path, tmp_path: Path) -> None:
    for number, person in enumerate(program("describe", indexed / "a.png", "--json").json["people"], start=1):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(person))
        hits = program("search", "--skeleton", path, "--json", "--where", "people = 3").json["hits"]
        assert hits[0]["distance"] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("metric", ["fused", "embedding", "view-invariant"])
def test_metrics_that_are_learned(program: Program, indexed: Path, tmp_path: Path, metric: str) -> None:
    asked = ["search", "--image", indexed / "b.png", "--metric", metric]
    hits = program(*asked, "--json").json["hits"]
    assert (Path(hits[0]["path"]).name, hits[0]["match"]) == ("b.png", pytest.approx(1, abs=0.01))
    assert {row["metric"] for hit in hits for row in hit["why"]} == {metric}
    assert hits[0]["unit"] == ("px of 128" if metric == "fused" else "of embedding")
    out = program(*asked, "--html", tmp_path / "hits.html").out
    assert "b.png" in out.splitlines()[0]
    assert ("worst" in out) == (metric != "view-invariant"), "which does not know joints"
    assert f"metric: {metric}" in (tmp_path / "hits.html").read_text(encoding="utf-8")


def test_a_skeleton_has_no_picture(program: Program, indexed: Path, tmp_path: Path) -> None:
    drawn = skeleton(tmp_path, 250, 0)
    wrong(program, "this pose comes without one", "--skeleton", drawn, "--metric", "embedding")
    wrong(program, "knows no mirror image", "--image", indexed / "b.png", "--metric", "embedding", "--mirror")


def test_demo(program: Program, indexed: Path, tmp_path: Path) -> None:
    outcome = program("demo", indexed, "--out", tmp_path / "out/demo")
    assert outcome.status == 0
    for source in ("photo", "skeleton"):
        for metric in ("2d", "3d", "procrustes"):
            assert f"Asked with a {source}, metric {metric}" in outcome.out
    assert (tmp_path / "out/demo/results.html").read_text(encoding="utf-8").count("<svg") > 4
    (tmp_path / "none").mkdir()
    for folder, out, said in [
        (tmp_path / "none", tmp_path / "o", "nobody was found in its photos"),
        (tmp_path / "lost", tmp_path / "o", "no such file or folder"),
        (indexed, indexed / "a.png" / "x", "cannot be made (Not a directory)"),
    ]:
        failed = program("demo", folder, "--out", out)
        assert failed.status == 2
        assert said in failed.err


def test_pipes_are_refused(program: Program, indexed: Path, tmp_path: Path) -> None:
    """They would be waited for without end."""
    os.mkfifo(tmp_path / "pipe.jpg")
    for command in (["describe"], ["search", "--image"], ["search", "--skeleton"], ["search", "--query"]):
        outcome = program(*command, tmp_path / "pipe.jpg")
        assert outcome.status == 2
        assert "pipe.jpg: not a regular file" in outcome.err


def test_a_described_photo_of_one_person_is_a_skeleton(program: Program, indexed: Path, tmp_path: Path) -> None:
    path = tmp_path / "described.json"
    path.write_text(program("describe", indexed / "b.png", "--json").out)
    assert program("search", "--skeleton", path, "--json").json["hits"][0]["distance"] == pytest.approx(0, abs=0.05)
    path.write_text(program("describe", indexed / "a.png", "--json").out)
    wrong(program, "a photo with 3 people; give one of them", "--skeleton", path)


def test_little_left_of_a_query_is_said(program: Program, indexed: Path, tmp_path: Path) -> None:
    path = tmp_path / "hips.json"
    path.write_text(json.dumps({"left_hip": [1, 2], "right_hip": [3, 2]}))
    said = program("search", "--skeleton", path, "--joints", "legs").err
    assert "Only left_hip, right_hip are in the query" in said
    assert "Only" not in program("search", "--image", indexed / "b.png").err


def test_all_parts_show_their_distance(program: Program, indexed: Path, tmp_path: Path) -> None:
    path = tmp_path / "hips.json"
    path.write_text(json.dumps({"left_hip": [1, 2], "right_hip": [3, 9]}))
    asked = ["search", "--image", indexed / "b.png", "--skeleton", path, "--top", 1]
    first, second = program(*asked, "--json").json["hits"][0]["why"]
    assert second["distance"] > first["distance"] + 1
    out = program(*asked).out
    assert out.index(f"({first['distance']:.1f} px of 128") < out.index(f"; {second['distance']:.1f} px of 128")


def test_forget(program: Program, indexed: Path) -> None:
    assert "1 file dropped" in program("forget", indexed / "b.png").err
    hits = program("search", "--image", indexed / "b.png", "--json").json["hits"]
    assert "b.png" not in {Path(hit["path"]).name for hit in hits}


def test_words(program: Program, indexed: Path) -> None:
    outcome = program("search", "left hand above the head, left knee straight", "--json")
    assert outcome.status == 0
    assert "Asked: left hand above the head and left knee straight" in outcome.err
    for hit in outcome.json["hits"]:
        (why,) = hit["why"]
        assert [row["words"] for row in why["conditions"]] == ["left hand above the head", "left knee straight"]
        assert [row["probability"] is not None for row in why["conditions"]] == [True, True]
    alone = program("search", "left knee straight", "--json")
    for hit in alone.json["hits"]:
        assert hit["match"] == pytest.approx(hit["why"][0]["conditions"][0]["probability"], abs=1e-3)
    matches = [hit["match"] for hit in outcome.json["hits"]]
    assert matches == sorted(matches, reverse=True)
    lines = program("search", "left hand above the head", "--top", 1).out
    assert "person" in lines
    assert "left hand above the head" in lines


def test_words_with_a_photo_and_weights(program: Program, indexed: Path) -> None:
    asked = ["search", "left knee straight", "--image", indexed / "c.png", "--top", 2]
    plain = program(*asked, "--json").json
    assert sorted(plain["query"]["parts"][0]) == ["score", "weight", "words"]
    assert len(plain["hits"][0]["why"]) == 2
    weighted = program(*asked, "--weight", "words=3", "--weight", "image=-0.5", "--json").json
    assert [part["weight"] for part in weighted["query"]["parts"]] == [3, -0.5]
    assert weighted["hits"][0]["why"][1]["unlike"]
    assert "unlike: " in program(*asked, "--weight", "image=-1").out


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (["left elbow blue"], "blue"),
        (["left elbow bent and straight"], "contradict"),
        ([""], "no words"),
        (["x" * 10_000], "characters"),
        (["左肘を曲げる"], "not understood"),
        (["left knee bent", "--weight", "image=2"], "write PART=NUMBER of a part that is asked with (words)"),
        (["left knee bent", "--weight", "words=two"], "'two' is no number"),
        (["left knee bent", "--weight", "words=0"], "and not 0"),
        ([], "nothing is asked: give words, a photo or a skeleton"),
    ],
)
def test_wrong_words_are_one_line(program: Program, indexed: Path, arguments: list[str], phrase: str) -> None:
    outcome = program("search", *arguments)
    assert outcome.status == 2
    assert phrase in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert len(outcome.err) < 400


def test_words_do_not_go_beside_a_query_file(program: Program, indexed: Path, tmp_path: Path) -> None:
    path = tmp_path / "query.json"
    path.write_text(json.dumps({"parts": [{"words": "left knee straight"}], "top": 1}))
    assert len(program("search", "--query", path, "--json").json["hits"]) == 1
    refused = program("search", "standing", "--query", path)
    assert refused.status == 2
    assert "give it without words" in refused.err
    refused = program("search", "--query", path, "--weight", "words=2")
    assert "give it without --weight" in refused.err


def test_the_page_shows_words_and_conditions(program: Program, indexed: Path, tmp_path: Path) -> None:
    page = tmp_path / "words.html"
    assert program("search", "left knee straight, not left elbow bent", "--html", page).status == 0
    text = page.read_text(encoding="utf-8")
    assert "left knee straight" in text
    assert "✓ " in text
