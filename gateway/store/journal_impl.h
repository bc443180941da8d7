/* What the files of the journal share: its queries, its handle, its chain. */
#pragma once
#include <openssl/evp.h>

#include "store/db.h"
#include "store/journal.h"

enum {
    JOURNAL_HEAD,
    JOURNAL_STREAMS,
    JOURNAL_NEW_STREAM,
    JOURNAL_SET_STREAM,
    JOURNAL_APPEND,
    JOURNAL_PUT_USE,
    JOURNAL_FREE_USE,
    JOURNAL_FREE_ALL,
    JOURNAL_PUT_ALL,
    JOURNAL_KNOWN,
    JOURNAL_GET_USE,
    JOURNAL_PUT_PASSAGE,
    JOURNAL_DECIDED,
    JOURNAL_OPEN_PASSAGES,
    JOURNAL_PUT_STANDING,
    JOURNAL_DROP_STANDING,
    JOURNAL_ACKNOWLEDGE_STANDING,
    JOURNAL_STANDING,
    JOURNAL_PUT_MODE,
    JOURNAL_MODES,
    JOURNAL_GET_CURSOR,
    JOURNAL_PUT_CURSOR,
    JOURNAL_READ,
    JOURNAL_LIST,
    JOURNAL_LIST_LANE,
    JOURNAL_FIND_PASSAGE,
    JOURNAL_EXPLAIN,
    JOURNAL_ABOUT,
    JOURNAL_CHAIN,
    JOURNAL_COVER,
    JOURNAL_DUE,
    JOURNAL_CONTENT,
    JOURNAL_LEAVE,
    JOURNAL_FORGET,
    JOURNAL_OLD_PASSAGES,
    JOURNAL_FORGET_PASSAGES,
    JOURNAL_FORGET_HITS,
    JOURNAL_FORGET_REVIEWS,
    JOURNAL_USES,
    JOURNAL_HASH,
    JOURNAL_SUM,
    JOURNAL_PUT_CONTINGENCY,
    JOURNAL_CONTINGENCY,
    JOURNAL_PUT_RESTORED,
    JOURNAL_RESTORED,
    JOURNAL_PUT_HIT,
    JOURNAL_OPEN_HITS,
    JOURNAL_PUT_REVIEW,
    JOURNAL_DROP_REVIEW,
    JOURNAL_NEXT_REVIEW,
    JOURNAL_USED_BY,
    JOURNAL_REVIEWED,
    JOURNAL_REVIEW_SUMMARY,
    JOURNAL_CLEAR_REVIEWED,
    JOURNAL_QUERIES
};

enum {
    GL_STREAM_NAME = GL_ID + 8,
    JOURNAL_MAX_STREAMS = 256,          /* lanes that are gone keep theirs */
    JOURNAL_MAX_TEXT = 8 * 1024 * 1024, /* of a payload, and of what is journalled beside it */
    JOURNAL_HASH_BYTES = 32,
    JOURNAL_SALT_BYTES = 16,
    JOURNAL_SALTS = 64
};

extern const struct gl_store_kind gl_journal_kind;

struct journal_stream {
    int64_t id;
    char name[GL_STREAM_NAME];
    int64_t last;      /* appended */
    int64_t committed; /* on disk: no destination sees more */
};

struct gl_journal {
    struct gl_db db;
    EVP_MD *sha256; /* fetched once: each look-up costs as much as the hashing */
    EVP_MD_CTX *md;
    uint8_t salts[JOURNAL_SALTS][JOURNAL_SALT_BYTES]; /* drawn ahead */
    int n_salts;
    bool loaded;     /* what follows is as the file has it, plus the open transaction */
    int64_t n;       /* of the last record */
    int64_t written; /* when that was */
    uint8_t head[JOURNAL_HASH_BYTES];
    struct gl_keep keep;
    size_t n_streams;
    struct journal_stream streams[JOURNAL_MAX_STREAMS];
};

/* Reads the counters from the file when a failure has left them unknown. */
int gl_journal_load(struct gl_journal *j, struct gl_error *err) GL_MUST_USE;

/* load, and a transaction when none is open. */
int gl_journal_ready(struct gl_journal *j, struct gl_error *err) GL_MUST_USE;

/* Passes rc on. What should have been written and was not takes everything since the last commit with it: the commit fails. */
int gl_journal_wrote(struct gl_journal *j, int rc);

/* NULL when no such stream has a record. */
struct journal_stream *gl_journal_stream(struct gl_journal *j, const char *name);

/* What a record says, in 32 bytes: with its salt, so that nobody guesses from the hash of what is gone what it was. */
int gl_journal_content(struct gl_journal *j, const uint8_t salt[JOURNAL_SALT_BYTES], const struct gl_record *r,
                       uint8_t out[JOURNAL_HASH_BYTES], struct gl_error *err) GL_MUST_USE;

/* A link of the chain: the record's place and times, and the hash of its content. */
struct journal_link {
    int64_t n, seq, written, purge_after;
    const char *stream;
    uint8_t content[JOURNAL_HASH_BYTES];
};
int gl_journal_hash(struct gl_journal *j, const uint8_t prev[JOURNAL_HASH_BYTES], const struct journal_link *l,
                    uint8_t out[JOURNAL_HASH_BYTES], struct gl_error *err) GL_MUST_USE;

/* A passage from the columns in which they are kept; from journal_state.c. */
void gl_journal_take_passage(struct gl_rows *q, struct gl_passage *p);
void gl_journal_hex(const uint8_t hash[JOURNAL_HASH_BYTES], char out[65]);
