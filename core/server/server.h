/* SPDX-License-Identifier: BSD-3-Clause */
/* server - the order in which the wings begin and end. */
#ifndef CORE_SERVER_SERVER_H
#define CORE_SERVER_SERVER_H

/* Runs until it is told to end; the answer is the exit code. */
int server_main(int argc, char **argv);

#endif
