#!/usr/bin/env bash
# Runs the black-box suite with ministack, another implementation of DynamoDB, S3 and Parameter Store, behind the functions,
# to show that the functions do not depend on the local engines. Excludes tests of those engines, and tests that need S3
# events or mail, which only the local S3 and the streams of the local DynamoDB cause, or questions of one service to another: the
# functions have ministack's credentials, which the local Lambda refuses. ministack has no access points, no roles and no minimum
# part size.
set -euo pipefail
cd "$(dirname "$0")/.."

CLOAKROOM_TEST_MINISTACK="$(ci/tools.sh ministack)/bin/ministack"
export CLOAKROOM_TEST_MINISTACK
cargo test --workspace --locked --test http -- --test-threads=4 \
  bodies:: readme:: session:: signin:: signup:: uploads:: users:: well_known:: \
  --skip the_tour_of_the_shop_runs_as_written \
  --skip users::export:: \
  --skip a_post_form_uploads_a_file \
  --skip a_post_form_does_not_replace_a_locked_file \
  --skip submitting_a_post_form_again_changes_nothing \
  --skip a_form_submitted_eight_times_stores_one_file \
  --skip a_post_form_reserves_the_free_quota \
  --skip a_pending_upload_can_be_cancelled \
  --skip a_url_used_after_its_upload_was_deleted_stores_nothing \
  --skip parts_missing_from_a_completion_stay_charged \
  --skip after_random_operations_s3_stores_the_counted_bytes \
  --skip an_upload_from_a_form_is_checked_again_after_the_form_expires \
  --skip an_upload_without_a_completion_is_stored_by_its_s3_event \
  --skip the_cost_of_a_page_does_not_depend_on_the_number_of_grants \
  --skip the_uploads_that_others_share_are_listed_newest_grant_first \
  --skip a_grant_that_is_given_during_the_deletion_does_not_outlive_it \
  --skip a_grant_to_an_address_does_not_reveal_whether_it_has_an_account \
  --skip a_grant_to_an_address_ends_with_the_deletion_and_leaves_other_grants \
  --skip a_grant_to_an_address_takes_effect_for_the_account_that_verified_it \
  --skip a_grant_to_an_address_ends_with_the_account_that_verified_it \
  --skip a_file_of_a_deleted_account_is_no_longer_shared \
  --skip a_grant_to_the_owners_address_changes_nothing_for_the_owner \
  --skip a_thumbnail_is_charged_hidden_and_restored_with_its_file \
  --skip a_thumbnail_is_deleted_for_good_with_its_file
