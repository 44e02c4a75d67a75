/* tlsload.h - tlsclient's load: handshake after handshake, each with a ticket that another server
 * gave out, TLS 1.2 and 1.3 in turn, tickets of different age mixed.
 *
 *   load [-c] [-s SECONDS] [-w PAUSE_MS] [-e EVENT_MS] [-n SNI] [-r COUNTS] NAME=TARGET...
 *
 * Runs for SECONDS, or until SIGTERM or SIGINT. Prints a line for each handshake that offered a
 * ticket and was not resumed, failed, or brought no ticket; one for a resumption at most every
 * EVENT_MS (0: none); and at the end, into the file COUNTS if there is one,
 *   resumed=N resumed12=N resumed13=N full=N failed=N closed=N none=N first=N
 * where `full` are handshakes that lost a ticket, `none` those that brought none, and `first` full
 * ones that had none to offer: at the start, and after one whose lifetime hint had ended it, or did
 * so while it was offered. With -c a connection that the server closes in the midst of a handshake
 * is no failure but counted as `closed`, and its ticket offered again: for servers that close some
 * when they are reloaded. */
#ifndef TESTS_TLSLOAD_H
#define TESTS_TLSLOAD_H

/* The exit status: 0 if each ticket was resumed, in both versions, 1 if not, 2 usage. */
int load_main(int argc, char **argv);

#endif
