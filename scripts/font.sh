#!/usr/bin/env bash
# Cuts the font of printed sheets out of Debian's fonts-wqy-microhei: the characters of
# GB 2312, ASCII and a few signs, as one TTF. Needs python3-fonttools. What it writes is
# committed; run it again only to change which characters are in it.
set -euo pipefail
cd "$(dirname "$0")/.."

collection=${1:-/usr/share/fonts/truetype/wqy/wqy-microhei.ttc}
out=internal/edge/drawing/font/microhei.ttf
/usr/bin/python3 - "$collection" "$out" <<'PYTHON'
import sys
from fontTools import subset
from fontTools.ttLib import TTFont

collection, out = sys.argv[1:]
wanted = {c for c in range(0x20, 0x7F)} | {ord(c) for c in "¥€£©®°·×—‘’“”…、。《》（），：；？！￥"}
for high in range(0xA1, 0xF8):  # GB 2312, signs and both levels of characters
    for low in range(0xA1, 0xFF):
        try:
            wanted.add(ord(bytes([high, low]).decode("gb2312")))
        except (UnicodeDecodeError, TypeError):
            pass
options = subset.Options()
options.layout_features, options.hinting, options.notdef_outline = [], False, True
options.name_IDs, options.drop_tables = [0, 1, 2, 6, 13, 14], options.drop_tables + ["GSUB", "GPOS", "GDEF", "vhea", "vmtx"]
font = TTFont(collection, fontNumber=0)
font.flavor = None
cut = subset.Subsetter(options)
cut.populate(unicodes=wanted)
cut.subset(font)
font["head"].modified = font["head"].created  # the same bytes each time
font.recalcTimestamp = False
font.save(out)
missing = sorted(chr(c) for c in wanted - set(font.getBestCmap()))
print(f"{out}: {len(font.getBestCmap())} characters, without {''.join(missing)}")
PYTHON
