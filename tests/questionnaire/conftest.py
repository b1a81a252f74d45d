"""The fixtures of the questionnaire's tests."""

from service_fixtures import country, service

__all__ = ["country", "service"]
