# Optional: every recipe is a line you may type yourself, and cargo alone is enough.

# Lists the recipes.
default:
    @just --list --unsorted

# Collects four loans end to end in the sandbox, and compares with the provider's own ledger.
demo *options:
    cargo demo {{options}}

# Runs everything on this machine, against the sandbox, until Ctrl-C.
dev *options:
    cargo dev {{options}}

# Runs every test; needs PostgreSQL's programs, not a server.
test:
    cargo test --workspace

# Runs the end-to-end tests whose names hold these words.
story name:
    cargo test -p e2e {{name}}

# Plants bugs one at a time, in a copy; each has to turn the tests red that it names: just planted --only lease
planted *options:
    cargo run -p e2e --bin planted -- {{options}}

# Runs the house rules.
tidy:
    cargo test -p e2e --test tidy

# Formatting and lints, as CI wants them.
lint:
    cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings

# Proves that the domain compiles without a clock: only alone does it.
check-domain:
    cargo check -p domain

# Everything CI runs.
ci:
    .ci/run

# Prints the windows of an agreement: just windows --start 2026-01-31 --frequency monthly
windows *options:
    cargo run -q -p paydown -- windows {{options}}

# Builds and opens the documentation of our own crates.
docs:
    cargo doc --workspace --no-deps --open

# Opens psql on the private database.
db:
    psql "$(cargo run -q -p paydown -- postgres url)"

# Prints every configuration key.
keys:
    cargo run -q -p paydown -- config keys

# Stops the private PostgreSQL servers, the tests' too.
stop:
    cargo run -q -p paydown -- postgres stop; cargo run -q -p paydown -- postgres stop --tests
