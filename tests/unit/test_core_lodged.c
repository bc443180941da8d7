/* The rules about what was lodged: trailers, containers, movements and declarations, and what the authority says about them. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL, REFUSE = GL_LEVEL_REFUSE };

struct announced {
    struct bench *b;
    struct lodged_movement *x;
    struct gl_answer_declaration *d;
};
static struct announced up(void) {
    struct announced a = {.b = bench_up()};
    a.x = lodge(a.b, "GMRA00000001", "NC15REG", "NC16TRL");
    a.d = &a.b->declarations[0];
    return a;
}

#define TRY(change, grade, rule)                     \
    do {                                             \
        struct announced a = up();                   \
        change;                                      \
        drive_in(a.b, "in-1", "NC15REG", "NC16TRL"); \
        later(a.b, 12 * SECOND);                     \
        assert_inspected(a.b, "in-1", grade, rule);  \
        bench_free(a.b);                             \
    } while (0)

#define TRY_FINE(change)                             \
    do {                                             \
        struct announced a = up();                   \
        change;                                      \
        drive_in(a.b, "in-1", "NC15REG", "NC16TRL"); \
        assert_released(a.b, "in-1");                \
        bench_free(a.b);                             \
    } while (0)

static void the_trailer(void **state) {
    (void)state;
    static const struct {
        const char *declared, *seen, *rule; /* NULL rule = released */
        uint8_t grade;
    } cases[] = {
        {"NC16TRL", "NC16TRL", NULL, 0},
        {"NC16TRL", "NC17TRL", "TRAILER_MISMATCH", PHYSICAL},
        {"NC16TRL", NULL, "TRAILER_MISSING", DESK},
        {"NC16TRL", "NC15REG", "TRAILER_MISSING", DESK}, /* the tractor's own plate, seen from behind */
        {"NC16TRL", "", "TRAILER_NO_READ", DESK},
        {NULL, "NC17TRL", "TRAILER_EXTRA", DESK},
        {NULL, "", "TRAILER_NO_READ", DESK},
        {NULL, NULL, NULL, 0},
        {NULL, "NC15REG", NULL, 0},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = bench_up();
        lodge(b, "GMRA00000001", "NC15REG", cases[i].declared);
        drive_in(b, "in-1", "NC15REG", cases[i].seen);
        later(b, 12 * SECOND);
        if (!cases[i].rule)
            assert_released(b, "in-1");
        else
            assert_inspected(b, "in-1", cases[i].grade, cases[i].rule);
        bench_free(b);
    }
}

/* Without a declared trailer the decision waits for the rear camera's time, and not a moment longer. */
static void the_trailer_may_still_come(void **state) {
    (void)state;
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", NULL);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    later(b, 5 * SECOND);
    assert_int_equal(b->n_decisions, 0);
    later(b, 1);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "TRAILER_NO_READ"), GL_PASS);
    /* A trailer that is seen after all: whether it is this vehicle's is not sure, and that is enough. */
    trailer(b, "in-1", "NC17TRL");
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(b);
}

/* The trailer's plate once more, late: nothing new. The declared trailer, late: it may be another's, and lifts nothing. */
static void the_trailer_comes_late(void **state) {
    (void)state;
    struct announced a = up();
    drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
    later(a.b, 8 * SECOND);
    trailer(a.b, "in-1", "NC16TRL");
    assert_released(a.b, "in-1");
    bench_free(a.b);
    a = up();
    drive_in(a.b, "in-1", "NC15REG", NULL);
    later(a.b, 12 * SECOND);
    trailer(a.b, "in-1", "NC16TRL");
    assert_int_equal(a.b->shown[0].signal, GL_SIGNAL_INSPECT);
    bench_free(a.b);
}

