import sys

from beyou_ledger.cli import main

sys.exit(main())
