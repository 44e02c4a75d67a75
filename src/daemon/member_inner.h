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

/* Ask for keys records once more, no later than that, for one that could not be used. */
void member_ask_again(struct member *member, uint64_t after_ms);

/* ---- member_take.c: what came goes to the service ---- */

/* Hand it over. */
void member_take_letters(struct member *member, struct ring_time now);
void member_drop_letters(struct member *member);

/* After that, what whole lists did not tell any more. */
void member_take_lists(struct member *member, struct ring_time now);

/* Ask for all keys records: an engine; and all of them, once more. */
void member_list_keys(struct member_engine *at);
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
 * carry what we have learnt. */
void member_plan_keys(struct member *member, struct ring_time now);

/* Our status soon, if the ring is another one than it told of. */
void member_plan_status(struct member *member, struct ring_time now);

/* ---- member_record.c: whose keys records are there, and what is in them ---- */

/* The newest record of a host, with `said` in it; that an engine has it; that an engine is asked
 * for all that it holds, and has told that. */
void member_note_record(struct member *member, const struct record_head *head,
                        const struct keyset *said, uint64_t now_ms);
void member_note_held(struct member *member, const struct record_head *head, size_t engine);
void member_note_asked(struct member *member, size_t engine);
void member_note_listed(struct member *member, size_t engine);
void member_forget_carriers(struct member *member);

/* True if a record of that host is with an engine, as far as is known: ours is, or is put again. */
bool member_has_record(const struct member *member, uint64_t sender);

/* True if that host's record has the key; how many others' have it, in the engine, of those at
 * work, that has fewest of them. */
bool member_says(const struct member *member, uint64_t sender, const struct key *key);
size_t member_count_others(const struct member *member, const struct key *key);

/* What our last record revokes; likewise, how many others' revoke just that. */
uint64_t member_said_withdrawn(const struct member *member);
size_t member_count_withdrawn(const struct member *member, uint64_t withdrawn);

/* True if our last record, of an earlier run perhaps, holds anything. */
bool member_says_something(const struct member *member);

/* ---- member_carry.c: what ours carries that others made or ordered ---- */

/* merge_own(), with what we carry. */
bool member_own(struct member *member, struct keyset *out, uint64_t now_ms, struct err *err);

/* What too few carry, and we do not. */
enum member_rare { MEMBER_RARE_NOTHING, MEMBER_RARE_ORPHAN, MEMBER_RARE_REVOCATION };
enum member_rare member_is_rare(const struct member *member, uint64_t now_ms);

/* ---- member_look.c: who holds what ---- */

void member_begin_look(struct member *member, struct ring_time now);
void member_end_look(struct member *member, struct ring_time now);

/* When the next look is to be, if any. */
void member_plan_look(struct member *member, struct ring_time now);

#endif