static void the_container(void **state) {
    (void)state;
    static const struct {
        const char *on_movement, *on_declaration, *seen;
        bool required;
        uint8_t grade;
    } cases[] = {
        {"MSCU9981402", NULL, "MSCU9981402", true, 0},         {NULL, "MSCU9981402", "MSCU 998140-2", true, 0},
        {"MSCU9981402", NULL, "CSQU3054383", false, PHYSICAL}, {NULL, NULL, "CSQU3054383", false, PHYSICAL},
        {"MSCU9981402", NULL, NULL, true, PHYSICAL},           {"MSCU9981402", NULL, NULL, false, 0},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct announced a = up();
        if (cases[i].required) a.b->config->profiles[0].require |= GL_NEED_CONTAINER;
        if (cases[i].on_movement) gl_clip(a.x->m.containers[a.x->m.n_containers++], 18, cases[i].on_movement);
        if (cases[i].on_declaration) gl_clip(a.d->containers[a.d->n_containers++], 18, cases[i].on_declaration);
        loop(a.b, "in-1", GL_ZONE_ENTRY, true);
        if (cases[i].seen) container(a.b, "in-1", cases[i].seen);
        plate(a.b, "in-1", "NC15REG");
        trailer(a.b, "in-1", "NC16TRL");
        later(a.b, 12 * SECOND);
        if (!cases[i].grade)
            assert_released(a.b, "in-1");
        else
            assert_inspected(a.b, "in-1", cases[i].grade, "CONTAINER_MISMATCH");
        bench_free(a.b);
    }
    struct announced a = up(); /* the plate cannot be read, the container can; a second number is one too many */
    gl_clip(a.x->m.containers[a.x->m.n_containers++], 18, "MSCU9981402");
    loop(a.b, "in-1", GL_ZONE_ENTRY, true);
    plate(a.b, "in-1", "");
    trailer(a.b, "in-1", "NC16TRL");
    container(a.b, "in-1", "MSCU9981402");
    assert_released(a.b, "in-1");
    assert_string_equal(last(a.b)->match.by, "container");
    container(a.b, "in-1", "CSQU3054383");
    assert_inspected(a.b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(a.b);
}

static void the_movement(void **state) {
    (void)state;
    TRY(a.b->n_movements = a.b->n_declarations = 0, DESK, "NO_DECLARATION");
    TRY(a.x->m.state = GL_MOVEMENT_DRAFT, DESK, "DECL_NOT_RELEASED");
    TRY(a.x->m.state = GL_MOVEMENT_STATE_NONE, DESK, "DECL_NOT_RELEASED");
    TRY(a.x->m.state = GL_MOVEMENT_CANCELLED, DESK, "DECL_CANCELLED");
    TRY(a.x->m.state = GL_MOVEMENT_EXPIRED, DESK, "DECL_EXPIRED");
    TRY(a.x->m.state = GL_MOVEMENT_ARRIVED, DESK, "DECL_ALREADY_USED");
    TRY(a.x->m.state = GL_MOVEMENT_EXITED, DESK, "DECL_ALREADY_USED");
    TRY(a.x->m.valid_to = START_WALL - 1, DESK, "DECL_EXPIRED");
    TRY(a.x->m.valid_from = START_WALL + HOUR, DESK, "DECL_EXPIRED");
    TRY(a.x->m.valid_to = 0; a.x->m.eta = START_WALL - 73 * HOUR, DESK, "DECL_EXPIRED");
    TRY(a.x->m.direction = GL_DIRECTION_OUT, DESK, "WRONG_DIRECTION");
    TRY(a.x->m.n_declarations = 0, DESK, "DECL_MISSING");
    TRY_FINE(a.x->m.state = GL_MOVEMENT_CHECKED_IN);
    TRY_FINE(a.x->m.direction = GL_DIRECTION_NONE);
    TRY_FINE(a.x->m.valid_to = 0; a.x->m.eta = START_WALL - 71 * HOUR);
    TRY_FINE(a.x->m.kind = GL_MOVEMENT_EMPTY; a.x->m.n_declarations = 0);
    TRY_FINE(a.x->m.kind = GL_MOVEMENT_EXEMPT; a.x->m.n_declarations = 0);
}

static void the_declarations(void **state) {
    (void)state;
    static const struct {
        uint8_t state;
        const char *rule;
    } cases[] = {{GL_DECLARATION_NONE, "DECL_NOT_RELEASED"},
                 {GL_DECLARATION_LODGED, "DECL_NOT_RELEASED"},
                 {GL_DECLARATION_ACCEPTED, "DECL_NOT_RELEASED"},
                 {GL_DECLARATION_UNDER_CONTROL, "DECL_NOT_RELEASED"},
                 {GL_DECLARATION_NOT_RELEASED, "DECL_NOT_RELEASED"},
                 {GL_DECLARATION_ARRIVED, "DECL_ALREADY_USED"},
                 {GL_DECLARATION_DISCHARGED, "DECL_ALREADY_USED"},
                 {GL_DECLARATION_CANCELLED, "DECL_CANCELLED"},
                 {GL_DECLARATION_EXPIRED, "DECL_EXPIRED"}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        TRY(a.d->state = cases[i].state, DESK, cases[i].rule);
        /* One bad one among several is enough, and the last is judged like the first. */
        TRY(
            for (int k = 2; k <= 6; k++) {
                char ref[16];
                gl_format(ref, sizeof ref, "D-%d", k);
                a.x->listed[a.x->m.n_declarations++] = lodge_declaration(a.b, ref)->ref;
            } a.b->declarations[5]
                .state = cases[i].state,
            DESK, cases[i].rule);
    }
    TRY(a.d->valid_to = START_WALL - 1, DESK, "DECL_EXPIRED");
    TRY(a.b->n_declarations = 0, DESK, "DECL_MISSING");
    TRY_FINE(a.d->valid_to = 0);
}

/* A crossing that was announced anew lists the same declarations: they are judged for the new one as well. */
static void listed_by_two_movements(void **state) {
    (void)state;
    TRY(a.x->m.state = GL_MOVEMENT_CANCELLED; struct lodged_movement *y = lodge(a.b, "GMRA00000002", "NC15REG", "NC16TRL");
        y->listed[y->m.n_declarations++] = a.d->ref; a.d->state = GL_DECLARATION_CANCELLED, DESK, "DECL_CANCELLED");
    TRY_FINE(a.x->m.state = GL_MOVEMENT_CANCELLED; struct lodged_movement *y = lodge(a.b, "GMRA00000002", "NC15REG", "NC16TRL");
             y->listed[y->m.n_declarations++] = a.d->ref);
}

/* Declarations that name the vehicle themselves, without any movement. */
static void declarations_alone(void **state) {
    (void)state;
    for (int bad = 0; bad < 4; bad++) {
        struct bench *b = bench_up();
        for (int i = 0; i < 2; i++) {
            struct gl_answer_declaration *d = lodge_declaration(b, i ? "D-2" : "D-1");
            add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "NC15REG");
            add_means(d->means, &d->n_means, GL_ROLE_TRAILER, "NC16TRL");
        }
        if (bad == 1) b->declarations[1].state = GL_DECLARATION_UNDER_CONTROL;
        if (bad == 2) b->declarations[1].control = GL_CHANNEL_PHYSICAL;
        if (bad == 3) b->declarations[0].state = GL_DECLARATION_DISCHARGED; /* last week's */
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        if (bad == 0 || bad == 3) {
            assert_released(b, "in-1");
            assert_int_equal(last(b)->match.n_declarations, bad ? 1 : 2);
            drive_out(b, "in-1");
            drive_in(b, "in-1", "NC15REG", "NC16TRL"); /* the same papers a second time */
            assert_inspected(b, "in-1", DESK, "DECL_ALREADY_USED");
        }
        if (bad == 1) assert_inspected(b, "in-1", DESK, "DECL_NOT_RELEASED");
        if (bad == 2) assert_inspected(b, "in-1", PHYSICAL, "AUTHORITY_CONTROL");
        bench_free(b);
    }
}

