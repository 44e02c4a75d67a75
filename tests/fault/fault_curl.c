/* Calls of libcurl that fail where fault.h says so, beside those of fault.c and fault_event.c. */
#include <curl/curl.h>

#include "fault_wrap.h"

WRAP(CURL *, curl_easy_init, (void), (), NULL, ENOMEM)
WRAP(CURLM *, curl_multi_init, (void), (), NULL, ENOMEM)
WRAP(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *easy), (multi, easy),
     CURLM_OUT_OF_MEMORY, ENOMEM)
WRAP(CURLcode, curl_easy_pause, (CURL * easy, int bits), (easy, bits), CURLE_OUT_OF_MEMORY, ENOMEM)
WRAP(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text),
     (list, text), NULL, ENOMEM)
