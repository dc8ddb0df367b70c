from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from sample import drawing, product_records
from sample.drawing import goods, library, people
from sample.drawing.backdrops import BACKDROPS

LOOKS = {key: drawing.Look(look.as_, look.main, look.accent) for key, look in product_records.looks().items()}
ONE_OF_EACH = [
    ("product/camp-stove", (1080, 1080), "JPEG"),
    ("flatlay/camp-stove+tunnel-tent@cover", (900, 506), "WEBP"),
    ("figure/woman-coat@tall", (1080, 1440), "JPEG"),
    ("avatar/man-akuan", (512, 512), "PNG"),
    ("avatar/mug-harbour", (512, 512), "PNG"),
    ("camp-night/two@banner", (1500, 500), "JPEG"),
    ("rain-window@portrait", (1080, 1920), "JPEG"),
]


def drawn(text: str) -> bytes:
    key = drawing.parse(text)
    return drawing.encode(key, drawing.draw(key, LOOKS))[1]


@pytest.mark.parametrize(("key", "size", "kind"), ONE_OF_EACH, ids=[key for key, _, _ in ONE_OF_EACH])
def test_a_picture_has_the_size_and_kind_that_its_key_says(key: str, size: tuple[int, int], kind: str):
    content = drawn(key)

    with Image.open(io.BytesIO(content)) as image:
        assert (image.size, image.format) == (size, kind)
    assert 2_000 < len(content) < 200_000


def test_a_key_is_always_the_same_picture():
    assert drawn("camp-night/two@cover") == drawn("camp-night/two@cover")
    assert drawn("avatar/woman-qiaoyi") == drawn("avatar/woman-qiaoyi")


def test_a_variant_is_another_picture_of_the_same_thing():
    assert drawn("camp-night/two@cover") != drawn("camp-night/three@cover")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("camp-nigth@wide", "no motif camp-nigth"),
        ("camp-night", "give a shape"),
        ("camp-night@huge", "give a shape"),
        ("flatlay/a+b+c+d+e+f+g+h+i@wide", "1 to 8"),
        ("product/a+b", "only a flatlay"),
        ("avatar/Ada", "lower-case"),
        ("product/", "lower-case"),
    ],
)
def test_a_key_that_names_nothing_is_refused(key: str, reason: str):
    with pytest.raises(drawing.NoSuchPicture, match=reason):
        drawing.parse(key)


def test_scenes_are_made_of_things_and_palettes_that_exist():
    for name, scene in library.scenes().items():
        assert scene.backdrop in BACKDROPS, name
        assert set(scene.palettes) <= library.palettes().keys(), name
        assert {thing.name for thing in scene.things} <= library.objects().keys(), name


def test_every_scene_can_be_drawn_in_every_shape(monkeypatch: pytest.MonkeyPatch):
    small = {name: (width // 10, height // 10) for name, (width, height) in drawing.SHAPES.items()}
    monkeypatch.setattr("sample.drawing.keys.SHAPES", small)
    for name in library.scenes():
        for shape, size in small.items():
            assert drawing.draw(drawing.parse(f"{name}@{shape}"), LOOKS).size == size


def test_every_product_looks_like_something_and_stands_in_its_frame():
    for key, look in LOOKS.items():
        reach = library.bounds(look.object)
        assert reach.side > 40, key
        image = goods.alone(look, 270, 270).convert("L")
        left, top, right, bottom = image.point(lambda value: 255 if value < 225 else 0).getbbox()
        assert min(left, top, image.width - right, image.height - bottom) > image.width * 0.1, key
        assert image.getpixel((5, 5)) == 255, f"{key} does not stand on white"


def test_an_emblem_is_the_object_with_the_longest_name_that_fits():
    assert people.emblem_of("mug-harbour") == "mug"
    assert people.emblem_of("picture-book-hours") == "picture-book"
    assert people.emblem_of("mugs") is None


def test_a_picture_that_stands_there_already_is_kept(tmp_path: Path):
    first = drawing.draw_all(tmp_path, ["product/chef-knife", "avatar/woman-iris"], LOOKS)
    first["avatar/woman-iris"].write_bytes(b"kept")

    again = drawing.draw_all(tmp_path, ["product/chef-knife", "avatar/woman-iris", "gym@cover"], LOOKS)

    assert again["product/chef-knife"] == first["product/chef-knife"]
    assert again["avatar/woman-iris"].read_bytes() == b"kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "avatar--woman-iris.png",
        "gym@cover.jpg",
        "product--chef-knife.jpg",
    ]


def test_a_picture_is_described_in_both_languages():
    assert drawing.describe("camp-night/two@wide") == "夜里的营地 · A camp at night"
    assert drawing.describe("product/camp-stove") == "白底商品图 · A product on white"
