"""
Reading XML from outside: no document types, no entities, a bounded size. Pure.
"""

from xml.etree import ElementTree as ET

LARGEST_DOCUMENT = 2_000_000


class UnreadableXmlError(ValueError):
    """The document is too large, not well formed, or declares a document type."""


def read_xml(content: bytes) -> ET.Element:
    """
    Return the root of a document.

    Raises:
        UnreadableXmlError: See the class.
    """
    if len(content) > LARGEST_DOCUMENT:
        raise UnreadableXmlError("too large")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise UnreadableXmlError("declares a document type")
    try:
        return ET.fromstring(content)  # noqa: S314 - no document type can be declared
    except ET.ParseError as error:
        raise UnreadableXmlError(f"not well formed (code {error.code})") from None


def text_of(root: ET.Element, local_name: str) -> str | None:
    """Return the text of the first element of that name in any namespace, or None."""
    for element in root.iter():
        if element.tag.rpartition("}")[2] == local_name:
            return (element.text or "").strip()
    return None
