/* SPDX-License-Identifier: BSD-3-Clause */
#include "propagate.h"

#include <kr/journal.h>

void propagate_pending(struct kr_call *call, const struct place *place,
                       const struct pending *pending)
{
    char id[ID_TEXT], last[ID_TEXT], time[KR_INT64_TEXT], count[KR_INT64_TEXT];

    if (!kr_journal->armed())
        return;
    {
        struct kr_str words[] = {
            KR_STR("XCLAIM"),
            place->key,
            place->name,
            consumer_name(pending->owner),
            KR_STR("0"),
            kr_str(id, id_text(pel_id(pending), id)),
            KR_STR("TIME"),
            kr_str(time, kr_text->from_int64(pending->delivered_ms, time)),
            KR_STR("RETRYCOUNT"),
            kr_str(count, kr_text->from_int64((int64_t)pending->count, count)),
            KR_STR("FORCE"),
            KR_STR("JUSTID"),
            KR_STR("LASTID"),
            kr_str(last, id_text(place->group->last, last)),
        };

        kr_journal->instead(call, KR_COUNT(words), words);
    }
}

void propagate_last_id(struct kr_call *call, const struct place *place)
{
    char last[ID_TEXT], read[KR_INT64_TEXT];
    struct kr_str words[] = {
        KR_STR("XGROUP"),
        KR_STR("SETID"),
        place->key,
        place->name,
        kr_str(last, id_text(place->group->last, last)),
        KR_STR("ENTRIESREAD"),
        kr_str(read, kr_text->from_int64(place->group->read, read)),
    };

    kr_journal->instead(call, KR_COUNT(words), words);
}

void propagate_consumer(struct kr_call *call, const struct place *place,
                        struct kr_str consumer)
{
    struct kr_str words[] = {KR_STR("XGROUP"), KR_STR("CREATECONSUMER"),
                             place->key, place->name, consumer};

    kr_journal->instead(call, KR_COUNT(words), words);
}

struct consumer *propagate_seen(struct kr_call *call, const struct place *place,
                                struct kr_str name)
{
    struct consumer *consumer = consumer_find(place->group, name);

    if (!consumer) {
        consumer = consumer_add(place->group, name, call->now_ms);
        propagate_consumer(call, place, name);
        kr_calls->touch(call, 1);
        kr_keyspace->notify(call->db, place->key, KR_CLASS_STREAM,
                            KR_STR("xgroup-createconsumer"));
    }
    consumer->seen_ms = call->now_ms;
    return consumer;
}
