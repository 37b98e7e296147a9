"""SQLite as Django speaks to it, with the conversion of each statement done once. See base.py."""
