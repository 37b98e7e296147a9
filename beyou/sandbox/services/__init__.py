"""The bank's side: what its callers ask (`bank`), what payers do (`counter`), what it tells (`notices`)."""
