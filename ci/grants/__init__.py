"""Compares the grants of template.yaml with the AWS calls that the tests recorded."""
