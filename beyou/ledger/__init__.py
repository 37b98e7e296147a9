"""The ledger: an append-only, hash-linked, provable record of what was said."""
