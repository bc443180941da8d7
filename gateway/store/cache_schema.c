/* The cache's schema and every query on it. Kinds, states and roles are the numbers of model/lodged.h, times are ms since 1970
 * (0 = none), masses are grams. Movements, declarations and tags are never deleted: what was cancelled stays, as a tombstone. */
#include "store/cache_impl.h"

/* Append only; a schema that is in use somewhere is never edited. */
static const char *const migrations[] = {
    /* Whose a row is: owner_kind 1 = movement, 2 = declaration. */
    "CREATE TABLE movement("
    "  id INTEGER PRIMARY KEY, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, version INTEGER NOT NULL, epoch TEXT NOT NULL,"
    "  kind INTEGER NOT NULL, state INTEGER NOT NULL, channel INTEGER NOT NULL, direction INTEGER NOT NULL, office TEXT NOT NULL,"
    "  eta INTEGER NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL, written_at INTEGER NOT NULL,"
    "  equipment INTEGER NOT NULL," /* how many rows of that table, so that none are looked for where none are */
    "  UNIQUE(ref_type, ref_value)) STRICT;"
    "CREATE TABLE declaration("
    "  id INTEGER PRIMARY KEY, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, version INTEGER NOT NULL, epoch TEXT NOT NULL,"
    "  lrn TEXT NOT NULL, type TEXT NOT NULL, state INTEGER NOT NULL, valid_to INTEGER NOT NULL, gross_g INTEGER,"
    "  control INTEGER NOT NULL, control_type TEXT NOT NULL, eori TEXT NOT NULL, aeo TEXT NOT NULL, written_at INTEGER NOT NULL,"
    "  equipment INTEGER NOT NULL,"
    "  UNIQUE(ref_type, ref_value)) STRICT;"
    /* What a movement lists, received or not. */
    "CREATE TABLE movement_declaration("
    "  movement INTEGER NOT NULL REFERENCES movement, n INTEGER NOT NULL, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL,"
    "  PRIMARY KEY(movement, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE means("
    "  owner_kind INTEGER NOT NULL CHECK(owner_kind IN (1, 2)), owner INTEGER NOT NULL, n INTEGER NOT NULL,"
    "  role INTEGER NOT NULL, plate TEXT NOT NULL, country TEXT NOT NULL,"
    "  PRIMARY KEY(owner_kind, owner, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE equipment("
    "  owner_kind INTEGER NOT NULL CHECK(owner_kind IN (1, 2)), owner INTEGER NOT NULL, n INTEGER NOT NULL,"
    "  container TEXT NOT NULL," /* '' = the vehicle itself */
    "  PRIMARY KEY(owner_kind, owner, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE seal("
    "  owner_kind INTEGER NOT NULL CHECK(owner_kind IN (1, 2)), owner INTEGER NOT NULL, equipment INTEGER NOT NULL,"
    "  n INTEGER NOT NULL, seal TEXT NOT NULL,"
    "  PRIMARY KEY(owner_kind, owner, equipment, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE goods("
    "  declaration INTEGER NOT NULL REFERENCES declaration, n INTEGER NOT NULL, hs TEXT NOT NULL, gross_g INTEGER, un TEXT NOT "
    "NULL,"
    "  PRIMARY KEY(declaration, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE office("
    "  declaration INTEGER NOT NULL REFERENCES declaration, n INTEGER NOT NULL, role INTEGER NOT NULL, office TEXT NOT NULL,"
    "  eta INTEGER NOT NULL, PRIMARY KEY(declaration, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE document("
    "  declaration INTEGER NOT NULL REFERENCES declaration, n INTEGER NOT NULL, type TEXT NOT NULL, ref TEXT NOT NULL,"
    "  required INTEGER NOT NULL, PRIMARY KEY(declaration, n)) STRICT, WITHOUT ROWID;"
    /* Everything a lane can see, by its canonical key: one covering search per key, the live ones first. kind is enum
     * gl_key_kind, with plates of every role under GL_KEY_VEHICLE. */
    "CREATE TABLE identifier("
    "  key TEXT NOT NULL, kind INTEGER NOT NULL, dead INTEGER NOT NULL, owner_kind INTEGER NOT NULL CHECK(owner_kind IN (1, 2)),"
    "  owner INTEGER NOT NULL, role INTEGER NOT NULL,"
    "  PRIMARY KEY(key, kind, dead, owner_kind, owner, role)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX identifier_owner ON identifier(owner_kind, owner);"
    "CREATE TABLE feed("
    "  collection INTEGER PRIMARY KEY, epoch TEXT NOT NULL, left_epoch TEXT NOT NULL, applied INTEGER NOT NULL, sent INTEGER NOT "
    "NULL,"
    "  as_of INTEGER NOT NULL, heard_wall INTEGER NOT NULL, heard_mono INTEGER NOT NULL, rejects INTEGER NOT NULL,"
    "  broken INTEGER NOT NULL) STRICT;"
    "CREATE TABLE feed_held("
    "  collection INTEGER NOT NULL, n INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
    "  PRIMARY KEY(collection, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE quarantine("
    "  id INTEGER PRIMARY KEY, collection INTEGER NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, place TEXT NOT NULL,"
    "  reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;",
    /* The registry of tags. What a tag leads to is found by its plate, in `identifier`. */
    "CREATE TABLE tag("
    "  id INTEGER PRIMARY KEY, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL, version INTEGER NOT NULL, epoch TEXT NOT NULL,"
    "  state INTEGER NOT NULL, role INTEGER NOT NULL, plate TEXT NOT NULL, country TEXT NOT NULL, valid_to INTEGER NOT NULL,"
    "  written_at INTEGER NOT NULL,"
    "  UNIQUE(ref_type, ref_value)) STRICT;",
};

