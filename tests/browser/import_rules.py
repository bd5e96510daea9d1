"""Make the rules that the console's import shares with crmctl again: `python -m tests.browser.import_rules`.

The presets, the fields and the mutations are those of crmctl. The console gets them as one JSON file, because neither has the
other's files once it is installed.
"""

import json
from dataclasses import asdict
from typing import Any

from crmctl.importer import KINDS
from crmctl.imports.fields import FIELDS
from crmctl.imports.preset_catalog import KindPreset, Preset, presets
from tests.conftest import ROOT

FILE = ROOT / "chalicelib" / "web" / "console" / "import_rules.json"


def rules() -> dict[str, Any]:
    return {
        "fields": {
            kind: {"required": each.required, "numbers": sorted(each.numbers), "dates": sorted(each.dates)}
            for kind, each in FIELDS.items()
        },
        "mutations": {
            kind: {
                "document": each.document,
                "name": each.mutation,
                "existsCodes": each.exists_codes,
                "records": each.records_per_request,
                "lines": each.lines_per_request,
            }
            for kind, each in KINDS.items()
        },
        "presets": [_preset(each) for each in presets().values()],
    }


def _preset(preset: Preset) -> dict[str, Any]:
    kinds = {kind: _without_defaults(each) for kind, each in preset.kinds.items()}
    return {"name": preset.name, "title": preset.title, "options": preset.options, "kinds": kinds}


def _without_defaults(kind: KindPreset) -> dict[str, Any]:
    return {name: value for name, value in asdict(kind).items() if value}


def text() -> str:
    return json.dumps(rules(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
