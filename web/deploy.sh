#!/usr/bin/env bash
# Copies the demo page and the client to a stack's bucket, or to a folder for any other web server.
set -euo pipefail

usage() {
  cat <<'TEXT'
Deploys the demo page and the client.

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
FILES=(index.html favicon.svg demo.css demo.js demo cloakroom.js cloakroom)
web="$(cd "$(dirname "$0")" && pwd)"

# gather FOLDER API UPLOADS: copies the files and writes the origins of the API and of the uploads into them.
gather() {
  local origin file index='<meta charset="utf-8" />'
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
  # In addition to the server's policy, which in a stack cannot be as specific (docs/adr/0017-the-static-site.md).
  grep -qF "$index" "$web/index.html" || fail "index.html has no $index to put the policy after"
  awk -v after="$index" -v api="$2" -v uploads="$3" '
    { print }
    index($0, after) {
      print "    <meta http-equiv=\"Content-Security-Policy\" content=\"connect-src '\''self'\'' " api " " uploads \
        "; img-src '\''self'\'' blob: data: " uploads "\" />"
    }' "$web/index.html" >"$1/index.html"
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
# Deletes objects that are no longer part of the page.
aws s3 sync "$site" "s3://$bucket" --delete --size-only --cache-control no-cache --only-show-errors
echo "$url"
