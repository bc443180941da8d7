/* DDL and queries that several collections' files have, word for word. Each file holds one collection, whose records are the table `record`:
 *
 *     epoch, seq, version   of the last upsert          own_state   as it says
 *     told                  the highest version heard   state       as it is, with all words about it
 *     standing              1 = it counts as received; 0 = only words about it have come, or what came last was refused
 *
 * Kinds, states and roles are the numbers of model/lodged.h, times are ms since 1970 (0 = none), masses are grams. */
#pragma once
#include "store/cache_impl.h"

#define CACHE_RECORD(own)                                                                                                        \
    "CREATE TABLE record("                                                                                                       \
    "  id INTEGER PRIMARY KEY, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,"      \
    "  version INTEGER, told INTEGER, content INTEGER NOT NULL, own_state INTEGER NOT NULL, state INTEGER NOT NULL,"             \
    "  standing INTEGER NOT NULL, words INTEGER NOT NULL, written_at INTEGER NOT NULL, valid_to INTEGER NOT NULL DEFAULT 0," own \
    "  UNIQUE(ref_type, ref_value)) STRICT;"                                                                                     \
    "CREATE INDEX waiting ON record(id) WHERE standing=0;"                                                                       \
    "CREATE TABLE word("                                                                                                         \
    "  record INTEGER NOT NULL, word INTEGER NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER,"              \
    "  value INTEGER NOT NULL, type TEXT NOT NULL, PRIMARY KEY(record, word)) STRICT, WITHOUT ROWID;"                            \
    "CREATE TABLE feed("                                                                                                         \
    "  one INTEGER PRIMARY KEY CHECK(one = 1), epoch TEXT NOT NULL, left_epoch TEXT NOT NULL, applied INTEGER NOT NULL,"         \
    "  sent INTEGER NOT NULL, as_of INTEGER NOT NULL, heard_wall INTEGER NOT NULL, heard_mono INTEGER NOT NULL,"                 \
    "  rejects INTEGER NOT NULL, broken INTEGER NOT NULL, based INTEGER NOT NULL) STRICT;"                                       \
    "CREATE TABLE feed_held(n INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;"

/* Parameters from ?10 on are the collection's own. */
#define CACHE_UPSERT(columns, values, updates)                                                                             \
    "INSERT INTO record(id, ref_type, ref_value, epoch, seq, version, told, content, own_state, state, standing, words, "  \
    "written_at,"                                                                                                          \
    " valid_to" columns ") VALUES(?1,?2,?3,?4,?5,?6,?6,1,?7,?7,1,0,?8,?9" values                                           \
    ")"                                                                                                                    \
    " ON CONFLICT(id) DO UPDATE SET epoch=?4, seq=?5, version=?6, told=?6, content=1, own_state=?7, state=?7, standing=1," \
    " written_at=?8, valid_to=?9" updates

