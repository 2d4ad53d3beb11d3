# `just` lists the recipes. CI runs `.ci/run`, which needs no just.

_default:
    @just --list --unsorted

# Everything that CI checks.
ci:
    .ci/run

# The whole system on this machine.
run *arguments:
    cargo run -- {{ arguments }}

# Unit tests, and the black-box suite over HTTP.
test *arguments:
    cargo test --workspace --locked {{ arguments }}

# The black-box suite on a second implementation of DynamoDB, S3 and Parameter Store.
ministack:
    ci/ministack.sh

# The local S3 against what AWS documents; uploads by curl and boto3, in a storm of events, and large ones.
s3:
    ci/check_s3.sh

# Access tokens and keys as other JOSE libraries read them, and forge them.
tokens:
    ci/check_tokens.sh

# The web client: types, unit tests, and the demo page in Chromium.
web:
    ci/browser.sh

# web/deploy.sh, into another implementation of CloudFormation, CloudFront and S3.
web-deploy:
    ci/web_deploy.sh

# Format, then report every lint.
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Which crate may use which.
dependencies:
    python3 -B ci/check_dependencies.py

# Licences, banned crates, sources, known vulnerabilities.
crates:
    ci/check_crates.sh

# Each grant of template.yaml is used by the tests that ran before; --write writes docs/PERMISSIONS.md.
grants *arguments:
    "$(ci/tools.sh sam)/bin/python" -B ci/check_grants.py {{ arguments }}

# template.yaml, samconfig.toml and events/, without an account.
sam:
    ci/check_sam.sh

# The functions under Lambda's runtime interface emulator, against the local engines.
rie:
    ci/rie.sh

# Start-up and size of every function, and the price of a hash.
bench:
    cargo build --workspace --tests
    ci/build_functions.sh
    cargo build --release --locked -p bench-bcrypt
    bench/cold_start.py
    bench/bcrypt.py

# Make the list of refused passwords again.
common-passwords:
    "$(ci/tools.sh passwords)/bin/python" -B ci/common_passwords.py

# Build for Lambda and deploy to a stage: dev, qa or prod.
deploy env:
    sam build
    sam deploy --config-env {{ env }}
    web/deploy.sh --stack cloakroom-{{ env }}
