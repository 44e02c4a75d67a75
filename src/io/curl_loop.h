/* curl_loop.h - libcurl's transfers on our loop; inside io. Nothing waits: names are resolved by
 * libcurl's threads, which are left to themselves when nobody wants their answer any more. */
#ifndef IO_CURL_LOOP_H
#define IO_CURL_LOOP_H

#include <curl/curl.h>

#include "io/loop.h"

struct curl_loop;

/* `after` is called when transfers may have come further, never from within libcurl, and may not
 * free it. */
struct curl_loop *curl_loop_new(struct loop *loop, loop_fn *after, void *arg, struct err *err);

/* The transfers are the caller's, to be removed first. Sets NULL, takes NULL. */
void curl_loop_free(struct curl_loop **curl_loop);

CURLM *curl_loop_multi(const struct curl_loop *curl_loop);

/* Something of ours found no memory, so transfers may hang. */
bool curl_loop_is_broken(const struct curl_loop *curl_loop);

#endif
