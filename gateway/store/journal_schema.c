/* The journal's schema and every query on it. States and kinds are the numbers of model/happened.h and core/lookup.h, times ms
 * since 1970. */
#include "store/journal_impl.h"

_Static_assert(GL_PASSAGE_CLOSED == 4, "the index passage_open and JOURNAL_OPEN_PASSAGES name this state");

/* Append only; a schema that is in use somewhere is never edited. */
static const char *const migrations[] = {
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL) STRICT;"
    /* n counts all records from 1 without a gap, seq those of a stream. written: by our clock. purge_after: when it must go, 0 = never.
     * hash: journal_chain.c. */
    "CREATE TABLE record("
    "  n INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream, seq INTEGER NOT NULL, written INTEGER NOT NULL,"
    "  purge_after INTEGER NOT NULL, type TEXT NOT NULL, topic TEXT NOT NULL, id TEXT NOT NULL, passage TEXT NOT NULL,"
    "  time INTEGER NOT NULL, payload TEXT NOT NULL, internal TEXT, salt BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
    /* What is left of a record whose time is over; in a table of its own, so that the room of the others becomes free. */
    "CREATE TABLE gone("
    "  n INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL, written INTEGER NOT NULL,"
    "  purge_after INTEGER NOT NULL, content BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX record_seq ON record(stream, seq);"
    "CREATE INDEX record_passage ON record(passage) WHERE passage<>'';"
    /* Commands that came: one that comes again after a restart is known. */
    "CREATE INDEX record_local ON record(id) WHERE topic='';"
    "CREATE INDEX record_due ON record(purge_after) WHERE purge_after>0;"
    "CREATE INDEX record_purge ON record(time) WHERE type='greenlane.purge';" /* whose time is what was due by then */
    /* By passage, so that one that backs out frees nothing but its own. */
    "CREATE TABLE used("
    "  ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, passage TEXT NOT NULL, state INTEGER NOT NULL, at INTEGER NOT NULL,"
    "  purge_after INTEGER NOT NULL, PRIMARY KEY(ref_type, ref_value, passage)) STRICT, WITHOUT ROWID;"
    /* What one passage holds, when it is all to be let go. */
    "CREATE INDEX used_passage ON used(passage);"
    /* Their ids are UUIDs of version 7: the primary key is the order in which they were opened. */
    "CREATE TABLE passage("
    "  passage TEXT PRIMARY KEY, lane TEXT NOT NULL, visit TEXT NOT NULL, state INTEGER NOT NULL, class INTEGER NOT NULL,"
    "  plate TEXT NOT NULL, trailer TEXT NOT NULL, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, container TEXT NOT NULL,"
    "  presence INTEGER NOT NULL, missing TEXT NOT NULL," /* words, with commas between */
    "  opened_at INTEGER NOT NULL, closed_at INTEGER NOT NULL, exit INTEGER NOT NULL,"
    "  tag TEXT NOT NULL DEFAULT '', radiation INTEGER NOT NULL DEFAULT 0, purge_after INTEGER NOT NULL DEFAULT 0,"
    "  outcome INTEGER NOT NULL DEFAULT 0, level INTEGER NOT NULL DEFAULT 0, decided_at INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX passage_open ON passage(opened_at) WHERE state<>4;"
    "CREATE INDEX passage_lane ON passage(lane, opened_at);"
    "CREATE INDEX passage_end ON passage(substr(passage, -6));"
    "CREATE TABLE mode(lane TEXT PRIMARY KEY, mode INTEGER NOT NULL, since INTEGER NOT NULL, by TEXT NOT NULL) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE cursor("
    "  destination TEXT NOT NULL, stream TEXT NOT NULL, sent INTEGER NOT NULL, safe INTEGER NOT NULL,"
    "  PRIMARY KEY(destination, stream)) STRICT, WITHOUT ROWID;"
    /* Alarms of a lane that no passage tells of, until they are cleared. */
    "CREATE TABLE standing("
    "  lane TEXT NOT NULL, kind TEXT NOT NULL, alarm TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(lane, kind)) STRICT, WITHOUT "
    "ROWID;",
    /* What the authority has declared; look-outs that fitted a passage; releases to be judged again (done: 0 no, 1 the same, 2 differs). */
    "CREATE TABLE contingency("
    "  one INTEGER PRIMARY KEY CHECK(one=1), active INTEGER NOT NULL, reference TEXT NOT NULL, since INTEGER NOT NULL,"
    "  until INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, alarm TEXT NOT NULL) STRICT;"
    "CREATE TABLE hit("
    "  passage TEXT NOT NULL, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, lane TEXT NOT NULL, what INTEGER NOT NULL,"
    "  text TEXT NOT NULL, country TEXT NOT NULL, level INTEGER NOT NULL, silent INTEGER NOT NULL, reason TEXT NOT NULL,"
    "  read INTEGER NOT NULL, in_type TEXT NOT NULL, in_value TEXT NOT NULL, PRIMARY KEY(passage, ref_type, ref_value)) STRICT, "
    "WITHOUT ROWID;"
    "CREATE TABLE review("
    "  passage TEXT PRIMARY KEY, decision TEXT NOT NULL, at INTEGER NOT NULL, outcome INTEGER NOT NULL, feed INTEGER NOT NULL,"
    "  contingency TEXT NOT NULL, ev_type TEXT NOT NULL, ev_value TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,"
    "  lookout INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "CREATE INDEX review_todo ON review(at) WHERE done=0;",
    /* The last restore, and whether it is known what was used between its backup and it. */
    "CREATE TABLE restored("
    "  one INTEGER PRIMARY KEY CHECK(one=1), active INTEGER NOT NULL, copied_at INTEGER NOT NULL, at INTEGER NOT NULL,"
    "  until INTEGER NOT NULL, alarm TEXT NOT NULL, known_at INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL) STRICT;",
};