static void the_authority(void **state) {
    (void)state;
    TRY(a.x->m.channel = GL_CHANNEL_NONE, DESK, "DECISION_PENDING");
    TRY(a.x->m.channel = GL_CHANNEL_DESK, DESK, "AUTHORITY_CONTROL");
    TRY(a.x->m.channel = GL_CHANNEL_PHYSICAL, PHYSICAL, "AUTHORITY_CONTROL");
    TRY(a.x->m.channel = GL_CHANNEL_REFUSE, REFUSE, "ENTRY_DENIED");
    TRY(a.d->control = GL_CHANNEL_DESK, DESK, "AUTHORITY_CONTROL");
    TRY(a.d->control = GL_CHANNEL_PHYSICAL, PHYSICAL, "AUTHORITY_CONTROL");
    TRY(a.d->control = GL_CHANNEL_REFUSE, REFUSE, "ENTRY_DENIED");
    TRY_FINE(a.d->control = GL_CHANNEL_RELEASE);
    /* The worst of all counts, and all is said. */
    struct announced a = up();
    a.x->m.channel = GL_CHANNEL_REFUSE;
    a.d->state = GL_DECLARATION_CANCELLED;
    drive_in(a.b, "in-1", "NC15REG", "NC99TRL");
    assert_inspected(a.b, "in-1", REFUSE, "ENTRY_DENIED");
    assert_int_equal(said(a.b, "DECL_CANCELLED"), GL_FAIL);
    assert_int_equal(said(a.b, "TRAILER_MISMATCH"), GL_FAIL);
    bench_free(a.b);
}

/* A control ordered on a consignment of this vehicle holds, though its movement does not list it; and nothing else of such a consignment counts. */
static void the_authority_beside_the_movement(void **state) {
    (void)state;
    static const struct {
        uint8_t control, state, level;
        const char *rule; /* NULL = released */
    } cases[] = {
        {GL_CHANNEL_PHYSICAL, GL_DECLARATION_RELEASED, PHYSICAL, "AUTHORITY_CONTROL"},
        {GL_CHANNEL_REFUSE, GL_DECLARATION_RELEASED, REFUSE, "ENTRY_DENIED"},
        {GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 0, NULL},
        {GL_CHANNEL_NONE, GL_DECLARATION_LODGED, 0, NULL},         /* its next trip */
        {GL_CHANNEL_PHYSICAL, GL_DECLARATION_DISCHARGED, 0, NULL}, /* last week's */
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct announced a = up();
        struct gl_answer_declaration *d = lodge_declaration(a.b, "D-BESIDE");
        add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "NC15REG");
        d->control = cases[i].control;
        d->state = cases[i].state;
        drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
        if (cases[i].rule)
            assert_inspected(a.b, "in-1", cases[i].level, cases[i].rule);
        else
            assert_released(a.b, "in-1");
        bench_free(a.b);
    }
}

