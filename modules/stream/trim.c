/* SPDX-License-Identifier: BSD-3-Clause */
#include "trim.h"

#include <kr/journal.h>

#define TRIM_LIMIT     10000 /* entries, when nodes have no limit */
#define TRIM_LIMIT_MAX 1000000

static bool trim_refuse(struct kr_call *call, const char *error)
{
    kr_reply_error(call->reply, error);
    return false;
}

/* --- Words --------------------------------------------------------------- */

/* The threshold behind MAXLEN or MINID, the word at *at, which moves on to it. */
static bool trim_threshold(struct kr_call *call, uint32_t *at, bool by_id,
                           struct trim *trim)
{
    uint32_t i = *at + 1;
    int64_t length;

    if (trim->at)
        return trim_refuse(call, "ERR syntax error, MAXLEN and MINID options "
                                 "at the same time are not compatible");
    if (i + 1 < call->argc) {
        trim->how.whole = value_arg_is_sign(call, i, '~');
        if (trim->how.whole || value_arg_is_sign(call, i, '='))
            i++;
    }
    *at = trim->at = i;
    trim->how.by_id = by_id;
    if (by_id)
        return value_arg_id(call, i, &trim->how.id);
    if (!kr_arg_int64(call, i, &length))
        return false;
    trim->how.length = (uint64_t)length;
    return length >= 0 ||
           trim_refuse(call, "ERR The MAXLEN argument must be >= 0.");
}

/* XADD's id, where its options end. */
static bool trim_id(struct kr_call *call, uint32_t at, struct trim *trim)
{
    bool automatic;

    trim->id_at = at;
    if (!id_parse(call->argv[at], ID_AUTO, 0, &trim->id, &automatic))
        return trim_refuse(call, ERR_ID);
    trim->id_given = true;
    trim->seq_given = !automatic;
    return true;
}

static bool trim_limit(struct kr_call *call, uint32_t at, int64_t *limit)
{
    return kr_arg_int64(call, at, limit) &&
           (*limit >= 0 ||
            trim_refuse(call, "ERR The LIMIT argument must be >= 0."));
}

/* The words up to the id, or all; *limit is -1 if there is none. */
static bool trim_words(struct kr_call *call, bool adds, struct trim *trim,
                       int64_t *limit)
{
    uint32_t i;

    for (i = 2; i < call->argc; i++) {
        bool more = i + 1 < call->argc;

        if (adds && value_arg_is_sign(call, i, '*'))
            break;
        if (more && kr_arg_is(call, i, "MAXLEN")) {
            if (!trim_threshold(call, &i, false, trim))
                return false;
        } else if (more && kr_arg_is(call, i, "MINID")) {
            if (!trim_threshold(call, &i, true, trim))
                return false;
        } else if (more && kr_arg_is(call, i, "LIMIT")) {
            if (!trim_limit(call, ++i, limit))
                return false;
        } else if (adds && kr_arg_is(call, i, "NOMKSTREAM")) {
            trim->no_make = true;
        } else if (adds) {
            return trim_id(call, i, trim);
        } else {
            return trim_refuse(call, KR_ERR_SYNTAX);
        }
    }
    trim->id_at = i;
    return true;
}

/* As many as a hundred nodes have. */
uint64_t trim_default_limit(void)
{
    int64_t most = stream_node_max_entries;

    if (most <= 0)
        return TRIM_LIMIT;
    return most > TRIM_LIMIT_MAX / 100 ? TRIM_LIMIT_MAX : 100 * (uint64_t)most;
}

bool trim_parse(struct kr_call *call, bool adds, struct trim *trim)
{
    int64_t limit = -1;

    *trim = (struct trim){.at = 0};
    if (!trim_words(call, adds, trim, &limit))
        return false;
    if (limit > 0 && !trim->at)
        return trim_refuse(call, "ERR syntax error, LIMIT cannot be used "
                                 "without specifying a trimming strategy");
    if (!adds && !trim->at)
        return trim_refuse(call, "ERR syntax error, XTRIM must be called with "
                                 "a trimming strategy");
    if (call->flags & KR_CALL_REPLICA)
        return true; /* whoever sent it has limited it */
    if (limit >= 0 && !trim->how.whole)
        return trim_refuse(call, "ERR syntax error, LIMIT cannot be used "
                                 "without the special ~ option");
    if (trim->how.whole)
        trim->how.limit = limit >= 0 ? (uint64_t)limit : trim_default_limit();
    return true;
}

/* --- Run ----------------------------------------------------------------- */

uint64_t trim_run(struct stream *s, const struct trim *trim)
{
    struct waste waste;
    uint64_t gone = entries_trim(s, &trim->how, &waste);

    value_discard(&waste);
    return gone;
}

void trim_journal(struct kr_call *call, const struct stream *s,
                  const struct trim *trim, const struct stream_id *id)
{
    char id_word[ID_TEXT], threshold[ID_TEXT];
    struct kr_str *words;
    bool made = id && !trim->seq_given;
    bool exact = trim->at && trim->how.whole;

    if (!kr_journal->armed() || (!made && !exact))
        return;
    words = structure_alloc(&stream_host, call->argc * sizeof(struct kr_str));
    memcpy(words, call->argv, call->argc * sizeof(struct kr_str));
    if (made)
        words[trim->id_at] = kr_str(id_word, id_text(*id, id_word));
    if (exact) {
        words[trim->at - 1] = KR_STR("=");
        words[trim->at] =
            kr_str(threshold,
                   trim->how.by_id
                       ? id_text(entries_edge(s), threshold)
                       : kr_text->from_int64((int64_t)s->length, threshold));
    }
    kr_journal->instead(call, call->argc, words);
    structure_free(&stream_host, words);
}
