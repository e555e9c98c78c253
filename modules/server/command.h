/* SPDX-License-Identifier: BSD-3-Clause */
/* command - what the answers about commands share. */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include <kr/command.h>

/* Row `i`, i < rows.count. */
static inline const void *command_at(struct kr_rows rows, uint32_t i)
{
    return (const char *)rows.rows + (size_t)i * rows.stride;
}

/* A set of statuses: words[i] for each bit i < count, `prefix` before each. */
void command_reply_words(struct kr_reply *reply, uint64_t bits,
                         const char *const *words, size_t count,
                         const char *prefix);
void command_reply_key_flags(struct kr_reply *reply, uint32_t flags);

/* What COMMAND INFO says of a command, subcommands included. */
void command_reply_info(struct kr_reply *reply, const kr_cmd *command);

uint64_t command_count_subcommands(const kr_cmd *command);

#endif
