"""The schema's document: parsed while packaging, so that no function parses it while it starts.

`schema.graphql` stays the only source. The parsed document has its fingerprint, and is not used for any other text.
"""

import hashlib
import pickle
from pathlib import Path

from graphql import DocumentNode, parse, version

FILE = Path(__file__).with_name("schema.graphql")
PARSED = FILE.with_suffix(".pickle")
"""Only a package has it."""


def load(file: Path = FILE, parsed: Path = PARSED) -> DocumentNode:
    """Return the document of the file, without locations."""
    text = file.read_bytes()
    try:
        mark, content = parsed.read_bytes().split(b"\n", 1)
    except FileNotFoundError:
        mark, content = b"", b""
    if mark == _fingerprint(text):
        document: DocumentNode = pickle.loads(content)  # noqa: S301 - a file of the package, as its bytecode is
        return document
    return parse(text.decode(), no_location=True)


def keep_parsed(file: Path = FILE, parsed: Path = PARSED) -> None:
    """Write the parsed document of the file beside it, for this version of graphql-core."""
    text = file.read_bytes()
    document = parse(text.decode(), no_location=True)
    parsed.write_bytes(_fingerprint(text) + b"\n" + pickle.dumps(document, pickle.HIGHEST_PROTOCOL))


def _fingerprint(text: bytes) -> bytes:
    return hashlib.sha256(version.encode() + text).hexdigest().encode()
