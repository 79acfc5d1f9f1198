/*
 * service_test.c - hearth.characters/1: reports applied once, holds, and who may be told what.
 */
#include "plugin_fixture.h"

struct answer {
    int called;
    hearth_status status;
    hearth_character_view view;
    char name[32];
    size_t count;
    const char *codes[8];
};

struct seat { /* what the holder says when it is asked */
    int asked, stands;
    char holder[64];
};

static const hearth_characters *service;
static hearth_ctx *provider;
static struct seat seats;

static hearth_str text(const char *s)
{
    return (hearth_str){s, strlen(s)};
}

static void open_service(struct world *world, uint32_t loop)
{
    hearth_test_enter(world->host, loop);
    service = hearth_test_service(world->host, HEARTH_CHARACTERS_ID, loop, &provider);
    assert_non_null(service);
}

static void on_view(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct answer *answer = arg;
    assert_int_equal(answer->called, 0);
    answer->called = 1;
    answer->status = status;
    assert_true(!view == (status != HEARTH_OK));
    if (view) {
        answer->view = *view;
        snprintf(answer->name, sizeof(answer->name), "%.*s", (int)view->name.len, view->name.ptr);
    }
}

static void on_applied(hearth_status status, const char *const *codes, size_t count, void *arg)
{
    struct answer *answer = arg;
    assert_int_equal(answer->called, 0);
    answer->called = 1;
    answer->status = status;
    answer->count = count;
    for (size_t i = 0; i < count && i < 8; i++)
        answer->codes[i] = codes[i];
}

static struct answer get(struct world *world, const char *user, const char *id)
{
    struct answer answer = {0};
    service->get(provider, text(user), text(id), on_view, &answer);
    assert_int_equal(answer.called, 0); /* never before the call has returned */
    hearth_test_pump(world->host);
    assert_int_equal(answer.called, 1);
    return answer;
}

static struct answer apply(struct world *world, const char *id, const char *source,
                           uint64_t sequence, const hearth_character_change *changes, size_t count)
{
    struct answer answer = {0};
    const hearth_character_change *list[8];
    const hearth_change_source from = {sizeof(from), 0, text(source), sequence};
    for (size_t i = 0; i < count; i++)
        list[i] = &changes[i];
    service->apply(provider, text(ALICE), text(id), &from, list, count, on_applied, &answer);
    assert_int_equal(answer.called, 0);
    hearth_test_pump(world->host);
    assert_int_equal(answer.called, 1);
    return answer;
}

static struct answer mark(struct world *world, int hold, const char *id, const char *holder)
{
    struct answer answer = {0};
    (hold ? service->hold : service->release)(provider, text(ALICE), text(id), text(holder),
                                              on_view, &answer);
    hearth_test_pump(world->host);
    assert_int_equal(answer.called, 1);
    return answer;
}

static hearth_test_call *rest(struct world *world, const char *id, int version)
{
    char path[128], body[64];
    snprintf(path, sizeof(path), "/characters/%s/rest", id);
    snprintf(body, sizeof(body), "{\"version\":%d,\"type\":\"long\"}", version);
    return send_as(world, ALICE, "POST", path, NULL, body);
}

static hearth_character_change change(hearth_character_change_kind kind, int64_t amount,
                                      int64_t item)
{
    return (hearth_character_change){.struct_size = sizeof(hearth_character_change),
                                     .kind = kind,
                                     .amount = amount,
                                     .item_id = item};
}

