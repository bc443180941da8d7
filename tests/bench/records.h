/* The records that stand in the cache: movement n and its one declaration. */
#pragma once
#include "model/lodged.h"
#include "names.h"

#define BENCH_EPOCH "bench"

/* Whole records of number 0, as the feed says them at `now`; upserts of BENCH_EPOCH with number 1. */
void bench_movement(struct gl_feed_record *r, int64_t now);
void bench_declaration(struct gl_feed_record *r, int64_t now);
/* Of either kind: makes it the record of number n. Nothing else changes, so it costs next to nothing. */
void bench_renumber(struct gl_feed_record *r, int64_t n);
