/*
 * fuzz_gamesim_report.c - what hearth-gamesim reads of hearthd's answers: terms, orders, errors.
 */
#include "report/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_end(void *arg, const uint8_t session[16])
{
    *(unsigned *)arg += session[0];
}

static void on_kick(void *arg, const uint8_t session[16], const uint8_t user[16])
{
    *(unsigned *)arg += (unsigned)session[0] + user[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct registration_terms terms;
    char error[160], code[48], token[MESSAGES_TOKEN_MAX];
    unsigned orders = 0;
    bool drain = false;
    const struct heartbeat_orders sink = {on_end, on_kick, &orders};
    char *body = malloc(size + 1);
    if (!body)
        return 0;
    memcpy(body, data, size);
    body[size] = '\0';
    if (message_read_terms(&terms, body, error) &&
        (terms.heartbeat_ns == 0 || strlen(terms.id) >= sizeof(terms.id) || !terms.token[0]))
        abort();
    if (!message_read_heartbeat(body, &sink, &drain, token) && orders > 0)
        abort();
    message_read_code(body, code);
    message_read_error(body, error);
    if (strlen(code) >= sizeof(code) || strlen(error) >= sizeof(error))
        abort();
    (void)message_read_expected(body);
    (void)message_count_rejected(body);
    (void)message_read_active(body, "a");
    free(body);
    return 0;
}
