/* SPDX-License-Identifier: BSD-3-Clause */
/* info - INFO: who fills which section.
 *
 * All that this module gives is weak (KR_INFO_WEAK): a module that knows a field
 * better, such as rdb, aof or replication, provides it and wins.  So a section
 * has all its fields, in Redis's order, from the first day. */
#ifndef SERVER_INFO_H
#define SERVER_INFO_H

#include <kr/info.h>

struct server;

/* false: the host did not take a provider. */
bool info_provide_all(struct server *server);

/* The providers; ctx is the struct server. */
void info_fill_server(void *ctx, struct kr_info_out *out);
void info_fill_clients(void *ctx, struct kr_info_out *out);
void info_fill_memory(void *ctx, struct kr_info_out *out);
void info_fill_persistence(void *ctx, struct kr_info_out *out);
void info_fill_stats(void *ctx, struct kr_info_out *out);
void info_fill_replication(void *ctx, struct kr_info_out *out);
void info_fill_cpu(void *ctx, struct kr_info_out *out);
void info_fill_modules(void *ctx, struct kr_info_out *out);
void info_fill_commandstats(void *ctx, struct kr_info_out *out);
void info_fill_errorstats(void *ctx, struct kr_info_out *out);
void info_fill_latencystats(void *ctx, struct kr_info_out *out);
void info_fill_cluster(void *ctx, struct kr_info_out *out);
void info_fill_keyspace(void *ctx, struct kr_info_out *out);

/* A table of fields that are always the same number here. */
struct info_constant {
    const char *name;
    const char *value;
};
void info_constants(struct kr_info_out *out, const struct info_constant *rows,
                    size_t count);

/* A value of many parts: "name=set,calls=3".  There are hundreds of them in an
 * answer, and so they are put together without printf(3).  What is too long is
 * cut off. */
struct info_line {
    char text[512];
    size_t size;
};
void info_line_add(struct info_line *line, struct kr_str text);
/* The label, KR_STR("calls="), and the number; the same with two decimals. */
void info_line_int(struct info_line *line, struct kr_str label,
                   uint64_t number);
void info_line_hundredths(struct info_line *line, struct kr_str label,
                          uint64_t hundredths);

/* A field with two decimals and what stands behind them ("%", "M", ""). */
void info_decimal(struct kr_info_out *out, const char *name, double value,
                  const char *unit);

static inline struct kr_str info_line_text(const struct info_line *line)
{
    return kr_str(line->text, line->size);
}

#endif
