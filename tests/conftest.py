# SPDX-License-Identifier: MIT
"""Of all tests: no verdict depends on how fast the machine is, or on who else computes there."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
