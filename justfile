# `just` lists the recipes. CI runs `.ci/run`, which needs no just.

_default:
    @just --list --unsorted

# Run all CI checks.
ci:
    .ci/run

# Run the whole system on this machine.
run *arguments:
    cargo run -- {{ arguments }}

# Run the unit tests and the black-box suite.
test *arguments:
    cargo test --workspace --locked {{ arguments }}

# Run the black-box suite on ministack, a second implementation of DynamoDB, S3 and Parameter Store.
ministack:
    ci/ministack.sh

# Check the local S3 against AWS's documentation, and uploads with curl and boto3, with shuffled events, and of large files.
s3:
    ci/check_s3.sh

# Check the local SQS and EventBridge against AWS's documentation, with boto3.
queues:
    ci/check_queues.sh

# Check webhooks of the payment provider and the payment stand-in with the provider's own libraries.
stripe:
    ci/check_stripe.sh

# Check access tokens and keys with other JOSE libraries, including forgeries.
tokens:
    ci/check_tokens.sh

# Check the functions' lines with AWS's JSON schema, and /metrics with Prometheus' parser. Set off alarms by faults.
metrics:
    ci/check_metrics.sh

# Check the web client: types, unit tests, and the demo page in Chromium.
web:
    ci/browser.sh

# Compare the files of the API reference with their npm package.
docs-page:
    ci/docs_page.sh

# Check the npm package, then run the quick starts as they are written.
package:
    ci/check_package.sh
    ci/check_quickstarts.sh

# Check web/deploy.sh with ministack's CloudFormation, CloudFront and S3.
web-deploy:
    ci/web_deploy.sh

# Format, then run all lints.
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Check which crate may depend on which.
dependencies:
    python3 -B ci/check_dependencies.py

# Check licences, banned crates, sources and known vulnerabilities.
crates:
    ci/check_crates.sh

# Check that the tests that ran before used each grant of template.yaml; --write generates docs/PERMISSIONS.md.
grants *arguments:
    "$(ci/tools.sh sam)/bin/python" -B ci/check_grants.py {{ arguments }}

# Check template.yaml, samconfig.toml and events/ without an AWS account.
sam:
    ci/check_sam.sh

# Check the workflows of .github/ and the roles with which they deploy.
workflows:
    ci/check_workflows.sh

# Run the local commands of docs/OPERATIONS.md, and check that each alarm has its section.
operations:
    cargo build --workspace --tests
    ci/check_operations.sh

# Build the functions for Lambda on one architecture, arm64 or x86_64, and check their sizes.
build-lambda architecture:
    ci/build_lambda.sh {{ architecture }}

# Build the Python and npm packages of the command, and use them as on a machine without Rust.
install:
    ci/build_functions.sh
    ci/check_install.sh

# Run the functions under Lambda's runtime interface emulator, against the local engines.
rie:
    ci/rie.sh

# Rehearse a deployment on other implementations of AWS, and follow docs/OPERATIONS.md there.
rehearsal:
    ci/build_functions.sh
    ci/aws_rehearsal.sh

# Measure starts, requests, hashes, pages and the local system beside other software, and render docs/PERFORMANCE.md.
bench *arguments:
    bench/run {{ arguments }}

# Use all routes with some people for ten minutes, and then with a thousand requests at once.
load *arguments:
    cargo build --workspace
    "$(ci/tools.sh load)/bin/python" -B bench/load/run.py {{ arguments }}

# Generate the list of refused passwords.
common-passwords:
    "$(ci/tools.sh passwords)/bin/python" -B ci/common_passwords.py

# Build for Lambda and deploy to a stage: dev, qa or prod.
deploy env:
    sam build
    sam deploy --config-env {{ env }}
    web/deploy.sh --stack cloakroom-{{ env }}
