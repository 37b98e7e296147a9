"""Private database and Redis servers for tests: own folders, own sockets, gone when the run ends."""
