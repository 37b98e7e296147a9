"""Settings of the tests: those of the package, read in test mode with a data folder of their own.

pytest-django reads settings before any conftest, so the environment must be set here.
"""

import atexit
import os
import shutil
import tempfile

os.environ["BEYOU_MODE"] = "test"
# Processes that tests start read the real settings, not these.
os.environ["DJANGO_SETTINGS_MODULE"] = "beyou.config.settings"
os.environ.setdefault("BEYOU_LOG_LEVEL", "warning")
os.environ.setdefault("BEYOU_SIGN_UP_POW_COST", "1")
if "BEYOU_DATA_DIR" not in os.environ:
    os.environ["BEYOU_DATA_DIR"] = tempfile.mkdtemp(prefix="beyou-test-")
    atexit.register(shutil.rmtree, os.environ["BEYOU_DATA_DIR"], ignore_errors=True)
elif "PYTEST_XDIST_WORKER" in os.environ:
    # Workers of one run inherit its folder, but a sweep of one would take the files of another.
    os.environ["BEYOU_DATA_DIR"] += "/" + os.environ["PYTEST_XDIST_WORKER"]
    os.makedirs(os.environ["BEYOU_DATA_DIR"], exist_ok=True)
if "BEYOU_REDIS_URL" in os.environ and "PYTEST_XDIST_WORKER" in os.environ:
    # Workers of one run share the Redis server, never its data.
    os.environ["BEYOU_REDIS_URL"] += "/" + os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")

from beyou.config.settings import *  # noqa: F403

# Each client of a test makes its own handler, and WhiteNoise would list and open every static file for it.
# Files are still found and served, by asking for them.
WHITENOISE_AUTOREFRESH = True
