/* The plugin `radiation`: nothing stands between a portal's codec and the core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "config/config.h"
#include "radiation/radiation.c"

static void nothing_is_held_back(void **state) {
    (void)state;
    assert_int_equal(gl_plugin.abi, GL_PLUGIN_ABI);
    assert_int_equal(gl_plugin.size, sizeof gl_plugin);
    assert_string_equal(gl_plugin.name, "radiation");
    assert_null(gl_plugin.shape); /* the host then forwards each reading as it is */
    assert_null(gl_plugin.open);
    assert_int_equal(gl_plugin.n_settings, 0);
}

static void it_speaks_the_portals_protocol(void **state) {
    (void)state;
    const struct gl_protocol *p = gl_plugin_protocol(&gl_plugin, "tsa");
    assert_ptr_equal(p, &gl_protocol_tsa);
    assert_ptr_equal(gl_plugin_protocol(&gl_plugin, ""), p);
    assert_null(gl_plugin_protocol(&gl_plugin, "llrp"));
    assert_int_equal(p->abi, GL_PROTOCOL_ABI);
    assert_true(p->silence_ms > 0); /* a portal that says nothing must not look well */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_held_back),
        cmocka_unit_test(it_speaks_the_portals_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
