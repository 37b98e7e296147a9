"""A shop of django-oscar to measure beside ours: it runs in an environment of its own, without BeYou."""
