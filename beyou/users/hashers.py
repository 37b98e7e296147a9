"""Password hashing."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class MemberHasher(Argon2PasswordHasher):
    """Argon2id with the OWASP minimum of 19 MiB, two passes, one lane: 20 ms and 19 MiB a log-in, so that
    a storm of sign-ins cannot stall messages (Django's default takes 100 MB and 200 ms).
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
