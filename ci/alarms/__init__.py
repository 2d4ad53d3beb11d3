"""The alarms of template.yaml: how CloudWatch evaluates them, and a fault that sets off each."""
