"""
A municipality's logo, drawn anew: what came in is read as pixels once, and only our own PNG is kept and printed.
"""

import io

from borgerpuls.errors import LogoIsUnusable

LARGEST_FILE = 10_000_000
_LARGEST_SIDE = 12_000
_PRINTED = (640, 240)
"""Pixels that the logo is kept in: 54 mm at 300 dpi, with room."""


def redrawn_logo(content: bytes) -> bytes:
    """
    Return a logo as a PNG of our own, at most 640 by 240 pixels, without anything else of the file.

    Args:
        content: A PNG, JPEG, GIF, WebP or TIFF file.

    Raises:
        LogoIsUnusable: The file is too large, or not one of these; an SVG is a program, not a picture.
    """
    from PIL import Image, UnidentifiedImageError

    hint = "Save the logo as a PNG or JPEG of at most 10 MB and give that."
    if len(content) > LARGEST_FILE:
        raise LogoIsUnusable(f"The file has {len(content):,} bytes.", next_step=hint)
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP", "TIFF")) as picture:
            if max(picture.size) > _LARGEST_SIDE:
                raise LogoIsUnusable(f"The picture is {picture.width} by {picture.height} pixels.", next_step=hint)
            picture.thumbnail(_PRINTED)
            pixels = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise LogoIsUnusable("The file is not a picture that can be printed.", next_step=hint) from problem
    flat = Image.new("RGB", pixels.size, "white")
    flat.paste(pixels, mask=pixels.getchannel("A"))
    out = io.BytesIO()
    flat.save(out, "PNG")
    return out.getvalue()
