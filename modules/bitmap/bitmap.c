/* SPDX-License-Identifier: BSD-3-Clause */
/* bitmap - the module of commands that see a string as bits.
 *
 *   bit.c    SETBIT GETBIT                 bits.c      counting and finding
 *   scan.c   BITCOUNT BITPOS               combine.c   and, or, xor, not
 *   op.c     BITOP                         field.c     integers of any width
 *   fields.c BITFIELD BITFIELD_RO          commands.c  what is known of them
 *
 * It has no type of its own: the values are those of `string`, reached through
 * <kr/string.h>. */
#include "bitmap.h"
#include "commands.h"

#include <kr/memory.h>
#include <kr/text.h>

KR_USES(kr_calls);
KR_USES(kr_commands);
KR_USES(kr_keyspace);
KR_USES(kr_memory);
KR_USES(kr_strings);
KR_USES(kr_text);

kr_module *bitmap_self;

/* --- The string behind the bits ------------------------------------------ */

bool bitmap_read(struct kr_call *call, char *scratch, struct kr_str *bytes,
                 bool *found)
{
    struct kr_cell cell;
    bool wrong;

    *bytes = KR_STR("");
    *found = kr_find_string(call, 1, KR_FIND_READ, &cell, &wrong);
    if (*found)
        *bytes = kr_strings->view(&cell, scratch);
    return !wrong;
}

uint8_t *bitmap_write(struct kr_call *call, uint64_t size, struct kr_cell *cell,
                      bool *grown)
{
    char scratch[KR_INT64_TEXT];
    char *bytes;
    bool wrong;

    if (kr_find_string(call, 1, KR_FIND_WRITE, cell, &wrong)) {
        *grown = kr_strings->view(cell, scratch).size < size;
        bytes = kr_strings->edit(cell, size);
    } else if (wrong) {
        return NULL;
    } else {
        *grown = true;
        bytes = kr_strings->create(call->db, call->argv[1], 0, size, cell);
    }
    if (!bytes)
        kr_reply_error(call->reply, KR_ERR_NO_MEMORY);
    return (uint8_t *)bytes;
}

void bitmap_changed(struct kr_call *call, uint64_t changes)
{
    kr_changed_by(call, call->db, call->argv[1], KR_CLASS_STRING,
                  KR_STR("setbit"), changes);
}

/* --- Where a bit is ------------------------------------------------------ */

bool bitmap_offset(struct kr_call *call, uint32_t arg, uint32_t width,
                   uint64_t *offset)
{
    struct kr_str text = call->argv[arg];
    int64_t unit = 1, position;

    if (width && text.size && text.data[0] == '#') {
        text = kr_str(text.data + 1, text.size - 1);
        unit = width;
    }
    if (kr_text->to_int64(text, &position) && position >= 0 &&
        !__builtin_mul_overflow(position, unit, &position) &&
        kr_strings->fits(call, (uint64_t)position / 8 + 1)) {
        *offset = (uint64_t)position;
        return true;
    }
    kr_reply_error(call->reply,
                   "ERR bit offset is not an integer or out of range");
    return false;
}

/* --- The descriptor ------------------------------------------------------ */

static const struct kr_import imports[] = {
    KR_NEED(kr_calls),  KR_NEED(kr_commands), KR_NEED(kr_keyspace),
    KR_NEED(kr_memory), KR_NEED(kr_strings),  KR_NEED(kr_text),
};

KR_MODULE(.name = "bitmap", .version = 10000, .licence = "BSD-3-Clause",
          .author = "The Keyrack authors",
          .summary = "Strings as bits, and as integers of any width",
          .flags = KR_MODULE_CAN_UNLOAD | KR_MODULE_CAN_UPGRADE,
          .self = &bitmap_self, .imports = KR_ROWS(imports),
          .commands = {bitmap_commands, BITMAP_COMMAND_COUNT,
                       sizeof(struct kr_command)});
