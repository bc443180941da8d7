/* Fuzz target of inbound MQTT messages: flags and expiry, a topic, a payload. Whatever comes, it is one of the five kinds, and what
 * is handed on can be packed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/messages.h"
#include "link/inbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const topics[] = {"feed/movements", "feed/declarations", "command/desk/override", "command/desk/typed-plate",
                                     "command/desk/replay"};

static void check(const struct gl_inbound *in) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 20);
    int rc = 0;
    switch (in->kind) {
        case GL_INBOUND_DROPPED: rc = in->note[0] ? 0 : -1; break;
        case GL_INBOUND_FEED:
            rc = gl_message_pack(GL_MSG_FEED, &in->record, &out);
            if (rc == -EMSGSIZE) rc = 0; /* told to greenlaned as a refusal */
            break;
        case GL_INBOUND_FEED_REFUSED:
            rc = gl_message_pack(GL_MSG_FEED_REFUSED, &in->refused, &out);
            if (in->refused.reason[0] == '\0') rc = -1;
            break;
        case GL_INBOUND_COMMAND:
            rc = gl_message_pack(GL_MSG_COMMAND, &in->command, &out);
            if (in->command.client[0] == '\0' || in->command.name == 0 || in->command.expires_at == 0) rc = -1;
            if (strncmp(in->command.response_topic, "greenlane/v1/north/reply/", 25) != 0) rc = -1;
            break;
        case GL_INBOUND_COMMAND_REFUSED:
            if (in->reply.error[0] == '\0' || strncmp(in->reply.response_topic, "greenlane/v1/north/reply/", 25) != 0) rc = -1;
            gl_fields_to_json(&gl_reply_fields, &in->reply, &out);
            break;
    }
    if (rc < 0 || out.failed) abort();
}

/* byte 0: bit 7 a free topic, bit 6 retained, bit 5 a response topic, else which of the usual topics; byte 1: expiry; then up to a
 * line end the free topic and the response topic; the rest is the payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char topic[300], line[200] = "";
    if (size < 2) return 0;
    uint8_t flags = data[0];
    int64_t expiry = data[1] == 255 ? -1 : data[1];
    data += 2, size -= 2;
    if (flags & 0xA0) {
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
        if (!end || gl_copyn(line, sizeof line, data, (size_t)(end - data)) < 0) return 0;
        size -= (size_t)(end - data) + 1;
        data = end + 1;
    }
    gl_format(topic, sizeof topic, "greenlane/v1/north/%s", flags & 0x80 ? line : topics[(flags & 0x1F) % GL_COUNT(topics)]);
    struct gl_inbound_message m = {.topic = topic,
                                   .payload = (const char *)data,
                                   .len = size,
                                   .retained = flags & 0x40,
                                   .expiry_s = expiry,
                                   .response_to = flags & 0x20 ? line : NULL,
                                   .correlation = data,
                                   .correlation_len = size % 70 <= size ? size % 70 : 0};
    struct gl_inbound *in = malloc(sizeof *in);
    if (!in) abort();
    gl_inbound_parse("north", &m, 1795432617000, in);
    check(in);
    free(in);
    return 0;
}
