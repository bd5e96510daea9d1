"""Escape the fixed phrases of log lines in texts that people typed, so that no name can pose as a heartbeat.

Each line of a job has fixed words, by which people and scripts find it: `grep "CRM is alive"` counts heartbeats. A product
may be called like that, so blanks between such words are spelled out when they come from outside.
"""

import re

_FIXED_WORDS = re.compile(
    r"CRM\s+is|is\s+(?:alive|down)|Order\s+ID:|Customer\s+Email:|Product:\s|New\s+Stock:|(?<!_)Report:\s"
    r"|\d\s+(?:customers|orders|inactive)|inactive\s+customers|\d\s+revenue",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\s")


def escape_phrases(text: str) -> str:
    r"""Return the text, without the fixed words of a log line: `CRM is alive` becomes `CRM\x20is\x20alive`."""
    found = _FIXED_WORDS.sub(_spell_out, text)
    # What a match consumed could have been the start of the next one: `CRM is` of `is alive`.
    return _FIXED_WORDS.sub(_spell_out, found)


def _spell_out(match: re.Match[str]) -> str:
    return _BLANK.sub(lambda blank: f"\\x{ord(blank[0]):02x}", match[0])
