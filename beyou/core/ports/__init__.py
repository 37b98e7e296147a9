"""Doors to the real outside; each module is one port with its adapters."""
