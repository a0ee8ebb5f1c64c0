"""Kind and speed of the memory modules, from the firmware's tables (SMBIOS, structures of type 17), where they may be read.

The tables hold serial numbers too; they are not looked at.
"""

from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from
from typing import Any

TABLES = "firmware/dmi/tables/DMI"
MODULE = 17
END = 127
KINDS = {0x18: "DDR3", 0x1A: "DDR4", 0x1E: "LPDDR4", 0x20: "HBM", 0x21: "HBM2", 0x22: "DDR5", 0x23: "LPDDR5"}


def memory_modules(sys_root: Path = Path("/sys")) -> dict[str, Any] | None:
    """Number, kinds and megatransfers a second of the modules; None where the tables are absent or for root alone."""
    try:
        content = (sys_root / TABLES).read_bytes()
    except OSError:
        return None
    found = [part for part in _structures(content) if part[0] == MODULE and len(part) > 0x16 and _word(part, 0x0C)]
    if not found:
        return None
    speeds = {_word(part, 0x20) if len(part) > 0x21 and _word(part, 0x20) else _word(part, 0x15) for part in found}
    kinds = {KINDS.get(part[0x12], f"kind {part[0x12]}") for part in found}
    return {"modules": len(found), "kinds": sorted(kinds), "speeds_mt_s": sorted(speeds)}


def _word(part: bytes, at: int) -> int:
    return int(unpack_from("<H", part, at)[0])


def _structures(content: bytes) -> Iterator[bytes]:
    """The formatted part of every structure; the strings behind it end with two zero bytes."""
    at = 0
    while at + 4 <= len(content) and content[at + 1] >= 4:
        length = content[at + 1]
        yield content[at : at + length]
        end = content.find(b"\0\0", at + length)
        if end < 0 or content[at] == END:
            return
        at = end + 2
