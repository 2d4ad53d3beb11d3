"""Checks of ci/deploy-role.yaml, for ci/check_deploy_role.py."""
