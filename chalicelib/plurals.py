"""Numbers with their nouns, in texts for people."""


def counted(count: int, noun: str) -> str:
    """Return the number with its noun: `1 order`, `1,200 orders`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
