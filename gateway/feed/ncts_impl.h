/* What ncts.c and ncts_tables.c share: the message as it is being read. */
#pragma once
#include "model/lodged.h"

enum { GL_NCTS_UN = 99 /* UN numbers of one item */ };
enum gl_ncts_stage { GL_NCTS_BORDER, GL_NCTS_DEPARTURE, GL_NCTS_HOUSE, GL_NCTS_STAGES };

struct gl_ncts {
    struct gl_feed_record *record;
    struct gl_declaration *d; /* inside record */
    size_t root_len;          /* of "/CC015C" */
    char mrn[GL_REF], tir[GL_REF];
    char control[8];
    int64_t prepared;
    struct {
        uint16_t n;
        struct gl_means m[GL_MAX_MEANS];
    } stage[GL_NCTS_STAGES];

    /* The group being read; emptied where it begins. */
    struct {
        char type[8], plate[36], country[GL_COUNTRY];
    } means;
    struct gl_equipment equipment;
    struct gl_office office;
    struct {
        char hs[8], cn[4];
        int64_t gross;
        uint16_t n_un;
        char un[GL_NCTS_UN][6];
    } item;
    struct {
        char type[12], ref[71];
    } document;
};

/* Stores the text of the element at path (without the root); 0 also when the element is of no interest. */
int gl_ncts_text(struct gl_ncts *n, const char *path, const char *text, struct gl_error *err);

/* A group begins, ends. */
void gl_ncts_begin(struct gl_ncts *n, const char *path);
int gl_ncts_end(struct gl_ncts *n, const char *path, struct gl_error *err);

/* Adds a document unless it is there already or the list is full. */
void gl_ncts_add_document(struct gl_declaration *d, const char *type, const char *ref);
