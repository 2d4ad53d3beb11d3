#!/usr/bin/env bash
# Runs web/deploy.sh with the AWS CLI against ministack, another implementation of CloudFormation, CloudFront and S3.
set -euo pipefail
cd "$(dirname "$0")/.."

sam="$(ci/tools.sh sam)"
ministack="$(ci/tools.sh ministack)"
aws="$(ci/tools.sh aws)"
PATH="$aws/bin:$PATH" "$sam/bin/python" -B ci/check_web_deploy.py "$ministack/bin/ministack"
