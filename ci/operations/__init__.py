"""The parts of ci/check_operations_aws.py."""
