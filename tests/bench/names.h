/* What the benchmark programs agree on: the names of the movements that bench-fill makes, and one clock. */
#pragma once
#include "model/reading.h"

void bench_ref(int64_t n, char out[GL_REF]);        /* movement n: "GMRB00000042" */
void bench_plate(int64_t n, char out[GL_PLATE]);    /* its vehicle: "BN0000042" */
int64_t bench_number(const char *text, size_t len); /* of the first such reference in a text; -1 = none */
int64_t bench_ns(void);                             /* monotonic */

/* A connection to a TCP port of this machine; negative errno. */
int bench_connect(int port);

/* Ends the program with a line on standard error. */
void bench_die(const char *fmt, ...) GL_PRINTF(1, 2) __attribute__((noreturn));
int64_t bench_int(const char *text, const char *what); /* a whole number from 0, or the program ends */