/* FULL: each commit is on disk when it returns. What is deleted is overwritten, too. */
static const char *const pragmas[] = {"PRAGMA synchronous=FULL",
                                      "PRAGMA secure_delete=ON",
                                      "PRAGMA cache_size=-8192",
                                      "PRAGMA wal_autocheckpoint=1000",
                                      "PRAGMA journal_size_limit=67108864",
                                      NULL};

#define PASSAGE_COLUMNS                                                                                                  \
    "passage, lane, visit, state, class, plate, trailer, ref_type, ref_value, container, presence, missing, opened_at, " \
    "closed_at, exit, tag, radiation"
#define HIT_COLUMNS "passage, ref_type, ref_value, lane, what, text, country, level, silent, reason, read, in_type, in_value"
#define LISTED_COLUMNS "passage, lane, opened_at, closed_at, state, class, plate, trailer, outcome, level, exit"

static const struct gl_sql queries[JOURNAL_QUERIES] = {
    [JOURNAL_HEAD] = {"SELECT n, written, hash FROM record UNION ALL SELECT n, written, hash FROM gone ORDER BY 1 DESC LIMIT 1", 0,
                      3},
    [JOURNAL_STREAMS] = {"SELECT id, name, max(last_seq, coalesce((SELECT max(seq) FROM record WHERE stream=s.id), 0))"
                         " FROM stream s ORDER BY id",
                         0, 3},
    [JOURNAL_NEW_STREAM] = {"INSERT INTO stream(name, last_seq) VALUES(?1, 0) RETURNING id", 1, 1},
    [JOURNAL_SET_STREAM] = {"UPDATE stream SET last_seq=?2 WHERE id=?1", 2, 0},
    [JOURNAL_APPEND] =
        {"INSERT INTO record(n, stream, seq, written, purge_after, type, topic, id, passage, time, payload, internal,"
         " salt, hash) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
         14, 0},
    [JOURNAL_PUT_USE] = {"INSERT INTO used(ref_type, ref_value, passage, state, at, purge_after) VALUES(?1,?2,?3,?4,?5,?6)"
                         " ON CONFLICT DO UPDATE SET state=max(state, ?4), at=?5, purge_after=max(purge_after, ?6)",
                         6, 0},
    [JOURNAL_FREE_ALL] = {"DELETE FROM used WHERE passage=?1", 1, 0},
    [JOURNAL_PUT_ALL] = {"UPDATE used SET state=?2, at=?3, purge_after=max(purge_after, ?4) WHERE passage=?1 AND state<?2", 4, 0},
    [JOURNAL_KNOWN] = {"SELECT 1 FROM record WHERE id=?1 AND topic='' LIMIT 1", 1, 1},
    [JOURNAL_FREE_USE] = {"DELETE FROM used WHERE ref_type=?1 AND ref_value=?2 AND passage=?3", 3, 0},
    /* Another passage's use counts before one's own. */
    [JOURNAL_GET_USE] = {"SELECT state, passage FROM used WHERE ref_type=?1 AND ref_value=?2"
                         " ORDER BY passage=?3, state DESC, at DESC, passage LIMIT 1",
                         3, 2},
    [JOURNAL_PUT_PASSAGE] = {"INSERT INTO passage(" PASSAGE_COLUMNS
                             ", purge_after) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)"
                             " ON CONFLICT DO UPDATE SET lane=?2, visit=?3, state=?4, class=?5, plate=?6, trailer=?7, ref_type=?8,"
                             " ref_value=?9, container=?10, presence=?11, missing=?12, opened_at=?13, closed_at=?14, exit=?15,"
                             " tag=?16, radiation=?17, purge_after=?18",
                             18, 0},
    /* A decision on a passage that was never told of opens it, so that it is found after a restart. */
    [JOURNAL_DECIDED] = {"INSERT INTO passage(" PASSAGE_COLUMNS ", outcome, level, decided_at)"
                         " VALUES(?1, ?2, ?3, 3, 0, '', '', '', '', '', 0, '', ?6, 0, 0, '', 0, ?4, ?5, ?6)"
                         " ON CONFLICT DO UPDATE SET outcome=?4, level=?5, decided_at=?6",
                         6, 0},
    [JOURNAL_OPEN_PASSAGES] = {"SELECT " PASSAGE_COLUMNS " FROM passage WHERE state<>4 ORDER BY opened_at, passage", 0, 17},
    [JOURNAL_PUT_STANDING] = {"REPLACE INTO standing(lane, kind, alarm, at) VALUES(?1,?2,?3,?4)", 4, 0},
    [JOURNAL_DROP_STANDING] = {"DELETE FROM standing WHERE lane=?1 AND alarm=?2", 2, 0},
    /* What is cleared when it is over stands until then, whoever has seen it. */
    [JOURNAL_ACKNOWLEDGE_STANDING] = {"DELETE FROM standing WHERE lane=?1 AND alarm=?2"
                                      " AND kind NOT IN ('tamper', 'portal_fault', 'entry_stuck', 'exit_stuck',"
                                      "                  'contingency_overdue', 'outgoing', 'disk_low', 'retention_clock')",
                                      2, 0},
    [JOURNAL_STANDING] = {"SELECT lane, kind, alarm, at FROM standing ORDER BY lane, kind", 0, 4},
    [JOURNAL_PUT_MODE] = {"REPLACE INTO mode(lane, mode, since, by) VALUES(?1,?2,?3,?4)", 4, 0},
    [JOURNAL_MODES] = {"SELECT lane, mode, since, by FROM mode ORDER BY lane", 0, 4},
    [JOURNAL_GET_CURSOR] = {"SELECT sent, safe FROM cursor WHERE destination=?1 AND stream=?2", 2, 2},
    [JOURNAL_PUT_CURSOR] = {"INSERT INTO cursor(destination, stream, sent, safe) VALUES(?1,?2,?3,?4)"
                            " ON CONFLICT DO UPDATE SET sent=max(sent, ?3), safe=max(safe, ?4)",
                            4, 0},
    [JOURNAL_READ] = {"SELECT seq, topic, payload, time FROM record WHERE stream=?1 AND seq>?2 AND seq<=?3 AND topic<>''"
                      " ORDER BY seq LIMIT ?4",
                      4, 4},
    [JOURNAL_LIST] = {"SELECT " LISTED_COLUMNS " FROM passage ORDER BY passage DESC LIMIT ?1", 1, 11},
    [JOURNAL_LIST_LANE] = {"SELECT " LISTED_COLUMNS " FROM passage WHERE lane=?1 ORDER BY opened_at DESC, passage DESC LIMIT ?2", 2,
                           11},
    [JOURNAL_FIND_PASSAGE] = {"SELECT passage FROM passage WHERE substr(passage, -6)=substr(?1, -6)"
                              " AND substr(passage, -length(?1))=?1 LIMIT 2",
                              1, 1},
    /* What is restricted is not for everybody who may ask. */
    [JOURNAL_EXPLAIN] = {"SELECT payload FROM record WHERE passage=?1 AND passage<>'' AND topic NOT LIKE 'restricted/%' ORDER BY n",
                         1, 1},
    [JOURNAL_ABOUT] = {"SELECT id, payload, coalesce(internal, '') FROM record WHERE passage=?1 AND passage<>'' AND type=?2"
                       " ORDER BY n DESC LIMIT ?3",
                       3, 3},
    [JOURNAL_PUT_CONTINGENCY] = {"REPLACE INTO contingency(one, active, reference, since, until, by, reason, alarm)"
                                 " VALUES(1,?1,?2,?3,?4,?5,?6,?7)",
                                 7, 0},
    [JOURNAL_CONTINGENCY] = {"SELECT active, reference, since, until, by, reason, alarm FROM contingency", 0, 7},
    [JOURNAL_PUT_RESTORED] = {"REPLACE INTO restored(one, active, copied_at, at, until, alarm, known_at, by, reason)"
                              " VALUES(1,?1,?2,?3,?4,?5,?6,?7,?8)",
                              8, 0},
    [JOURNAL_RESTORED] = {"SELECT active, copied_at, at, until, alarm, known_at, by, reason FROM restored", 0, 8},
    /* A row only when it is new. */
    [JOURNAL_PUT_HIT] = {"INSERT INTO hit(" HIT_COLUMNS ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"
                         " ON CONFLICT DO NOTHING RETURNING 1",
                         13, 1},
    [JOURNAL_OPEN_HITS] = {"SELECT " HIT_COLUMNS " FROM hit WHERE passage IN (SELECT passage FROM passage WHERE state<>4)"
                           " ORDER BY passage, ref_type, ref_value",
                           0, 13},
    [JOURNAL_PUT_REVIEW] = {"REPLACE INTO review(passage, decision, at, outcome, feed, contingency, ev_type, ev_value)"
                            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
                            8, 0},
    [JOURNAL_DROP_REVIEW] = {"DELETE FROM review WHERE passage=?1", 1, 0},
    /* What has no passage any more cannot be judged, and does not stand in the way. */
    [JOURNAL_NEXT_REVIEW] = {"SELECT " PASSAGE_COLUMNS ", decision, at, review.outcome, feed, contingency, ev_type, ev_value"
                             " FROM review JOIN passage USING(passage) WHERE done=0 ORDER BY at, passage LIMIT 1",
                             0, 24},
    [JOURNAL_USED_BY] = {"SELECT ref_type, ref_value FROM used WHERE passage=?1 ORDER BY at DESC, ref_type, ref_value LIMIT ?2", 2,
                         2},
    [JOURNAL_REVIEWED] = {"UPDATE review SET done=?2, lookout=?3 WHERE passage=?1", 3, 0},
    [JOURNAL_REVIEW_SUMMARY] = {"SELECT count(*), coalesce(sum(done<>0), 0), coalesce(sum(done=2), 0), coalesce(sum(lookout), 0),"
                                " coalesce(min(at), 0), coalesce(max(at), 0) FROM review",
                                0, 6},
    [JOURNAL_CLEAR_REVIEWED] = {"DELETE FROM review", 0, 0},
    [JOURNAL_CHAIN] = {"SELECT n, (SELECT name FROM stream WHERE id=stream), seq, written, purge_after, 0, salt,"
                       " type, topic, id, passage, time, payload, internal, hash FROM record WHERE n>?1"
                       " UNION ALL SELECT n, (SELECT name FROM stream WHERE id=stream), seq, written, purge_after, 1, content,"
                       " NULL, NULL, NULL, NULL, NULL, NULL, NULL, hash FROM gone WHERE n>?1 ORDER BY 1 LIMIT ?2",
                       2, 15},
    /* A record that has said that number ?1, due at ?3, would go; and which therefore stands behind it. */
    [JOURNAL_COVER] = {"SELECT payload FROM record WHERE type='greenlane.purge' AND time>=?2 AND json_valid(payload)"
                       " AND n>?1 AND json_extract(payload, '$.data.from')<=?1 AND json_extract(payload, '$.data.to')>=?1"
                       " ORDER BY time LIMIT 1",
                       2, 1},
    [JOURNAL_HASH] = {"SELECT hash FROM record WHERE n=?1 UNION ALL SELECT hash FROM gone WHERE n=?1", 1, 1},
    /* In the order in which they are due, after (?2, ?3). held: enum gl_held. A destination that has once acknowledged is waited for until it
     * has acknowledged; one that never has, until the record was sent. */
    [JOURNAL_DUE] = {"SELECT r.n, r.purge_after, r.written, s.name, r.seq, r.type, CASE"
                     " WHEN r.passage<>'' AND EXISTS(SELECT 1 FROM passage p WHERE p.passage=r.passage AND p.state<>4) THEN 2"
                     " WHEN r.type='greenlane.alarm' AND json_valid(r.payload)"
                     "  AND json_extract(r.payload, '$.data.alarm') IN (SELECT alarm FROM standing) THEN 3"
                     " WHEN r.topic<>'' AND ?5 AND r.seq>coalesce((SELECT min(CASE WHEN c.safe>0 THEN c.safe ELSE c.sent END)"
                     "  FROM cursor c WHERE c.stream=s.name), 0) THEN 1 ELSE 0 END"
                     " FROM record r JOIN stream s ON s.id=r.stream"
                     " WHERE r.purge_after>0 AND r.purge_after<=?1 AND (r.purge_after, r.n)>(?2, ?3)"
                     " ORDER BY r.purge_after, r.n LIMIT ?4",
                     5, 7},
    [JOURNAL_CONTENT] = {"SELECT purge_after, salt, type, topic, id, passage, time, payload, internal FROM record"
                         " WHERE n=?1",
                         1, 9},
    [JOURNAL_LEAVE] = {"INSERT INTO gone(n, stream, seq, written, purge_after, content, hash)"
                       " SELECT n, stream, seq, written, purge_after, ?2, hash FROM record WHERE n=?1",
                       2, 0},
    [JOURNAL_FORGET] = {"DELETE FROM record WHERE n=?1", 1, 0},
    /* Among the oldest; those that are open are few. */
    [JOURNAL_OLD_PASSAGES] = {"SELECT count(*) FROM (SELECT state, purge_after FROM passage ORDER BY passage LIMIT ?2)"
                              " WHERE state=4 AND purge_after>0 AND purge_after<=?1",
                              2, 1},
    [JOURNAL_FORGET_PASSAGES] = {"DELETE FROM passage WHERE passage IN (SELECT passage FROM (SELECT passage, state, purge_after"
                                 " FROM passage ORDER BY passage LIMIT ?2) WHERE state=4 AND purge_after>0 AND purge_after<=?1)",
                                 2, 0},
    [JOURNAL_FORGET_HITS] = {"DELETE FROM hit WHERE passage NOT IN (SELECT passage FROM passage)", 0, 0},
    [JOURNAL_FORGET_REVIEWS] = {"DELETE FROM review WHERE passage NOT IN (SELECT passage FROM passage)", 0, 0},
    [JOURNAL_USES] = {"SELECT ref_type, ref_value, passage, purge_after FROM used WHERE (ref_type, ref_value, passage)>(?1, ?2, ?3)"
                      " ORDER BY ref_type, ref_value, passage LIMIT ?4",
                      4, 4},
    [JOURNAL_SUM] = {"SELECT coalesce(sum(last_seq), 0) FROM stream", 0, 1},
};

const struct gl_store_kind gl_journal_kind = {
    .what = "journal",
    .advice = "restore it from a backup",
    .application_id = 0x474C4A32, /* "GLJ2": as of the second form of the chain */
    .migrations = migrations,
    .n_migrations = GL_COUNT(migrations),
    .pragmas = pragmas,
    .sql = queries,
    .n_sql = GL_COUNT(queries),
    .precious = true,
    .shrinks = true,
};
