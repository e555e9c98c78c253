/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_inline - words of a line, written in their quoted form, split into the
 * same words again. */

#include <stdlib.h>

#include "core/resp/inline.h"
#include "core/text/escape.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct resp_args args = {0}, again = {0};
    struct buffer line = {0};
    char *copy = malloc(size ? size : 1); /* exactly its size */

    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    if (resp_split_line(&args, kr_str(copy, size)) == RESP_SPLIT_DONE) {
        for (size_t i = 0; i < args.argc; i++) {
            escape_repr(&line, args.argv[i]);
            buffer_append_char(&line, ' ');
        }
        if (resp_split_line(&again, buffer_str(&line)) != RESP_SPLIT_DONE ||
            again.argc != args.argc)
            abort();
        for (size_t i = 0; i < args.argc; i++)
            if (!kr_str_equal(args.argv[i], again.argv[i]))
                abort();
    }
    free(copy);
    buffer_free(&line);
    resp_args_fini(&args);
    resp_args_fini(&again);
    return 0;
}