static void a_view_from_any_loop(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(
        id, sizeof(id), "%s",
        create_as(world, ALICE, "{\"name\":\"Pykey\",\"race\":\"Human\",\"class\":\"Fighter\"}"));
    for (uint32_t loop = 0; loop < 2; loop++) {
        open_service(world, loop);
        struct answer answer = get(world, ALICE, id);
        assert_int_equal(answer.status, HEARTH_OK);
        assert_string_equal(answer.name, "Pykey");
        assert_int_equal(answer.view.level, 1);
        assert_int_equal(answer.view.version, 1);
        assert_int_equal(answer.view.damage_dice, 1);
        assert_int_equal(answer.view.damage_sides, 8);
        assert_int_equal(answer.view.hitpoints, answer.view.max_hitpoints);
        assert_int_equal(answer.view.unconscious, 0);
        assert_int_equal(get(world, BOB, id).status, HEARTH_EFORBIDDEN);
        assert_int_equal(get(world, ALICE, NOBODY).status, HEARTH_ENOTFOUND);
        assert_int_equal(get(world, ALICE, "nonsense").status, HEARTH_ENOTFOUND);
    }
}

static int32_t range_of(struct world *world, const char *recipe)
{
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, recipe));
    open_service(world, 0);
    return get(world, ALICE, id).view.attack_range;
}

static void a_view_says_how_far_the_weapon_reaches(void **state)
{
    struct world *world = *state; /* a longsword, a light crossbow, a dagger */
    assert_int_equal(range_of(world, "{\"race\":\"Human\",\"class\":\"Fighter\"}"), 5);
    assert_int_equal(range_of(world, "{\"race\":\"Human\",\"class\":\"Sorcerer\"}"), 80);
    assert_int_equal(range_of(world, "{\"race\":\"Human\",\"class\":\"Wizard\"}"), 5);
}

static void a_batch_is_one_version_and_names_what_it_refused(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    open_service(world, 1);
    hearth_character_change changes[] = {
        change(HEARTH_CHANGE_DAMAGE, 1000, 0), change(HEARTH_CHANGE_HEAL, 2, 0),
        change(HEARTH_CHANGE_LOOT, 1, 7),      change(HEARTH_CHANGE_LOOT, 3, 1601),
        change(HEARTH_CHANGE_CURRENCY, 0, 0),  change(HEARTH_CHANGE_EXPERIENCE, 300, 0),
        change(HEARTH_CHANGE_DAMAGE, -5, 0),   change((hearth_character_change_kind)99, 1, 0),
    };
    changes[4].coins[3] = -16;
    struct answer answer = apply(world, id, "game-1", 1, changes, 8);
    assert_int_equal(answer.status, HEARTH_OK);
    assert_int_equal(answer.count, 8);
    assert_null(answer.codes[0]);
    assert_null(answer.codes[1]);
    assert_string_equal(answer.codes[2], "UNKNOWN_ITEM");
    assert_null(answer.codes[3]);
    assert_string_equal(answer.codes[4], "INSUFFICIENT_FUNDS");
    assert_null(answer.codes[5]);
    assert_string_equal(answer.codes[6], "INVALID_REQUEST");
    assert_string_equal(answer.codes[7], "INVALID_REQUEST");
    answer = get(world, ALICE, id);
    assert_int_equal(answer.view.version, 2);
    assert_int_equal(answer.view.hitpoints, 2);
    assert_int_equal(answer.view.level, 2);
}

static void a_batch_is_applied_once(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    open_service(world, 0);
    const hearth_character_change hit = change(HEARTH_CHANGE_DAMAGE, 1, 0);
    assert_int_equal(apply(world, id, "game-1", 1, &hit, 1).status, HEARTH_OK);
    assert_int_equal(apply(world, id, "game-1", 1, &hit, 1).status, HEARTH_OK); /* a retry */
    assert_int_equal(get(world, ALICE, id).view.version, 2);
    assert_non_null(strstr(script_document(), "[\"game-1\",1]"));
    assert_int_equal(apply(world, id, "game-1", 3, &hit, 1).status, HEARTH_OK);
    assert_int_equal(apply(world, id, "game-1", 2, &hit, 1).status, HEARTH_OK); /* older: skipped */
    assert_int_equal(get(world, ALICE, id).view.version, 3);
    assert_int_equal(apply(world, id, "game-2", 1, &hit, 1).status, HEARTH_OK);
    assert_int_equal(get(world, ALICE, id).view.version, 4);
    assert_int_equal(apply(world, id, "", 1, &hit, 1).status, HEARTH_EINVAL);
    assert_int_equal(apply(world, id, "game-2", UINT64_C(1) << 53, &hit, 1).status, HEARTH_EINVAL);
}

