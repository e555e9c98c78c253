/* SPDX-License-Identifier: BSD-3-Clause */
/* stored - a whole value as it stands in a snapshot, and in a DUMP.
 *
 *   +------+ - - +-----------------+
 *   | code | key | the bare items  |              a type with codes of its own
 *   +------+ - - +-----------------+
 *   +------+ - - +----+-----------------+----+
 *   |  07  | key | id | the tagged items| 00 |    a module's type
 *   +------+ - - +----+-----------------+----+
 *
 * A snapshot has the key in between, a DUMP has none.  The id is a length of 64
 * bits: the nine letters of the type's file name, 6 bits each and the first one
 * on top, then 10 bits for the version of the saved bytes. */
#ifndef CORE_KEYSPACE_STORED_H
#define CORE_KEYSPACE_STORED_H

#include "core/codec/codec.h"

void stored_write_code(kr_writer *out, uint8_t code);
bool stored_write(kr_writer *out, uint16_t slot, const struct kr_peek *value,
                  const struct kr_str *key);
/* The same by the functions of `type`, which need not be those in use. */
bool stored_write_typed(kr_writer *out, const struct kr_type *type,
                        const struct kr_peek *value, const struct kr_str *key);
bool stored_read_code(kr_reader *in, uint8_t *code);
bool stored_read(kr_reader *in, uint8_t code, uint16_t *slot,
                 struct kr_value *value);
bool stored_read_typed(kr_reader *in, const struct kr_type *type, uint8_t code,
                       struct kr_value *value);

extern const struct kr_codec codec_interface;

#endif
