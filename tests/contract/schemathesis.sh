#!/usr/bin/env bash
# Holds a running sandbox against Oligo's own OpenAPI file: random calls by its schemas, every answer
# checked. Needs Schemathesis 4 (`pip install schemathesis`); crates/sandbox/README.md says what is excused.
#
#   schemathesis.sh OLIGO_OPENAPI_FILE [BASE_URL [TOKEN [EXAMPLES]]]
#
# The sandbox: paydown sandbox --listen 127.0.0.1:8090
set -euo pipefail

spec=${1:?"the path of the OpenAPI file"}
base=${2:-http://127.0.0.1:8090/v1}
token=${3:-sandbox}
examples=${4:-100}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

send() {
    curl --fail-with-body --silent --output /dev/null --header "Authorization: Bearer $token" \
        --header 'Content-Type: application/json' --data "$2" "$base$1"
}

# Records for the second run to find.
run=$(date +%s)
send /payto/agreements '{"uid":"AGR-'"$run"'","purpose":"loan","description":"Loan 1",
    "debtor":{"party_name":"Robin Sample","account_identifier":{"type":"bban","value":"062000-'"$run"'"}},
    "payment_terms":{"type":"variable","frequency":"adhoc"}}'
sleep 2
send /payto/payments '{"uid":"PAY-'"$run"'","agreement_uid":"AGR-'"$run"'","amount":100,
    "priority":"unattended","sandbox":{"simulate":"insufficient_funds"}}'
sleep 4

checks=not_a_server_error,status_code_conformance,content_type_conformance
checks=$checks,response_schema_conformance,response_headers_conformance
checks=$checks,positive_data_acceptance,negative_data_rejection

settings='
[checks.positive_data_acceptance]
# A request that keeps to the schema may still break a rule of the business.
expected-statuses = ["2xx", 401, 403, 404, 422, 503]

[[operations]]
include-path = "/payto/alias_resolution"
# The one 503 that is declared; any body may ask for it by sandbox.simulate.
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
'
with_records="
[parameters]
\"path.agreement_uid\" = \"AGR-$run\"
\"path.payment_uid\" = \"PAY-$run\"
"
printf '%s' "$settings" >"$scratch/anything.toml"
printf '%s%s' "$with_records" "$settings" >"$scratch/records.toml"

for config in anything records; do
    (cd "$scratch" && SCHEMATHESIS_HOOKS=oligo_hooks PYTHONPATH=$here \
        "${SCHEMATHESIS:-schemathesis}" --config-file "$scratch/$config.toml" run "$spec" \
        --url "$base" --header "Authorization: Bearer $token" --checks "$checks" \
        --phases examples,coverage,fuzzing --max-examples "$examples" --seed 7 --continue-on-failure)
done