static void eight_sources_are_remembered(void **state)
{
    struct world *world = *state;
    char id[64], source[16];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    open_service(world, 0);
    const hearth_character_change heal = change(HEARTH_CHANGE_HEAL, 1, 0);
    for (int i = 0; i < 8; i++) {
        snprintf(source, sizeof(source), "game-%d", i);
        apply(world, id, source, 5, &heal, 1);
    }
    apply(world, id, "game-0", 6, &heal, 1); /* speaks again: game-1 is silent longest now */
    assert_int_equal(get(world, ALICE, id).view.version, 10);
    apply(world, id, "game-8", 1, &heal, 1);
    assert_null(strstr(script_document(), "game-1\""));
    assert_non_null(strstr(script_document(), "[\"game-0\",6]"));
    apply(world, id, "game-0", 6, &heal, 1);
    apply(world, id, "game-7", 5, &heal, 1);
    assert_int_equal(get(world, ALICE, id).view.version, 11);
}

static void a_report_that_could_not_be_stored_changes_nothing(void **state)
{
    struct world *world = *state;
    char id[64];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    open_service(world, 1);
    const hearth_character_change hit = change(HEARTH_CHANGE_DAMAGE, 1, 0);
    world->script.commit_status = HEARTH_EUNAVAILABLE;
    assert_int_equal(apply(world, id, "game-1", 1, &hit, 1).status, HEARTH_EUNAVAILABLE);
    world->script.commit_status = HEARTH_ETIMEOUT;
    assert_int_equal(apply(world, id, "game-1", 1, &hit, 1).status, HEARTH_EUNAVAILABLE);
    world->script.commit_status = HEARTH_OK;
    assert_int_equal(apply(world, id, "game-1", 1, &hit, 1).status, HEARTH_OK);
    assert_int_equal(get(world, ALICE, id).view.version, 2);
    assert_int_equal(world->script.durability, HEARTH_JOURNAL);
}

static void a_held_character_is_not_the_players_to_change(void **state)
{
    struct world *world = *state;
    char id[64], path[128];
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    snprintf(path, sizeof(path), "/characters/%s", id);
    open_service(world, 0);
    assert_int_equal(mark(world, 1, id, "game-1").view.version, 2);
    assert_int_equal(mark(world, 1, id, "game-1").view.version, 2); /* again is nothing new */
    hearth_test_enter(world->host, 0);
    assert_refused(rest(world, id, 2), 409, "CHARACTER_IN_SESSION");
    assert_refused(rest(world, id, 1), 409, "VERSION_MISMATCH");
    assert_refused(send_as(world, ALICE, "DELETE", path, NULL, NULL), 409, "CHARACTER_IN_SESSION");
    assert_status(send_as(world, ALICE, "GET", path, NULL, NULL), 200);
    const hearth_character_change hit = change(HEARTH_CHANGE_DAMAGE, 1, 0);
    assert_int_equal(apply(world, id, "game-1", 1, &hit, 1).status, HEARTH_OK);
    assert_int_equal(mark(world, 0, id, "game-2").view.version, 3); /* another's release: nothing */
    assert_refused(rest(world, id, 3), 409, "CHARACTER_IN_SESSION");
    assert_int_equal(mark(world, 1, id, "game-2").view.version, 4); /* replaces */
    assert_int_equal(mark(world, 0, id, "game-2").view.version, 5);
    assert_status(rest(world, id, 5), 200);
    assert_int_equal(mark(world, 0, id, "game-2").status, HEARTH_OK);
}

