/* Messages of the New Computerised Transit System, phase 5: CC015C (declaration lodged) and CC029C (released for transit), as declarations.
 *
 * - CC015C becomes a declaration in state lodged, referred to by MRN when it names one, else by LRN (type "lrn"); CC029C one in state released,
 *   referred to by MRN. version and as_of are the message's time of preparation, so that a later message outranks an earlier one.
 * - A CC029C repeats the LRN of the CC015C before it. The two records stand under different references: whoever keeps them must let the one
 *   with the MRN replace the one of type "lrn" with the same LRN.
 * - Means: road vehicles (type of identification 30) and trailers (31) alone; names of ships, wagons and aircraft are no plates. Those at the
 *   border stand first, then those at departure of the consignment; those of house consignments count only where the consignment has none.
 *   What stands in other groups (incidents, transhipments) is not taken.
 * - Equipment without a container: its seals are on the vehicle. More than 16 seals go on in a further entry of the same container.
 * - Offices: each once in a role; an exit or border office only where it does not stand there in another role already, and as far as there is
 *   room.
 * - Goods: the subheading of 6 digits, with the combined nomenclature's 2 appended where given; an item with several UN numbers takes a
 *   further entry for each. A UN number that is not four digits stands as "?": dangerous goods, number unusable.
 * - Documents: supporting, transport and previous ones of every level, each once, the first 99; a reference longer than fits is left out. The
 *   TIR carnet is document N952. None of them is marked required.
 * - A control result other than A1, A2, A3 (satisfactory, considered satisfactory, simplified) sets control to desk, with the code as its type.
 * - Times without a zone are taken as UTC. A limit date means the end of that day, UTC.
 * - Names and addresses of persons are not read. */
#pragma once
#include "feed/import.h"

/* As gl_import(), for bytes that are known to be XML: one message, so the result is 0, 1 or negative. */
int gl_ncts_import(const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) GL_MUST_USE;
