/* The ISAPI protocol of Hikvision cameras, as plugins list it. */
#pragma once
#include "protocol.h"

extern const struct gl_protocol gl_protocol_isapi;
