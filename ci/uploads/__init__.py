"""Checks of uploads with standard clients. Each module is a topic, each of its functions one check."""

from . import refused, refused_by_s3, sent
from .visit import CHECKS, QUOTA, Visit

__all__ = ["CHECKS", "QUOTA", "Visit", "refused", "refused_by_s3", "sent"]
