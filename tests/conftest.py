"""Settings shared by all tests: how hard hypothesis looks.

``small`` is for every run; ``bin/check --hypothesis-profile=thorough`` for a long one.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "small", max_examples=100, deadline=None, suppress_health_check=(HealthCheck.too_slow,)
)
settings.register_profile("thorough", parent=settings.get_profile("small"), max_examples=5_000)
settings.load_profile("small")
