/* Plugin `radiation`: radiation portal monitors. What such a portal says is forwarded as its codec understood it: an alarm is never a repetition, and
 * an occupancy is told once. Nothing is held back here, so that nothing can be held back wrongly. */
#include "plugin.h"
#include "protocols.h"

static const struct gl_protocol *const protocols[] = {&gl_protocol_tsa, NULL};

__attribute__((visibility("default"))) const struct gl_plugin gl_plugin = {
    .abi = GL_PLUGIN_ABI,
    .size = sizeof(struct gl_plugin),
    .name = "radiation",
    .protocols = protocols,
};
