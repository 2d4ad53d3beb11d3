#!/usr/bin/env bash
# Copies the demo page, the client and the API reference to a stack's bucket, or to a folder for any other web server.
set -euo pipefail

usage() {
  cat <<'TEXT'
Deploys the demo page, the client and the API reference (docs/).

  web/deploy.sh --stack NAME
      Deploys to the bucket of a deployed stack, such as cloakroom-dev. Needs the AWS CLI with credentials and the
      stack's region (AWS_REGION or AWS_PROFILE). Deletes all other objects in the bucket.

  web/deploy.sh --to FOLDER --api ORIGIN --uploads ORIGIN
      Copies to a new folder for another web server. The ORIGINs are those of the API and of the presigned URLs, for
      example https://api.example.com.
TEXT
}

fail() {
  echo "deploy.sh: $*" >&2
  exit 1
}

stack='' folder='' api='' uploads=''
while (($#)); do
  case "$1" in
    -h | --help) usage && exit ;;
    --stack | --to | --api | --uploads) [[ -n "${2:-}" ]] || fail "$1 needs a value; see --help" ;;
    *) fail "$1 is not an option; see --help" ;;
  esac
  case "$1" in
    --stack) stack="$2" ;;
    --to) folder="$2" ;;
    --api) api="$2" ;;
    --uploads) uploads="$2" ;;
  esac
  shift 2
done

# The files of the page, without its tests.
FILES=(index.html 404.html favicon.svg demo.css demo.js demo cloakroom.js cloakroom docs)
web="$(cd "$(dirname "$0")" && pwd)"

# with_policy FILE POLICY: prints a page with a policy in addition to the server's, which in a stack cannot be as specific
# (docs/adr/0017-the-static-site.md).
with_policy() {
  local index='<meta charset="utf-8" />'
  grep -qF "$index" "$1" || fail "$1 has no $index to put the policy after"
  awk -v after="$index" -v policy="$2" '
    { print }
    index($0, after) { print "    <meta http-equiv=\"Content-Security-Policy\" content=\"" policy "\" />" }' "$1"
}

# with_server API: prints the API document with the stack as its only server.
with_server() {
  local document="$web/../docs/openapi.json"
  [[ "$(grep -c '^  "servers": \[$' "$document")" == 1 ]] || fail "$document has no list of servers to replace"
  awk -v api="$1" '
    /^  "servers": \[$/ { print "  \"servers\": [{ \"url\": \"" api "\" }],"; skipped = 1 }
    !skipped { print }
    /^  \],$/ { skipped = 0 }' "$document"
}

# gather FOLDER API UPLOADS: copies the files and writes the origins of the API and of the uploads into them.
gather() {
  local origin file
  for origin in "$2" "$3"; do
    # The origin is inserted into JSON and into a policy without escaping.
    [[ "$origin" =~ ^https?://[A-Za-z0-9.-]+(:[0-9]+)?$ ]] ||
      fail "'$origin' is not an origin; use a form such as https://api.example.com"
  done
  mkdir -p "$1"
  [[ -z "$(ls -A "$1")" ]] || fail "$1 is not empty; choose a new folder"
  for file in "${FILES[@]}"; do
    cp -R "$web/$file" "$1"
  done
  printf '{\n  "apiUrl": "%s"\n}\n' "$2" >"$1/config.json"
  with_policy "$web/index.html" "connect-src 'self' $2 $3; img-src 'self' blob: data: $3" >"$1/index.html"
  with_policy "$web/docs/index.html" "connect-src 'self' $2; img-src 'self' data:" >"$1/docs/index.html"
  with_server "$2" >"$1/openapi.json"
}

if [[ -n "$folder" && -z "$stack" && -n "$api" && -n "$uploads" ]]; then
  gather "$folder" "$api" "$uploads"
  exit
fi
[[ -n "$stack" && -z "$folder$api$uploads" ]] || fail "pass --stack, or --to with --api and --uploads; see --help"
command -v aws >/dev/null || fail "the AWS CLI (aws) is not on the PATH; install it"

outputs="$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
  --query 'Stacks[0].Outputs[].[OutputKey, OutputValue]')" || fail "the stack $stack cannot be read; check its name, the region and the credentials"
output() {
  awk -v key="$1" '$1 == key { print $2; found = 1 } END { exit !found }' <<<"$outputs" ||
    fail "the stack $stack has no output $1; deploy template.yaml first"
}
api="$(output ApiUrl)"
uploads="$(output UploadsOrigin)"
grep -q '^WebBucketName[[:space:]]' <<<"$outputs" ||
  fail "the stack $stack has no page, because it is deployed with WebPage=false.
  Deploy it with WebPage=true, or copy the page for another web server: --to FOLDER --api $api --uploads $uploads"
bucket="$(output WebBucketName)"
url="$(output WebUrl)"

site="$(mktemp -d)"
trap 'rm -rf "$site"' EXIT
gather "$site" "$api" "$uploads"
# `cp` copies all files; `sync` would skip files by their times. Browsers and CloudFront revalidate on every request.
aws s3 cp "$site" "s3://$bucket" --recursive --cache-control no-cache --only-show-errors
# CloudFront gets the object of exactly this name for the address /docs/.
aws s3api put-object --bucket "$bucket" --key docs/ --body "$site/docs/index.html" --content-type text/html \
  --cache-control no-cache >/dev/null
# Deletes objects that are no longer part of the page.
aws s3 sync "$site" "s3://$bucket" --delete --exclude docs/ --size-only --cache-control no-cache --only-show-errors
echo "$url"