static void ask(hearth_str user, hearth_str character, hearth_str holder,
                hearth_hold_answer_fn answer, void *answer_arg, void *arg)
{
    struct seat *seat = arg;
    assert_int_equal(user.len, 36);
    assert_int_equal(character.len, 36);
    seat->asked++;
    snprintf(seat->holder, sizeof(seat->holder), "%.*s", (int)holder.len, holder.ptr);
    if (answer)
        answer(seat->stands, answer_arg);
}

static void a_hold_whose_seat_does_not_stand_does_not_count(void **state)
{
    struct world *world = *state;
    char id[64];
    memset(&seats, 0, sizeof(seats));
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    for (uint32_t loop = 0; loop < 2; loop++) {
        open_service(world, loop);
        assert_int_equal(service->on_held(provider, ask, &seats), HEARTH_OK);
        assert_int_equal(service->on_held(provider, ask, &seats), HEARTH_ECONFLICT);
    }
    open_service(world, 0);
    mark(world, 1, id, "game-1");
    seats.stands = 1;
    assert_refused(rest(world, id, 2), 409, "CHARACTER_IN_SESSION");
    assert_string_equal(seats.holder, "game-1");
    seats.stands = 0;
    assert_status(rest(world, id, 2), 200);
    assert_int_equal(seats.asked, 2);
    assert_null(strstr(script_document(), "holder")); /* and is forgotten */
    assert_status(rest(world, id, 3), 200);
    assert_int_equal(seats.asked, 2);
}

static hearth_hold_answer_fn late_answer;
static void *late_answer_arg;
static uint32_t late_loop;

static void ask_late(hearth_str user, hearth_str character, hearth_str holder,
                     hearth_hold_answer_fn answer, void *answer_arg, void *arg)
{
    const uint32_t *loop = arg;
    ask(user, character, holder, seats.asked == 0 ? NULL : answer, answer_arg, &seats);
    if (seats.asked == 1) {
        late_loop = *loop;
        late_answer = answer;
        late_answer_arg = answer_arg;
    }
}

static void who_comes_back_while_his_seat_is_asked_for_is_held(void **state)
{
    static const uint32_t loops[] = {0, 1};
    struct world *world = *state;
    char id[64], path[128];
    memset(&seats, 0, sizeof(seats));
    seats.stands = 1;
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    snprintf(path, sizeof(path), "/characters/%s", id);
    for (uint32_t loop = 0; loop < 2; loop++) {
        open_service(world, loop);
        assert_int_equal(service->on_held(provider, ask_late, (void *)(uintptr_t)&loops[loop]),
                         HEARTH_OK);
    }
    open_service(world, 0);
    mark(world, 1, id, "game-1");
    hearth_test_call *call = send_as(world, ALICE, "DELETE", path, NULL, NULL);
    assert_status(call, 0);
    mark(world, 0, id, "game-1");
    mark(world, 1, id, "game-1");
    hearth_test_enter(world->host, late_loop);
    late_answer(0, late_answer_arg); /* of the seat that he had given up */
    hearth_test_pump(world->host);
    assert_refused(call, 409, "CHARACTER_IN_SESSION");
    assert_int_equal(seats.asked, 2);
}

static void during_session_allow(void **state)
{
    struct world *world = world_create("during_session=allow");
    char id[64];
    (void)state;
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, FIGHTER));
    open_service(world, 0);
    mark(world, 1, id, "game-1");
    assert_status(rest(world, id, 2), 200);
    assert_non_null(strstr(script_document(), "\"holder\":\"game-1\""));
    world_destroy(world);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_view_from_any_loop),
        TEST(a_view_says_how_far_the_weapon_reaches),
        TEST(a_batch_is_one_version_and_names_what_it_refused),
        TEST(a_batch_is_applied_once),
        TEST(eight_sources_are_remembered),
        TEST(a_report_that_could_not_be_stored_changes_nothing),
        TEST(a_held_character_is_not_the_players_to_change),
        TEST(a_hold_whose_seat_does_not_stand_does_not_count),
        TEST(who_comes_back_while_his_seat_is_asked_for_is_held),
        cmocka_unit_test(during_session_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
