#!/usr/bin/env bash
# Runs the black-box suite with ministack, another implementation of DynamoDB, S3 and Parameter Store, behind the functions,
# to show that the functions do not depend on the local engines. Excludes tests of those engines and tests that need S3
# events, which only the local S3 sends. ministack has no access points, no roles and no minimum part size.
set -euo pipefail
cd "$(dirname "$0")/.."

CLOAKROOM_TEST_MINISTACK="$(ci/tools.sh ministack)/bin/ministack"
export CLOAKROOM_TEST_MINISTACK
cargo test --workspace --locked --test http -- --test-threads=4 \
  bodies:: readme:: session:: signin:: signup:: uploads:: users:: well_known:: \
  --skip a_form_brings_a_file_in \
  --skip a_form_does_not_replace_a_file_that_is_locked \
  --skip a_form_that_is_sent_again_changes_nothing \
  --skip a_form_that_is_sent_eight_times_stores_one_file \
  --skip a_form_takes_what_room_there_is \
  --skip a_pending_upload_is_given_up \
  --skip a_url_that_outlives_its_upload_stores_nothing \
  --skip parts_that_are_not_named_stay_charged \
  --skip after_a_random_walk_s3_holds_what_is_counted \
  --skip what_a_form_brought_is_looked_at_once_more_when_the_form_has_expired \
  --skip what_nobody_completes_is_stored_by_its_event
