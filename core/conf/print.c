/*
 * print.c - a schema as a reference: for `hearth inspect` as text, for tools as JSON.
 * The table that checks is the table that documents, so the two cannot drift apart.
 */
#include "conf/internal.h"

const char *conf_type_name(hearth_conf_type type)
{
    static const char *const names[] = {[HEARTH_CONF_END] = "end",
                                        [HEARTH_CONF_STR] = "text",
                                        [HEARTH_CONF_INT] = "integer",
                                        [HEARTH_CONF_BOOL] = "boolean",
                                        [HEARTH_CONF_DURATION] = "duration",
                                        [HEARTH_CONF_SIZE] = "size",
                                        [HEARTH_CONF_ENUM] = "enum",
                                        [HEARTH_CONF_LIST] = "list",
                                        [HEARTH_CONF_MAP] = "map"};
    return (size_t)type < HEARTH_COUNT(names) ? names[type] : "unknown";
}

static const char *default_of(const hearth_conf_field *field)
{
    if (field->flags & HEARTH_CONF_REQUIRED)
        return "required";
    return field->def && field->def[0] ? field->def : "-";
}

static size_t wider(size_t width, const char *text)
{
    size_t len = strlen(text);
    return len > width ? len : width;
}

static hearth_status print_rows(const conf_schema *schema, const char *prefix, hearth_buf *out)
{
    const hearth_conf_field *field;
    size_t key_width = 0, default_width = 0;
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++) {
        key_width = wider(key_width, field->key);
        default_width = wider(default_width, default_of(field));
    }
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; status == HEARTH_OK && (field = conf_field_at(schema, i)); i++) {
        char expected[256];
        conf_describe(field, expected, sizeof(expected));
        status = buf_printf(out, "%s%-*s  %-8s  %-*s  %s (%s%s)\n", prefix, (int)key_width,
                            field->key, conf_type_name(field->type), (int)default_width,
                            default_of(field), field->help, expected,
                            field->flags & HEARTH_CONF_RELOADABLE ? "; reloadable" : "");
    }
    return status;
}

hearth_status conf_print_text(const conf_schema *schema, hearth_buf *out)
{
    hearth_status status = print_rows(schema, "", out);
    for (const conf_group *group = schema->groups; status == HEARTH_OK && group && group->key;
         group++) {
        status = buf_printf(out, "%s  list of maps  %s\n", group->key, group->help);
        if (status == HEARTH_OK)
            status = print_rows(group->item, "    ", out);
    }
    return status;
}

static void print_field(const hearth_conf_field *field, hearth_json_writer *out)
{
    char expected[256];
    conf_describe(field, expected, sizeof(expected));
    json_begin_object(out);
    json_member_string(out, "key", str_from(field->key));
    json_member_string(out, "type", str_from(conf_type_name(field->type)));
    json_put_key(out, HEARTH_STR("default"));
    if (field->def)
        json_put_string(out, str_from(field->def));
    else
        json_put_null(out);
    json_member_string(out, "expected", str_from(expected));
    json_member_boolean(out, "required", field->flags & HEARTH_CONF_REQUIRED);
    json_member_boolean(out, "secret", field->flags & HEARTH_CONF_SECRET);
    json_member_boolean(out, "reloadable", field->flags & HEARTH_CONF_RELOADABLE);
    json_member_string(out, "help", str_from(field->help));
    json_end_object(out);
}

void conf_print_json(const conf_schema *schema, hearth_json_writer *out)
{
    const hearth_conf_field *field;
    json_begin_array(out);
    for (size_t i = 0; (field = conf_field_at(schema, i)); i++)
        print_field(field, out);
    for (const conf_group *group = schema->groups; group && group->key; group++) {
        json_begin_object(out);
        json_member_string(out, "key", str_from(group->key));
        json_member_string(out, "type", HEARTH_STR("list of maps"));
        json_member_boolean(out, "reloadable", group->flags & HEARTH_CONF_RELOADABLE);
        json_member_string(out, "help", str_from(group->help));
        json_put_key(out, HEARTH_STR("items"));
        conf_print_json(group->item, out);
        json_end_object(out);
    }
    json_end_array(out);
}
