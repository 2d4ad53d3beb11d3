#!/usr/bin/env bash
# The page and the client, as they are served: into a stack's bucket, or into a folder for any other web server.
set -euo pipefail

usage() {
  cat <<'TEXT'
Puts the demo page and the client where browsers find them.

  web/deploy.sh --stack NAME
      into the bucket of a deployed stack, such as cloakroom-dev. Needs the AWS CLI, with credentials and the
      stack's region (AWS_REGION or AWS_PROFILE). What else is in the bucket goes.

  web/deploy.sh --to FOLDER --api ORIGIN --uploads ORIGIN
      into a new folder, for another server: ORIGIN is that of the API, and that of the presigned URLs.
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
    *) fail "$1 is no option; see --help" ;;
  esac
  case "$1" in
    --stack) stack="$2" ;;
    --to) folder="$2" ;;
    --api) api="$2" ;;
    --uploads) uploads="$2" ;;
  esac
  shift 2
done

# All that the page needs, and nothing that tests it.
FILES=(index.html demo.css demo.js demo cloakroom.js cloakroom)
web="$(cd "$(dirname "$0")" && pwd)"

# gather FOLDER API UPLOADS: the files, and in them where the API and the uploads are.
gather() {
  local origin file index='<meta charset="utf-8" />'
  for origin in "$2" "$3"; do
    # It goes into JSON and into a policy as it is.
    [[ "$origin" =~ ^https?://[A-Za-z0-9.-]+(:[0-9]+)?$ ]] ||
      fail "'$origin' is no origin such as https://api.example.com"
  done
  mkdir -p "$1"
  [[ -z "$(ls -A "$1")" ]] || fail "$1 is not empty"
  for file in "${FILES[@]}"; do
    cp -R "$web/$file" "$1"
  done
  printf '{\n  "apiUrl": "%s"\n}\n' "$2" >"$1/config.json"
  # On top of the server's policy, which in a stack can't say it so exactly (docs/adr/0017-the-static-site.md).
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
[[ -n "$stack" && -z "$folder$api$uploads" ]] || fail "say --stack, or --to with --api and --uploads; see --help"
command -v aws >/dev/null || fail "there is no AWS CLI (aws) on the PATH"

outputs="$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
  --query 'Stacks[0].Outputs[].[OutputKey, OutputValue]')" || fail "the stack $stack cannot be read"
output() {
  awk -v key="$1" '$1 == key { print $2; found = 1 } END { exit !found }' <<<"$outputs" ||
    fail "the stack $stack has no output $1; deploy template.yaml first"
}
api="$(output ApiUrl)"
uploads="$(output UploadsOrigin)"
bucket="$(output WebBucketName)"
url="$(output WebUrl)"

site="$(mktemp -d)"
trap 'rm -rf "$site"' EXIT
gather "$site" "$api" "$uploads"
# All of it, whatever the clocks say, which `sync` goes by. Browsers and CloudFront ask for changes each time.
aws s3 cp "$site" "s3://$bucket" --recursive --cache-control no-cache --only-show-errors
# What is not the page any more.
aws s3 sync "$site" "s3://$bucket" --delete --size-only --cache-control no-cache --only-show-errors
echo "$url"
