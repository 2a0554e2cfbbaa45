"""What Schemathesis has to know beyond Oligo's OpenAPI file; crates/sandbox/README.md says why."""

import schemathesis

REQUESTS = (
    "payto.agreement_request",
    "payto.cancellation_request",
    "payto.payment_request",
    "payto.retry_payment_request",
    "payto.account_identifier",
    "payto.payment_terms_",
    "payto.alias_resolution_",
)
CANCELLATION = "/payto/agreements/{agreement_uid}/cancellation"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for path in ("/payto/agreements", "/payto/payments"):
        # The lists are behind the token too, though their 401 is not declared.
        responses = raw_schema["paths"][path]["get"]["responses"]
        declared = raw_schema["paths"][path + "/{" + path.split("/")[2][:-1] + "_uid}"]["get"]
        responses.setdefault("401", declared["responses"]["401"])
    # Its body has a required field, so it is required itself, though it does not say so.
    raw_schema["paths"][CANCELLATION]["post"]["requestBody"]["required"] = True
    schemas = raw_schema["components"]["schemas"]
    for name, schema in list(schemas.items()):
        if name.startswith("payto.alias_resolution_") and "allOf" in schema:
            schemas[name] = merged(schema["allOf"], schemas)
    # Oligo's examples refuse a key nobody knows with a 400 at any depth.
    for name, schema in schemas.items():
        if name.startswith(REQUESTS):
            close(schema)


def merged(parts, schemas):
    """One object instead of several that must all hold, so that it can be closed."""
    whole = {"type": "object", "required": [], "properties": {}}
    for part in parts:
        part = schemas[part["$ref"].split("/")[-1]] if "$ref" in part else part
        whole["required"] += part["required"]
        whole["properties"].update(part["properties"])
    return whole


def close(schema):
    """Forbids unknown keys in an object and the objects in it."""
    if "properties" in schema:
        schema["additionalProperties"] = False
        if "delay" in schema["properties"]:
            # The upstream's limit; Oligo's file has none.
            schema["properties"]["delay"].update(minimum=0, maximum=86400)
        for inner in schema["properties"].values():
            close(inner)
