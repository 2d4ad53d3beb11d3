"""Uploads as clients make them that know nothing of Cloakroom. Each module is a topic, each function of it one check."""

from . import refused, refused_by_s3, sent
from .visit import CHECKS, QUOTA, Visit

__all__ = ["CHECKS", "QUOTA", "Visit", "refused", "refused_by_s3", "sent"]
