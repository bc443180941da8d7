/* Messages of the New Computerised Transit System, phase 5 (and 6 where the elements are the same), as declarations and what is said of them:
 *
 *     CC015C declaration            lodged            CC060C control decision           control
 *     CC013C amendment              lodged, replaces  CC051C no release                 not released, control at the desk
 *     CC028C MRN allocated          rekey lrn -> mrn  CC055C guarantee not valid        the same
 *     CC029C released for transit   released          CC009C decision on cancelling     cancel, when it is granted
 *     CC043C unloading permission   arrived           CC025C goods released, CC045C written off    discharged
 *
 * Messages that ask or report and change nothing here are recognised and said to be so: a request to cancel (CC014C) is not a cancellation.
 *
 * - References: type "mrn"; before there is one, type "lrn" with the value HOLDER/LRN, because a local reference is unique for its declarant
 *   alone. HOLDER is the EORI of the holder of the procedure, else the TIR holder's number; where none is named the LRN stands alone, and then it
 *   is never joined to an MRN (CC028C is refused): it may be another's. Else the field lrn holds the same text, so that the record with the MRN
 *   takes the place of the one without. An LRN that looks like an MRN stays an LRN.
 * - version and as_of are the message's time of preparation: the later message outranks the earlier. A time without a zone is UTC. lodged_at is
 *   that time too, in a message that names the day of acceptance no later than the end of that day (UTC). A limit date is the end of that day.
 * - Means: road vehicles (type of identification 30) and trailers (31) alone; names of ships, wagons and aircraft are no plates. Those at the
 *   border stand first. Inland, the means of the latest transhipment outrank those at departure of the consignment, and these those of house
 *   consignments. A transhipment to something that is no road vehicle leaves no inland means. Other groups of an incident are not taken: of seals
 *   that were replaced a note tells.
 * - Equipment without a container: its seals are on the vehicle. More than 16 seals go on in a further entry of the same container.
 * - Offices: each once in a role; an exit or border office only where it does not stand there in another role already, and as far as there is
 *   room.
 * - Gross mass: the consignment's own counts; where houses or items add up to something else a note tells. Where it is missing, the sum of the
 *   house consignments stands in for it.
 * - Goods: the subheading of 6 digits, with the combined nomenclature's 2 appended where given; an item with several UN numbers takes a further
 *   entry for each. A UN number that is not four digits stands as "?": dangerous goods, number unusable.
 * - Documents: supporting, transport and previous ones of every level, each once, the first 99; a reference longer than fits is left out. The
 *   TIR carnet is document N952. None of them is marked required but those that CC060C asks for.
 * - Control result (CC029C) other than A1, A2, A3 (satisfactory, considered satisfactory, simplified): control at the desk, with the code as its
 *   type. CC060C: notification type 2 asks for documents (desk); with any other, everything but a documentary control (10) is physical.
 * - CC051C and CC055C: control at the desk, with the code of the first reason as its type.
 * - CC025C with another release indicator than 1 (full): arrived, not discharged. CC043C without its consignment: a control that says arrived.
 * - Names and addresses of persons are not read. */
#pragma once
#include "feed/draft.h"

enum { GL_NCTS_OWES_MRN = 1, GL_NCTS_ENDS = 2 /* says that the transit is over */ }; /* struct gl_message.owes */

/* Places in gl_draft.spare. */
enum { GL_NCTS_CONSIGNMENT, GL_NCTS_NEW_SEALS, GL_NCTS_RELEASE, GL_NCTS_BY_CUSTOMS, GL_NCTS_DECISION };

/* struct gl_format.finish */
int gl_ncts_finish(struct gl_draft *d, struct gl_error *err);
