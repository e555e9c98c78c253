/* SPDX-License-Identifier: BSD-3-Clause */
/* commands - the commands of `scripting`: their rows and handlers.
 *
 * For the descriptor: {scripting_commands, SCRIPTING_COMMAND_COUNT,
 * sizeof(struct kr_command)}. */
#ifndef SCRIPTING_COMMANDS_H
#define SCRIPTING_COMMANDS_H

#include <kr/base.h>
#include <kr/call.h>
#include <kr/command.h>

extern const struct kr_command scripting_commands[];
enum { SCRIPTING_COMMAND_COUNT = 8 };

/* What a call will do, by what its script says of itself: kr_command.acts. */
uint64_t scripting_eval_acts(const struct kr_call *call);
uint64_t scripting_evalsha_acts(const struct kr_call *call);
uint64_t scripting_fcall_acts(const struct kr_call *call);

/* The handlers: each writes one reply. */
void scripting_eval(struct kr_call *call);
void scripting_evalsha(struct kr_call *call);
void scripting_eval_ro(struct kr_call *call);
void scripting_evalsha_ro(struct kr_call *call);
void scripting_script_debug(struct kr_call *call);
void scripting_script_exists(struct kr_call *call);
void scripting_script_flush(struct kr_call *call);
void scripting_script_help(struct kr_call *call);
void scripting_script_kill(struct kr_call *call);
void scripting_script_load(struct kr_call *call);
void scripting_fcall(struct kr_call *call);
void scripting_fcall_ro(struct kr_call *call);
void scripting_function_delete(struct kr_call *call);
void scripting_function_dump(struct kr_call *call);
void scripting_function_flush(struct kr_call *call);
void scripting_function_help(struct kr_call *call);
void scripting_function_kill(struct kr_call *call);
void scripting_function_list(struct kr_call *call);
void scripting_function_load(struct kr_call *call);
void scripting_function_restore(struct kr_call *call);
void scripting_function_stats(struct kr_call *call);

#endif
