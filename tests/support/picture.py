"""The beginning of a PNG, as far as anybody looks who doesn't show it."""

import struct

A_PICTURE = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1080, 1400) + b"\x08\x02\x00\x00\x00"
