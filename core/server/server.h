/* SPDX-License-Identifier: BSD-3-Clause */
/* server - the order in which the wings begin and end. */
#ifndef CORE_SERVER_SERVER_H
#define CORE_SERVER_SERVER_H

/* Runs until it is told to end; the answer is the exit code. */
int server_main(int argc, char **argv);

/* For tools: a server as the command line says, all modules loaded, but nothing is
 * listened on and no data set read.  `run` works in it, then it ends; the answer
 * is `run`'s. */
int server_host(int argc, char **argv, int (*run)(void *ctx), void *ctx);
/* Within it: one turn of the loop, without waiting. */
void server_turn(void);

#endif
