"""A logo is read as pixels and drawn anew; whatever else is in the file is gone."""

import io

import pytest
from PIL import Image, PngImagePlugin

from borgerpuls.errors import LogoIsUnusable
from borgerpuls.reporting.logo import LARGEST_FILE, redrawn_logo


def png(size: tuple[int, int], **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", size, (11, 60, 93, 128)).save(out, "PNG", **more)
    return out.getvalue()


def test_a_large_picture_becomes_a_small_one_without_its_notes() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    drawn = redrawn_logo(png((3000, 1500), pnginfo=notes))
    assert b"script" not in drawn
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (480, 240)
        assert picture.mode == "RGB"
    assert redrawn_logo(png((3000, 1500), pnginfo=notes)) == drawn


@pytest.mark.parametrize("content", [
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"", b"\x89PNG\r\n\x1a\n broken",
    b"%PDF-1.7", b"GIF89a", png((13000, 2)), b"\x00" * (LARGEST_FILE + 1),
])  # fmt: skip
def test_what_is_no_picture_of_pixels_is_refused(content: bytes) -> None:
    with pytest.raises(LogoIsUnusable, match="Save the logo as a PNG or JPEG"):
        redrawn_logo(content)
