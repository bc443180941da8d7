/* What a reader demands of a client's message before it acts on it: every field in range, reserved bits zero, each parameter where the
 * standard has it and as often. */
#pragma once
#include "base/base.h"

enum {
    GL_SIM_DEPTH = 8,
    /* status codes that only readers need */
    GL_SIM_M_DUPLICATE_PARAMETER = 104,
    GL_SIM_M_OVERFLOW_PARAMETER = 105,
    GL_SIM_M_UNKNOWN_PARAMETER = 107,
    GL_SIM_P_PARAMETER_ERROR = 200,
    GL_SIM_P_FIELD_ERROR = 201,
    GL_SIM_P_MISSING_PARAMETER = 203,
    GL_SIM_P_OVERFLOW_PARAMETER = 205,
    GL_SIM_P_UNSUPPORTED_PARAMETER = 209,
};

/* A refusal, as an LLRPStatus tells it. */
struct gl_sim_fault {
    uint16_t status;                   /* M_...; 0 = none */
    size_t depth;                      /* of `parameters`: 0 = the message itself is at fault */
    uint16_t parameters[GL_SIM_DEPTH]; /* from the message inwards; the last is at fault */
    uint16_t parameter_error;          /* P_... or M_... of the last */
    uint16_t field, field_error;       /* which, from 1 (0 = none), and A_... */
    char text[160];
};

/* Checks the body of a client's message; vendor: whose Custom parameters are understood, 0 = nobody's. 0: as the standard has it; 1: *ret_fault
 * says why not; -ENOENT: clients send no such message. */
int gl_sim_check(uint16_t message, const uint8_t *body, size_t len, uint32_t vendor, struct gl_sim_fault *ret_fault) GL_MUST_USE;

/* A fault in field `field` of the message itself. Returns 1, so that a handler may return it. */
int gl_sim_field_fault(struct gl_sim_fault *f, uint16_t field, uint16_t error, const char *fmt, ...) GL_PRINTF(4, 5);

/* A fault of the parameter `outer` of a message, or of one inside it (`inner`, 0 = none); field 0 = the whole of it. Returns 1. */
int gl_sim_parameter_fault(struct gl_sim_fault *f, uint16_t outer, uint16_t inner, uint16_t field, uint16_t error, const char *fmt,
                           ...) GL_PRINTF(6, 7);
