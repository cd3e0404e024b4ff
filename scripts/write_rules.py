"""Writes the rules that redaction takes from gitleaks: ``write_rules.py gitleaks.toml VERSION``."""

import json
import sys
import tomllib
from pathlib import Path

TARGET = Path(__file__).parent.parent / "src/layerfork/wire/redact/gitleaks/rules.json"
GENERIC = "generic-api-key"
"""Goes by names, as our own do; its words that are no secrets are taken."""
NO_SECRETS = ("-client-id", "-access-id", "-pub-key", "-pub-api-key", "-publishable-key", "-public-key")
"""Ends of the names of rules that find what is public."""
OTHERS = ("sourcegraph-access-token", "private-key", "curl-auth-header", "curl-auth-user")
"""Any commit's id would be one of the first; rules of our own find the rest."""


def rules_text(config: str, version: str) -> str:
    """The rules as JSON: what they look for in any text, not those of files of one kind."""
    rules = tomllib.loads(config)["rules"]
    taken = [
        {
            "id": rule["id"],
            "regex": rule["regex"],
            "group": rule.get("secretGroup", 0),
            "entropy": rule.get("entropy", 0),
            "keywords": rule["keywords"],
        }
        for rule in rules
        if "regex" in rule and "path" not in rule and _is_wanted(rule["id"])
    ]
    generic = next(rule for rule in rules if rule["id"] == GENERIC)
    words = {word for each in generic["allowlists"] for word in each.get("stopwords", ())}
    plain = sorted(word for word in words if word.isalpha() and len(word) > 3)
    source = f"gitleaks/gitleaks config/gitleaks.toml @ {version}, MIT: see LICENSE beside this file"
    return json.dumps({"source": source, "words": plain, "rules": taken}, indent=1) + "\n"


def _is_wanted(rule: str) -> bool:
    return rule != GENERIC and rule not in OTHERS and not rule.endswith(NO_SECRETS)


if __name__ == "__main__":
    TARGET.write_text(
        rules_text(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2]), encoding="utf-8"
    )
