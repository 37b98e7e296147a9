"""A module that says its number and sleeps; see test_children.py."""

import os
import sys
import time

if __name__ == "__main__":
    assert sys.argv[1:] == ["argument"], sys.argv
    print(os.getpid(), flush=True)
    time.sleep(600)
