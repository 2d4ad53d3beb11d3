#!/usr/bin/env bash
# The black-box suite with another implementation of DynamoDB and Parameter Store behind the functions: what only holds
# against our local engines does not hold. What tests those engines themselves is left out.
set -euo pipefail
cd "$(dirname "$0")/.."

CLOAKROOM_TEST_MINISTACK="$(ci/tools.sh ministack)/bin/ministack"
export CLOAKROOM_TEST_MINISTACK
cargo test --workspace --locked --test http -- --test-threads=4 bodies:: readme:: signin:: signup:: users:: well_known::
