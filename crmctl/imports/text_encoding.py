"""Find the encoding of a text file: Excel alone writes three.

byte order mark               --> UTF-8 or UTF-16, as it says
zero bytes at every second place --> UTF-16 without a mark
valid UTF-8                   --> UTF-8
else                          --> Windows-1252, if the text looks like a western language
"""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from crmctl.imports.file_error import ImportFileError

SAMPLE_BYTES = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes that Windows-1252 does not have."""
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Encoding:
    codec: str
    title: str


def detect_encoding(path: Path) -> Encoding:
    """Return the encoding. Raises ImportFileError if none fits, with the line and the byte."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    for mark, codec in _MARKS:
        if sample.startswith(mark):
            return Encoding(codec, codec.removesuffix("-sig").upper())
    if unmarked := _utf16_without_mark(sample):
        return Encoding(unmarked, "UTF-16")
    invalid = _first_invalid_utf8(path)
    if invalid is None:
        return Encoding("utf-8", "UTF-8")
    _check_windows_1252(path, invalid)
    return Encoding("cp1252", "Windows-1252")


def named_encoding(name: str) -> Encoding:
    """Return the encoding that the user named. Raises ImportFileError."""
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        raise ImportFileError(f"{name!r} is not an encoding. Use one like utf-8, utf-16 or cp1252.") from None
    return Encoding("utf-8-sig" if codec == "utf-8" else codec, name)


def _utf16_without_mark(sample: bytes) -> str | None:
    """Return the codec if half of the bytes are zero: those before, or those after ASCII characters."""
    pairs = len(sample) // 2
    for codec, zeros in (("utf-16-be", sample[::2].count(0)), ("utf-16-le", sample[1::2].count(0))):
        if pairs and zeros > pairs * 0.6:
            return codec
    return None


def _first_invalid_utf8(path: Path) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(SAMPLE_BYTES)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return done - pending + error.start
            if not chunk:
                return None
            done += len(chunk)


def _check_windows_1252(path: Path, invalid: int) -> None:
    """Raise ImportFileError, with the place at which the file is not UTF-8, if it is not Windows-1252 either."""
    line, accented, foreign = 1, 0, 0
    is_possible = True
    with path.open("rb") as file:
        while chunk := file.read(SAMPLE_BYTES):
            at = file.tell() - len(chunk)
            is_possible = is_possible and not _UNDEFINED.intersection(chunk)
            if at <= invalid:
                line += chunk[: invalid - at].count(b"\n")
            words = [word for word in _WORD.findall(chunk.decode("cp1252", "replace")) if not word.isascii()]
            accented += len(words)
            foreign += sum(not any(char.isascii() for char in word) for word in words)
    # Western words have some plain letters. Those of other alphabets, read as Windows-1252, have none.
    if is_possible and foreign * 2 <= accented:
        return
    with path.open("rb") as file:
        file.seek(invalid)
        byte = file.read(1)
    place = f"line {line}, byte {invalid + 1} of the file (0x{byte.hex()})"
    raise ImportFileError(
        f"{path} is not UTF-8: {place}. It does not look like Windows-1252 either. Set --encoding, or save it as UTF-8."
    )
