/* The ASCII protocol of Rapiscan / TSA radiation portals (SC-770 family), as plugins list it. */
#pragma once
#include "protocol.h"

extern const struct gl_protocol gl_protocol_tsa;
