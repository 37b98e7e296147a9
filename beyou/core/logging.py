"""Structured logs: ids only, never content, never secrets."""

import logging.config
import sys
from typing import Any

# structlog draws tracebacks with Rich where another package happens to have brought it. Without it logs look
# the same in every installation, and the server is three megabytes smaller.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's way to say that it is not there
    import structlog

    del sys.modules["rich"]
else:
    import structlog


def configure(options: dict[str, Any]) -> None:
    """Sends Django's and our own records through structlog: JSON in production, lines elsewhere."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if options["json"]
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
        "foreign_pre_chain": shared,
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structlog": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            # What they call information is a line for each request or each table of a font.
            "loggers": {
                name: {"level": "WARNING"} for name in ("uvicorn.access", "django.server", "fontTools")
            },
        }
    )
