"""Getting data in and out: our NDJSON records, foreign formats turned into them, bulk writing, canonical export."""
