/* SPDX-License-Identifier: BSD-3-Clause */
/* version - whose number is which.
 *
 * A wing of its own because the build's config.h holds our number, and cannot
 * be included from core/config/, whose own config.h is found first. */
#ifndef CORE_VERSION_VERSION_H
#define CORE_VERSION_VERSION_H

/* The Redis whose commands and replies these are: what clients are told. */
#define VERSION_REDIS "7.2.4"

/* Ours. */
extern const char version_keyrack[];

#endif