/* It holds under whichever envelope: that of last time, or another vehicle's. */
static void the_authority_under_another_envelope(void **state) {
    (void)state;
    for (int alone = 0; alone < 2; alone++) { /* with a movement of its own; by a declaration alone */
        struct bench *b = bench_up();
        struct lodged_movement *other = lodge(b, "GMRA00000009", alone ? "KA1234AB" : "NC15REG", "NC16TRL");
        struct gl_answer_declaration *d = &b->declarations[0];
        other->m.state = GL_MOVEMENT_CANCELLED;
        add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "NC15REG");
        d->control = GL_CHANNEL_PHYSICAL;
        if (!alone) lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
        if (alone) d = lodge_declaration(b, "D-2"), add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "NC15REG");
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        assert_inspected(b, "in-1", PHYSICAL, "AUTHORITY_CONTROL");
        bench_free(b);
    }
}

/* The movement of the next trip is no match yet: it neither carries the vehicle nor makes the one of today ambiguous. */
static void the_next_trip(void **state) {
    (void)state;
    for (int today = 0; today < 2; today++) {
        struct announced a = up();
        a.x->m.valid_from = START_WALL + 24 * HOUR;
        a.x->m.valid_to = START_WALL + 48 * HOUR;
        if (today) lodge(a.b, "GMRA00000002", "NC15REG", "NC16TRL");
        drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
        later(a.b, 12 * SECOND);
        if (today) {
            assert_released(a.b, "in-1");
            assert_string_equal(last(a.b)->match.movements[0].value, "GMRA00000002");
        } else {
            assert_inspected(a.b, "in-1", DESK, "DECL_EXPIRED");
        }
        bench_free(a.b);
    }
}

/* What may still come is waited for; then it is decided at once. */
static void the_authority_decides_meanwhile(void **state) {
    (void)state;
    struct announced a = up();
    a.x->m.channel = GL_CHANNEL_NONE;
    drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
    assert_int_equal(a.b->n_decisions, 0);
    assert_int_equal(a.b->shown[0].signal, GL_SIGNAL_STOP);
    a.x->m.channel = GL_CHANNEL_RELEASE;
    lodged_changed(a.b);
    assert_released(a.b, "in-1");
    bench_free(a.b);
}

static void random_control(void **state) {
    (void)state;
    int drawn = 0, aged = 0;
    for (int i = 0; i < 60; i++) {
        for (int old = 0; old < 2; old++) {
            struct bench *b = bench_up();
            char ref[24];
            gl_format(ref, sizeof ref, "GMRA%08d", i);
            b->config->profiles[0].random_rate = 0.25;
            if (old) feed(b, GL_FEED_AGED);
            lodge(b, ref, "NC15REG", "NC16TRL");
            drive_in(b, "in-1", "NC15REG", "NC16TRL");
            bool out = said(b, "RANDOM") == GL_FAIL;
            if (out)
                assert_inspected(b, "in-1", PHYSICAL, "RANDOM");
            else
                assert_released(b, "in-1");
            if (old)
                aged += out;
            else
                drawn += out;
            bench_free(b);
        }
    }
    assert_in_range(drawn, 5, 26); /* of 60; the key is fixed, so is the draw */
    assert_in_range(aged, 20, 42); /* twice as many, and all those that were drawn before */
    TRY(a.b->config->profiles[0].random_rate = 1, PHYSICAL, "RANDOM");
    TRY_FINE(a.b->config->profiles[0].random_rate = 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trailer),
        cmocka_unit_test(the_trailer_may_still_come),
        cmocka_unit_test(the_trailer_comes_late),
        cmocka_unit_test(the_container),
        cmocka_unit_test(the_movement),
        cmocka_unit_test(the_declarations),
        cmocka_unit_test(listed_by_two_movements),
        cmocka_unit_test(declarations_alone),
        cmocka_unit_test(the_authority),
        cmocka_unit_test(the_authority_beside_the_movement),
        cmocka_unit_test(the_authority_under_another_envelope),
        cmocka_unit_test(the_next_trip),
        cmocka_unit_test(the_authority_decides_meanwhile),
        cmocka_unit_test(random_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
