"""Every text inside an Office package, the packages inside it too, by the name of its part."""

import io
import zipfile
from xml.etree import ElementTree as ET


def parts(content: bytes, where: str = "") -> dict[str, bytes]:
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            part = package.read(name)
            found[where + name] = part
            if name.endswith(".xlsx"):
                found |= parts(part, f"{where}{name}!")
    return found


def all_text(content: bytes) -> str:
    """Element texts and attribute values of every XML part, one per line, entities resolved."""
    lines = []
    for name, part in parts(content).items():
        if name.endswith((".xml", ".rels")):
            for element in ET.fromstring(part).iter():  # noqa: S314 - our own files
                lines += [element.text or "", element.tail or "", *element.attrib.values()]
    return "\n".join(line for line in lines if line.strip())
