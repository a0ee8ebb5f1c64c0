"""PNG files that Pillow does not write."""

import struct
import zlib


def png_of_16_bits(side: int, value: int) -> bytes:
    """A picture in colour, `side` pixels a side, of one value of 16 bits: Pillow reads it as if it had 8."""
    rows = (b"\0" + struct.pack(">H", value) * 3 * side) * side
    header = struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
