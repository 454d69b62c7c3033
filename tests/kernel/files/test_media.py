"""What a file is by its bytes, and what its name becomes."""

import pytest

from shared.files.media import ALLOWED, LONGEST_NAME, recognise, tidy_name

PDF, JPEG, PNG = ALLOWED


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, media_type: str) -> None:
    media = recognise(content)
    assert media is not None
    assert media.type == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"GIF89a",
        b"%PDF",
        b" %PDF-1.7",
        b"\x89PNG\n",
        b"\x00\x00\x00\x18ftypheic",
    ],
)
def test_everything_else_is_not_taken(content: bytes) -> None:
    assert recognise(content) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("死亡证明.pdf", "死亡证明.pdf"),
        ("SCAN.PDF", "SCAN.PDF"),
        ("", "材料.pdf"),
        ("..", "材料.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\fakepath\\证明　一.pdf", "证明 一.pdf"),
        ("证明.png", "证明.png.pdf"),
        ("page.html", "page.html.pdf"),
        (" a\tb\r\nc ", "a b c.pdf"),
    ],
)
def test_a_name_keeps_no_folder_and_ends_as_what_the_file_is(said: str, name: str) -> None:
    assert tidy_name(said, PDF) == name


def test_an_ending_of_the_same_kind_stays() -> None:
    assert (tidy_name("a.jpeg", JPEG), tidy_name("a.png", PNG)) == ("a.jpeg", "a.png")


@pytest.mark.parametrize("said", ["证\x00明", "fdp\u202egnp.exe", "a\u200bb", "张" * LONGEST_NAME])
def test_names_nobody_can_read_are_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"invisible|long"):
        tidy_name(said, PDF)
