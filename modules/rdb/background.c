/* SPDX-License-Identifier: BSD-3-Clause */
/* background - BGSAVE: the file is written by a child, from its own view of the
 * memory, while the server goes on; or by steps of the server's own (walk.c).
 *
 * What was changed before that began is in the file; what was changed since is
 * still to be saved when it has ended. */
#include "rdb.h"

#include "commands.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static const char background_name[] = "rdb";

bool rdb_is_saving(const struct rdb *rdb)
{
    return rdb->child_began_sec >= 0;
}

static int32_t background_run(void *ctx)
{
    return rdb_save_file(ctx, true) ? 0 : 1;
}

void rdb_background_over(struct rdb *rdb, bool fine)
{
    rdb->child_took_sec = rdb_now_sec() - rdb->child_began_sec;
    rdb->child_began_sec = -1;
    rdb->failed = !fine;
    if (fine) {
        kr_logf(rdb->self, KR_LOG_NOTICE,
                "Background saving terminated with success");
        rdb->saved_changes = rdb->child_changes;
        rdb->saved_sec = rdb_now_sec();
    } else {
        kr_logf(rdb->self, KR_LOG_WARNING, "Background saving error");
    }
    rdb_settle_gate(rdb);
}

void rdb_background_done(void *ctx, const struct kr_child_end *end)
{
    struct rdb *rdb = rdb_of_module();
    int64_t begin_ns;

    (void)ctx;
    rdb->child_copied = end->copied_bytes;
    if (end->signal == 0) {
        rdb_background_over(rdb, end->code == 0);
        return;
    }
    rdb->child_took_sec = rdb_now_sec() - rdb->child_began_sec;
    rdb->child_began_sec = -1;
    kr_logf(rdb->self, KR_LOG_WARNING,
            "Background saving terminated by signal %d", end->signal);
    begin_ns = kr_loop->monotonic_ns();
    rdb_remove_temp(rdb, end->pid);
    kr_info->latency("rdb-unlink-temp-file",
                     (kr_loop->monotonic_ns() - begin_ns) / 1000000);
    /* Told to end it has not failed. */
    if (end->signal != SIGUSR1)
        rdb->failed = true;
    rdb_settle_gate(rdb);
}

kr_status rdb_fork(struct rdb *rdb)
{
    struct kr_child_work work = {.size = sizeof(work),
                                 .name = background_name,
                                 .run = background_run,
                                 .done = rdb_background_done,
                                 .ctx = rdb};
    kr_status answer;

    for (int32_t i = 0; i < kr_keyspace->db_count(); i++)
        work.keys_total += kr_keyspace->count(kr_keyspace->db(i));
    rdb->child_changes = kr_calls->changes();
    answer = kr_children->fork(rdb->self, &work);
    if (answer != KR_OK) {
        rdb->failed = true;
        kr_logf(rdb->self, KR_LOG_WARNING, "Can't save in background: fork: %s",
                strerror(errno));
        rdb_settle_gate(rdb);
        return answer;
    }
    kr_logf(rdb->self, KR_LOG_NOTICE, "Background saving started by pid %d",
            (int)kr_children->pid());
    rdb->child_began_sec = rdb_now_sec();
    rdb->scheduled = false;
    return KR_OK;
}

static kr_status background_walk(struct rdb *rdb)
{
    kr_status answer = rdb_walk_begin(rdb);

    if (answer != KR_OK) {
        rdb->failed = true;
        rdb_settle_gate(rdb);
        return answer;
    }
    kr_logf(rdb->self, KR_LOG_NOTICE, "Background saving started by a walk");
    rdb->child_began_sec = rdb_now_sec();
    rdb->child_copied = 0;
    rdb->scheduled = false;
    return KR_OK;
}

kr_status rdb_begin_background(struct rdb *rdb)
{
    if (kr_children->running() || rdb->walk)
        return KR_EBUSY;
    rdb->tried_sec = rdb_now_sec();
    rdb->saves++;
    return rdb_settings.method == RDB_WALK ? background_walk(rdb)
                                           : rdb_fork(rdb);
}

void rdb_stop_background(struct rdb *rdb, bool wait)
{
    if (rdb->walk)
        rdb_walk_stop(rdb);
    else if (rdb_is_saving(rdb))
        kr_children->kill(wait);
}

/* --- Commands ------------------------------------------------------------ */

void rdb_save(struct kr_call *call)
{
    struct rdb *rdb = call->state;

    if (rdb_is_saving(rdb)) {
        kr_reply_error(call->reply, "ERR Background save already in progress");
        return;
    }
    rdb->saves++;
    if (rdb_save_file(rdb, false))
        kr_reply_ok(call->reply);
    else
        kr_reply_error(call->reply, "ERR");
}

void rdb_bgsave(struct kr_call *call)
{
    struct rdb *rdb = call->state;
    bool later = call->flags & KR_CALL_TRANSACTION;

    if (call->argc > 1 &&
        !(call->argc == 2 && kr_arg_is(call, 1, "SCHEDULE"))) {
        kr_refuse_syntax(call);
        return;
    }
    later |= call->argc > 1;
    if (rdb_is_saving(rdb)) {
        kr_reply_error(call->reply, "ERR Background save already in progress");
    } else if (call->flags & KR_CALL_TRANSACTION ||
               (later && kr_children->running())) {
        rdb->scheduled = true;
        kr_reply_status(call->reply, "Background saving scheduled");
    } else if (kr_children->running()) {
        kr_reply_error(call->reply,
                       "ERR Another child process is active (AOF?): can't "
                       "BGSAVE right now. Use BGSAVE SCHEDULE in order to "
                       "schedule a BGSAVE whenever possible.");
    } else if (rdb_begin_background(rdb) == KR_OK) {
        kr_reply_status(call->reply, "Background saving started");
    } else {
        kr_reply_error(call->reply, "ERR");
    }
}

void rdb_lastsave(struct kr_call *call)
{
    const struct rdb *rdb = call->state;

    kr_reply_int64(call->reply, rdb->saved_sec);
}

/* --- The end of the server ----------------------------------------------- */

static bool background_wants_save(uint32_t flags)
{
    if (kr_loading->active()) /* half of it is not to replace all of it */
        return false;
    return flags & KR_SHUTDOWN_SAVE ||
           (rdb_has_points() && !(flags & KR_SHUTDOWN_NOSAVE));
}

void rdb_on_shutdown(void *ctx, const void *payload)
{
    struct kr_shutdown_event *event =
        (struct kr_shutdown_event *)(uintptr_t)payload;
    struct rdb *rdb = ctx;

    if (rdb_is_saving(rdb)) {
        kr_logf(rdb->self, KR_LOG_WARNING,
                "There is a child saving an .rdb. Killing it!");
        rdb_stop_background(rdb, true);
    }
    if (!background_wants_save(event->flags))
        return;
    kr_logf(rdb->self, KR_LOG_NOTICE,
            "Saving the final RDB snapshot before exiting.");
    if (rdb_save_file(rdb, false))
        return;
    if (event->flags & KR_SHUTDOWN_FORCE) {
        kr_logf(rdb->self, KR_LOG_WARNING,
                "Error trying to save the DB. Exit anyway.");
        return;
    }
    kr_logf(rdb->self, KR_LOG_WARNING,
            "Error trying to save the DB, can't exit.");
    if (!event->veto)
        event->veto = "the snapshot cannot be saved";
}
