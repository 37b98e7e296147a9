"""The WebSockets of this process: who is connected, and what reaches them. See README.md."""