#define CACHE_SHARED_SQL                                                                                                          \
    [CACHE_FIND] =                                                                                                                \
        {"SELECT id, epoch, seq, version, content, standing, own_state, words FROM record"                                        \
         " WHERE ref_type=?1 AND ref_value=?2",                                                                                   \
         2, 8},                                                                                                                   \
    [CACHE_ADD] =                                                                                                                 \
        {"INSERT INTO record(ref_type, ref_value, epoch, seq, content, own_state, state, standing, words, written_at)"            \
         " VALUES(?1,?2,'',0,0,0,0,0,0,?3)",                                                                                      \
         3, 0},                                                                                                                   \
    [CACHE_SETTLE] =                                                                                                              \
        {"UPDATE record SET epoch=?2, seq=?3, version=?4, told=?5, state=?6, standing=?7, words=?8, written_at=?9"                \
         " WHERE id=?1",                                                                                                          \
         9, 0},                                                                                                                   \
    [CACHE_DELETE] = {"DELETE FROM record WHERE id=?1", 1, 0},                                                                    \
    [CACHE_GET_WORDS] = {"SELECT word, epoch, seq, version, value, type FROM word WHERE record=?1", 1, 6},                        \
    [CACHE_PUT_WORD] = {"INSERT INTO word(record, word, epoch, seq, version, value, type) VALUES(?1,?2,?3,?4,?5,?6,?7)", 7, 0},   \
    [CACHE_DROP_WORDS] = {"DELETE FROM word WHERE record=?1", 1, 0}, [CACHE_COUNT] = {"SELECT count(*) FROM record", 0, 1},       \
    [CACHE_COUNT_WAITING] = {"SELECT count(*) FROM record WHERE standing=0", 0, 1},                                               \
    [CACHE_WALK] =                                                                                                                \
        {"SELECT id, ref_type, ref_value, state, standing, valid_to, written_at FROM record WHERE id>?1 ORDER BY id LIMIT ?2", 2, \
         7},                                                                                                                      \
    [CACHE_LIST] =                                                                                                                \
        {"SELECT id, ref_type, ref_value, epoch, seq, told, state FROM record WHERE standing=1 AND"                               \
         " (ref_type, ref_value)>(?1, ?2) ORDER BY ref_type, ref_value LIMIT 1",                                                  \
         2, 7},                                                                                                                   \
    [CACHE_GET_FEED] =                                                                                                            \
        {"SELECT epoch, left_epoch, applied, sent, as_of, heard_wall, heard_mono, rejects, broken, based FROM feed", 0, 10},      \
    [CACHE_PUT_FEED] =                                                                                                            \
        {"REPLACE INTO feed(one, epoch, left_epoch, applied, sent, as_of, heard_wall, heard_mono, rejects, broken, based)"        \
         " VALUES(1,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",                                                                             \
         10, 0},                                                                                                                  \
    [CACHE_GET_HELD] = {"SELECT first, last FROM feed_held ORDER BY n", 0, 2},                                                    \
    [CACHE_PUT_HELD] = {"INSERT INTO feed_held(n, first, last) VALUES(?1,?2,?3)", 3, 0},                                          \
    [CACHE_DROP_HELD] = {"DELETE FROM feed_held", 0, 0}

/* Movements and declarations. `identifier`: everything that a lane can see, by its canonical key: one covering search per key, the live
 * ones first. kind is enum gl_key_kind, with plates of every role under GL_KEY_VEHICLE. */
#define LODGED_TABLES                                                                                                          \
    "CREATE TABLE means("                                                                                                      \
    "  owner INTEGER NOT NULL, n INTEGER NOT NULL, role INTEGER NOT NULL, plate TEXT NOT NULL, country TEXT NOT NULL,"         \
    "  PRIMARY KEY(owner, n)) STRICT, WITHOUT ROWID;"                                                                          \
    "CREATE TABLE equipment("                                                                                                  \
    "  owner INTEGER NOT NULL, n INTEGER NOT NULL, container TEXT NOT NULL," /* '' = the vehicle itself */                     \
    "  PRIMARY KEY(owner, n)) STRICT, WITHOUT ROWID;"                                                                          \
    "CREATE TABLE seal("                                                                                                       \
    "  owner INTEGER NOT NULL, equipment INTEGER NOT NULL, n INTEGER NOT NULL, seal TEXT NOT NULL,"                            \
    "  PRIMARY KEY(owner, equipment, n)) STRICT, WITHOUT ROWID;"                                                               \
    "CREATE TABLE identifier("                                                                                                 \
    "  key TEXT NOT NULL, kind INTEGER NOT NULL, dead INTEGER NOT NULL, owner INTEGER NOT NULL, role INTEGER NOT NULL,"        \
    "  PRIMARY KEY(key, kind, dead, owner, role)) STRICT, WITHOUT ROWID;"                                                      \
    "CREATE INDEX identifier_owner ON identifier(owner);"                                                                      \
    "CREATE TABLE alias("                                                                                                      \
    "  was_type TEXT NOT NULL, was_value TEXT NOT NULL, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, epoch TEXT NOT NULL," \
    "  seq INTEGER NOT NULL, version INTEGER, PRIMARY KEY(was_type, was_value)) STRICT, WITHOUT ROWID;"                        \
    "CREATE INDEX alias_ref ON alias(ref_type, ref_value);"