static const char *const pragmas[] = {"PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-16384", "PRAGMA wal_autocheckpoint=1000",
                                      "PRAGMA journal_size_limit=67108864", NULL};

_Static_assert(GL_OFFICE_DESTINATION == 4, "DESTINATION names this role");
#define DESTINATION(id) "coalesce((SELECT o.office FROM office o WHERE o.declaration=" id " AND o.role=4 ORDER BY o.n LIMIT 1), '')"

static const struct gl_sql queries[CACHE_QUERIES] = {
    [CACHE_FIND_MOVEMENT] = {"SELECT id, version, state FROM movement WHERE ref_type=?1 AND ref_value=?2", 2, 3},
    [CACHE_FIND_DECLARATION] = {"SELECT id, version, state FROM declaration WHERE ref_type=?1 AND ref_value=?2", 2, 3},
    [CACHE_FIND_TAG] = {"SELECT id, version, state FROM tag WHERE ref_type=?1 AND ref_value=?2", 2, 3},
    [CACHE_PUT_MOVEMENT] = {"INSERT INTO movement(id, ref_type, ref_value, version, epoch, kind, state, channel, direction, office,"
                            " eta, valid_from, valid_to, written_at, equipment)"
                            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"
                            " ON CONFLICT(id) DO UPDATE SET version=?4, epoch=?5, kind=?6, state=?7, channel=?8, direction=?9,"
                            " office=?10, eta=?11, valid_from=?12, valid_to=?13, written_at=?14, equipment=?15"
                            " RETURNING id",
                            15, 1},
    [CACHE_PUT_DECLARATION] =
        {"INSERT INTO declaration(id, ref_type, ref_value, version, epoch, lrn, type, state, valid_to, gross_g,"
         " control, control_type, eori, aeo, written_at, equipment)"
         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"
         " ON CONFLICT(id) DO UPDATE SET version=?4, epoch=?5, lrn=?6, type=?7, state=?8, valid_to=?9, gross_g=?10,"
         " control=?11, control_type=?12, eori=?13, aeo=?14, written_at=?15, equipment=?16"
         " RETURNING id",
         16, 1},
    [CACHE_PUT_TAG] = {"INSERT INTO tag(id, ref_type, ref_value, version, epoch, state, role, plate, country, valid_to, written_at)"
                       " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
                       " ON CONFLICT(id) DO UPDATE SET version=?4, epoch=?5, state=?6, role=?7, plate=?8, country=?9,"
                       " valid_to=?10, written_at=?11"
                       " RETURNING id",
                       11, 1},
    [CACHE_CANCEL_MOVEMENT] = {"UPDATE movement SET version=?2, state=?3, written_at=?4 WHERE id=?1", 4, 0},
    [CACHE_CANCEL_DECLARATION] = {"UPDATE declaration SET version=?2, state=?3, written_at=?4 WHERE id=?1", 4, 0},
    [CACHE_CANCEL_TAG] = {"UPDATE tag SET version=?2, state=?3, written_at=?4 WHERE id=?1", 4, 0},
    [CACHE_DROP_LISTED] = {"DELETE FROM movement_declaration WHERE movement=?1", 1, 0},
    [CACHE_DROP_MEANS] = {"DELETE FROM means WHERE owner_kind=?1 AND owner=?2", 2, 0},
    [CACHE_DROP_EQUIPMENT] = {"DELETE FROM equipment WHERE owner_kind=?1 AND owner=?2", 2, 0},
    [CACHE_DROP_SEALS] = {"DELETE FROM seal WHERE owner_kind=?1 AND owner=?2", 2, 0},
    [CACHE_DROP_GOODS] = {"DELETE FROM goods WHERE declaration=?1", 1, 0},
    [CACHE_DROP_OFFICES] = {"DELETE FROM office WHERE declaration=?1", 1, 0},
    [CACHE_DROP_DOCUMENTS] = {"DELETE FROM document WHERE declaration=?1", 1, 0},
    [CACHE_DROP_IDENTIFIERS] = {"DELETE FROM identifier WHERE owner_kind=?1 AND owner=?2", 2, 0},
    [CACHE_PUT_LISTED] = {"INSERT INTO movement_declaration(movement, n, ref_type, ref_value) VALUES(?1,?2,?3,?4)", 4, 0},
    [CACHE_PUT_MEANS] = {"INSERT INTO means(owner_kind, owner, n, role, plate, country) VALUES(?1,?2,?3,?4,?5,?6)", 6, 0},
    [CACHE_PUT_EQUIPMENT] = {"INSERT INTO equipment(owner_kind, owner, n, container) VALUES(?1,?2,?3,?4)", 4, 0},
    [CACHE_PUT_SEAL] = {"INSERT INTO seal(owner_kind, owner, equipment, n, seal) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [CACHE_PUT_GOODS] = {"INSERT INTO goods(declaration, n, hs, gross_g, un) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [CACHE_PUT_OFFICE] = {"INSERT INTO office(declaration, n, role, office, eta) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [CACHE_PUT_DOCUMENT] = {"INSERT INTO document(declaration, n, type, ref, required) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [CACHE_PUT_IDENTIFIER] =
        {"INSERT OR IGNORE INTO identifier(key, kind, dead, owner_kind, owner, role) VALUES(?1,?2,?3,?4,?5,?6)", 6, 0},
    [CACHE_RETIRE_IDENTIFIERS] = {"UPDATE identifier SET dead=1 WHERE owner_kind=?1 AND owner=?2", 2, 0},
    [CACHE_LOOKUP] = {"SELECT dead, owner_kind, owner, role FROM identifier WHERE key=?1 AND kind=?2"
                      " ORDER BY dead, owner_kind, owner, role LIMIT ?3",
                      3, 4},
    [CACHE_GET_MOVEMENT] =
        {"SELECT ref_type, ref_value, epoch, version, kind, state, channel, direction, eta, valid_from, valid_to,"
         " equipment FROM movement WHERE id=?1",
         1, 12},
    [CACHE_GET_DECLARATION] = {"SELECT ref_type, ref_value, id, epoch, version, state, control, valid_to, type, " DESTINATION(
                                   "declaration.id") ", equipment FROM declaration WHERE id=?1",
                               1, 11},
    [CACHE_GET_TAG] = {"SELECT epoch, state, valid_to, role, plate, country FROM tag WHERE ref_type='epc' AND ref_value=?1", 1, 6},
    [CACHE_GET_LISTED] =
        {"SELECT l.ref_type, l.ref_value, d.id, d.epoch, d.version, d.state, d.control, d.valid_to, d.type, " DESTINATION(
             "d.id") ", d.equipment"
                     " FROM movement_declaration l LEFT JOIN declaration d ON d.ref_type=l.ref_type AND d.ref_value=l.ref_value"
                     " WHERE l.movement=?1 ORDER BY l.n",
         1, 11},
    [CACHE_GET_MEANS] = {"SELECT role, plate, country FROM means WHERE owner_kind=?1 AND owner=?2 ORDER BY n", 2, 3},
    [CACHE_GET_CONTAINERS] = {"SELECT container FROM equipment WHERE owner_kind=?1 AND owner=?2 AND container<>''"
                              " ORDER BY n",
                              2, 1},
    [CACHE_GET_FEED] =
        {"SELECT epoch, left_epoch, applied, sent, as_of, heard_wall, heard_mono, rejects, broken FROM feed WHERE collection=?1", 1,
         9},
    [CACHE_GET_HELD] = {"SELECT first, last FROM feed_held WHERE collection=?1 ORDER BY n", 1, 2},
    [CACHE_PUT_FEED] =
        {"REPLACE INTO feed(collection, epoch, left_epoch, applied, sent, as_of, heard_wall, heard_mono, rejects, broken)"
         " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
         10, 0},
    [CACHE_DROP_HELD] = {"DELETE FROM feed_held WHERE collection=?1", 1, 0},
    [CACHE_PUT_HELD] = {"INSERT INTO feed_held(collection, n, first, last) VALUES(?1,?2,?3,?4)", 4, 0},
    [CACHE_PUT_QUARANTINE] =
        {"INSERT INTO quarantine(collection, epoch, seq, place, reason, at) VALUES(?1,?2,?3,?4,?5,?6) RETURNING id", 6, 1},
    [CACHE_TRIM_QUARANTINE] = {"DELETE FROM quarantine WHERE id<=?1", 1, 0},
    [CACHE_COUNT_MOVEMENTS] = {"SELECT count(*) FROM movement", 0, 1},
    [CACHE_COUNT_DECLARATIONS] = {"SELECT count(*) FROM declaration", 0, 1},
    [CACHE_COUNT_TAGS] = {"SELECT count(*) FROM tag", 0, 1},
};

const struct gl_store_kind gl_cache_kind = {
    .what = "cache",
    .advice = "delete it, the feed fills a new one",
    .application_id = 0x474C4331, /* "GLC1" */
    .migrations = migrations,
    .n_migrations = GL_COUNT(migrations),
    .pragmas = pragmas,
    .sql = queries,
    .n_sql = GL_COUNT(queries),
};
