"""BeYou: talk freely, trade safely. A modular monolith of small Django apps in ranks (docs/adr)."""

__version__ = "0.1.0"
