/*
 * errors.c - the table of errors. Names are those of the API reference of DynamoDB, of its common
 * errors, of PartiQL statements and of the reasons for which a transaction is cancelled.
 */
#include "errors.h"

#include <stdbool.h>
#include <string.h>

const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_CONDITION] = "condition",
    [OUTCOME_DUPLICATE] = "duplicate",
    [OUTCOME_THROTTLED] = "throttled",
    [OUTCOME_CONTENTION] = "contention",
    [OUTCOME_CREDENTIALS] = "credentials",
    [OUTCOME_FORBIDDEN] = "forbidden",
    [OUTCOME_NO_TABLE] = "no_table",
    [OUTCOME_NOT_SENT] = "not_sent",
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_FINAL] = "final",
};

static const struct {
    const char *name; /* without "Exception" */
    enum outcome outcome;
} table[] = {
    {"ConditionalCheckFailed", OUTCOME_CONDITION},
    {"DuplicateItem", OUTCOME_DUPLICATE},

    {"ProvisionedThroughputExceeded", OUTCOME_THROTTLED},
    {"ThrottlingError", OUTCOME_THROTTLED},
    {"Throttling", OUTCOME_THROTTLED},
    {"Throttled", OUTCOME_THROTTLED},
    {"RequestLimitExceeded", OUTCOME_THROTTLED},
    {"LimitExceeded", OUTCOME_THROTTLED}, /* tables that are being made */
    {"TooManyRequests", OUTCOME_THROTTLED},
    {"SlowDown", OUTCOME_THROTTLED},

    {"TransactionConflict", OUTCOME_CONTENTION},
    {"TransactionInProgress", OUTCOME_CONTENTION},
    {"ReplicatedWriteConflict", OUTCOME_CONTENTION},

    {"ExpiredToken", OUTCOME_CREDENTIALS},
    {"RequestExpired", OUTCOME_CREDENTIALS},
    {"UnrecognizedClient", OUTCOME_CREDENTIALS},
    {"InvalidClientTokenId", OUTCOME_CREDENTIALS},
    {"InvalidSignature", OUTCOME_CREDENTIALS},
    {"SignatureDoesNotMatch", OUTCOME_CREDENTIALS},
    {"IncompleteSignature", OUTCOME_CREDENTIALS},
    {"MissingAuthenticationToken", OUTCOME_CREDENTIALS},

    {"AccessDenied", OUTCOME_FORBIDDEN},
    {"NotAuthorized", OUTCOME_FORBIDDEN},
    {"OptInRequired", OUTCOME_FORBIDDEN},
    {"KMSAccessDenied", OUTCOME_FORBIDDEN},
    {"InaccessibleEncryptionCredentials", OUTCOME_FORBIDDEN},
    {"ResourceNotFound", OUTCOME_NO_TABLE},
    {"ResourceInUse", OUTCOME_NO_TABLE},

    {"InternalServerError", OUTCOME_UNKNOWN},
    {"InternalFailure", OUTCOME_UNKNOWN},
    {"ServiceUnavailable", OUTCOME_UNKNOWN},
    {"RequestTimeout", OUTCOME_UNKNOWN},
    {"RequestAborted", OUTCOME_UNKNOWN},

    {"Validation", OUTCOME_FINAL},
    {"ValidationError", OUTCOME_FINAL},
    {"ItemCollectionSizeLimitExceeded", OUTCOME_FINAL},
    {"IdempotentParameterMismatch", OUTCOME_FINAL},
    {"Serialization", OUTCOME_FINAL},
    {"MalformedQueryString", OUTCOME_FINAL},
    {"InvalidParameterValue", OUTCOME_FINAL},
    {"InvalidParameterCombination", OUTCOME_FINAL},
    {"MissingParameter", OUTCOME_FINAL},
    {"InvalidAction", OUTCOME_FINAL},
    {"UnknownOperation", OUTCOME_FINAL},
    {"RequestEntityTooLarge", OUTCOME_FINAL},
    {"MalformedHttpRequest", OUTCOME_FINAL},
};

/* "com.amazonaws.dynamodb.v20120810#ThrottlingException" is Throttling. */
static hearth_str bare_name(hearth_str name)
{
    static const char suffix[] = "Exception";
    const size_t len = sizeof(suffix) - 1;

    for (size_t i = name.len; i > 0; i--) {
        if (name.ptr[i - 1] == '#') {
            name = (hearth_str){name.ptr + i, name.len - i};
            break;
        }
    }
    if (name.len > len && memcmp(name.ptr + name.len - len, suffix, len) == 0)
        name.len -= len;
    return name;
}

enum outcome errors_by_name(hearth_str name)
{
    name = bare_name(name);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strlen(table[i].name) == name.len && memcmp(table[i].name, name.ptr, name.len) == 0)
            return table[i].outcome;
    }
    return OUTCOME_UNKNOWN;
}

/* A cancelled transaction has a reason for each operation: a condition that does not hold decides,
 * then what cannot succeed, then what can be tried again. */
static enum outcome judge_cancelled(const hearth_json *json, const hearth_json_value *root,
                                    hearth_str *name, hearth_str *message)
{
    const hearth_json_value *reasons = json->get(root, "CancellationReasons");
    enum outcome found = OUTCOME_CONTENTION;

    for (size_t i = 0; i < json->size(reasons); i++) {
        const hearth_json_value *reason = json->at(reasons, i);
        hearth_str code = json->as_string(json->get(reason, "Code"));
        if (code.len == 0 || (code.len == 4 && memcmp(code.ptr, "None", 4) == 0))
            continue;
        enum outcome outcome = errors_by_name(code);
        if (outcome == OUTCOME_CONDITION)
            return outcome;
        if (found == OUTCOME_FINAL || outcome == OUTCOME_CONTENTION)
            continue;
        found = outcome == OUTCOME_FINAL ? OUTCOME_FINAL : OUTCOME_THROTTLED;
        *name = code;
        *message = json->as_string(json->get(reason, "Message"));
    }
    return found;
}

enum outcome errors_judge(const hearth_json *json, long http_status, const hearth_json_value *root,
                          hearth_str *name, hearth_str *message)
{
    static const hearth_str cancelled = {"TransactionCanceled", 19};

    *name = *message = (hearth_str){NULL, 0};
    if (http_status == 200)
        return root ? OUTCOME_OK : OUTCOME_UNKNOWN;
    if (!root)
        return http_status == 413 ? OUTCOME_FINAL : OUTCOME_UNKNOWN;
    *name = json->as_string(json->get(root, "__type"));
    *message = json->as_string(json->get(root, "message"));
    if (!message->ptr)
        *message = json->as_string(json->get(root, "Message"));
    if (name->len == 0 || http_status >= 500) {
        enum outcome outcome = errors_by_name(*name);
        return outcome == OUTCOME_THROTTLED ? outcome : OUTCOME_UNKNOWN;
    }
    hearth_str bare = bare_name(*name);
    if (bare.len == cancelled.len && memcmp(bare.ptr, cancelled.ptr, bare.len) == 0)
        return judge_cancelled(json, root, name, message);
    return errors_by_name(*name);
}
