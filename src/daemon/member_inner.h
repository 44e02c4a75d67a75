/* member_inner.h - between member*.c. */
#ifndef DAEMON_MEMBER_INNER_H
#define DAEMON_MEMBER_INNER_H

#include "daemon/member.h"

#define MEMBER_NEVER UINT64_MAX
#define MEMBER_RETRY_MS 5000U
#define MEMBER_AGAIN_MS 30000U /* until keys are asked for again, that are there and not here */

/* Set the timer to what is due next. */
void member_arm(struct member *member, struct ring_time now);

/* ---- member_farm.c: the farm's secret ---- */

/* Into `farm`, if there is one. False, with the reason in `err`, where its file is bad. */
bool member_load_farm(const struct member *member, struct farm *farm, bool *is_there,
                      struct err *err);

/* Each day, and at the start: move it forward, and save what moved. */
void member_advance_farm(struct member *member, struct ring_time now);

/* Destroy the key of a request to join whose hour is over; see when to look again. */
void member_look_at_join(struct member *member, struct ring_time now);

/* ---- member_engine.c: the engines ---- */

/* Start those that are not at work; true if one is now. What fails is tried again. */
bool member_start_engines(struct member *member, struct ring_time now);
void member_stop_engines(struct member *member);

/* Its state says something else. */
void member_hear_state(void *member_engine);

/* ---- member_seal.c: what engines say to each other ---- */

extern const struct engine_seal member_seals; /* its arg is the member */

/* ---- member_hear.c: what comes in ---- */

extern const struct engine_events member_hears; /* its arg is a struct member_engine */

/* Hand what has come to the service. */
void member_take_letters(struct member *member, struct ring_time now);
void member_drop_letters(struct member *member);

/* Ask for all keys records once more. */
void member_list_again(struct member *member);

/* ---- member_say.c: what goes out ---- */

void member_say_keys(struct member *member, struct ring_time now);

/* What engines held of ours has been taken in: they may have what we say from now on, and get what
 * we said meanwhile. */
void member_begin_to_say(struct member *member, struct ring_time now);

/* The time for it has come; it may have become needless meanwhile. */
void member_say_keys_if_needed(struct member *member, struct ring_time now);
void member_say_status(struct member *member, struct ring_time now);

/* When our keys record is to go out again, if it is: at the start, each day, and where too few
 * carry a revocation that we have learnt. */
void member_plan_keys(struct member *member, struct ring_time now);

/* Our status soon, if the ring is another one than it told of. */
void member_plan_status(struct member *member, struct ring_time now);

/* What a sender's record revokes. */
void member_note_carrier(struct member *member, uint64_t sender, uint64_t withdrawn);

/* ---- member_look.c: who holds what ---- */

void member_begin_look(struct member *member, struct ring_time now);
void member_end_look(struct member *member, struct ring_time now);

/* When the next look is to be, if any. */
void member_plan_look(struct member *member, struct ring_time now);

#endif
