"""The parts of ci/check_rehearsal.py."""