#define LODGED_SHARED_SQL                                                                                                          \
    CACHE_SHARED_SQL,                                                                                                              \
        [LODGED_LOOKUP] =                                                                                                          \
            {"SELECT dead, owner, role FROM identifier WHERE key=?1 AND kind=?2 ORDER BY dead, owner, role LIMIT ?3", 3, 3},       \
        [LODGED_PUT_IDENTIFIER] = {"INSERT OR IGNORE INTO identifier(key, kind, dead, owner, role) VALUES(?1,?2,?3,?4,?5)", 5, 0}, \
        [LODGED_RETIRE] = {"UPDATE identifier SET dead=?2 WHERE owner=?1 AND dead<>?2", 2, 0},                                     \
        [LODGED_DROP_IDENTIFIERS] = {"DELETE FROM identifier WHERE owner=?1", 1, 0},                                               \
        [LODGED_PUT_MEANS] = {"INSERT INTO means(owner, n, role, plate, country) VALUES(?1,?2,?3,?4,?5)", 5, 0},                   \
        [LODGED_GET_MEANS] = {"SELECT role, plate, country FROM means WHERE owner=?1 ORDER BY n", 1, 3},                           \
        [LODGED_DROP_MEANS] = {"DELETE FROM means WHERE owner=?1", 1, 0},                                                          \
        [LODGED_PUT_EQUIPMENT] = {"INSERT INTO equipment(owner, n, container) VALUES(?1,?2,?3)", 3, 0},                            \
        [LODGED_GET_EQUIPMENT] = {"SELECT n, container FROM equipment WHERE owner=?1 ORDER BY n", 1, 2},                           \
        [LODGED_DROP_EQUIPMENT] = {"DELETE FROM equipment WHERE owner=?1", 1, 0},                                                  \
        [LODGED_PUT_SEAL] = {"INSERT INTO seal(owner, equipment, n, seal) VALUES(?1,?2,?3,?4)", 4, 0},                             \
        [LODGED_GET_SEALS] = {"SELECT equipment, seal FROM seal WHERE owner=?1 ORDER BY equipment, n", 1, 2},                      \
        [LODGED_DROP_SEALS] = {"DELETE FROM seal WHERE owner=?1", 1, 0},                                                           \
        [LODGED_RENAME] = {"UPDATE record SET ref_type=?2, ref_value=?3 WHERE id=?1", 3, 0},                                       \
        [LODGED_UNNAME] = {"DELETE FROM identifier WHERE key=?1 AND kind=4 AND owner=?2 AND role=0", 2, 0},                        \
        [LODGED_GET_ALIAS] = {"SELECT ref_type, ref_value, epoch, seq, version FROM alias WHERE was_type=?1 AND was_value=?2", 2,  \
                              5},                                                                                                  \
        [LODGED_GET_NAMES] = {"SELECT was_type, was_value, epoch FROM alias WHERE ref_type=?1 AND ref_value=?2", 2, 3},            \
        [LODGED_PUT_ALIAS] =                                                                                                       \
            {"REPLACE INTO alias(was_type, was_value, ref_type, ref_value, epoch, seq, version)"                                   \
             " VALUES(?1,?2,?3,?4,?5,?6,?7)",                                                                                      \
             7, 0},                                                                                                                \
        [LODGED_DROP_ALIASES] = {"DELETE FROM alias WHERE ref_type=?1 AND ref_value=?2", 2, 0},                                    \
        [LODGED_ANY_ALIAS] = {"SELECT 1 FROM alias LIMIT 1", 0, 1}

/* Page cache in KiB; WAL without a sync for each commit: what is lost, the feed sends again. */
#define CACHE_PRAGMAS(kib)                                                                        \
    {                                                                                             \
        "PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-" kib, "PRAGMA wal_autocheckpoint=1000", \
            "PRAGMA journal_size_limit=67108864", NULL                                            \
    }

#define CACHE_STORE(name, id, kib, queries, n)                               \
    static const char *const pragmas[] = CACHE_PRAGMAS(kib);                 \
    const struct gl_store_kind name = {.what = "cache",                      \
                                       .advice = CACHE_ADVICE,               \
                                       .application_id = (id),               \
                                       .migrations = migrations,             \
                                       .n_migrations = GL_COUNT(migrations), \
                                       .pragmas = pragmas,                   \
                                       .sql = (queries),                     \
                                       .n_sql = (n)}
