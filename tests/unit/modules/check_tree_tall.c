/* SPDX-License-Identifier: BSD-3-Clause */
/* check_tree_tall - what check_tree.c claims, of a tree whose nodes hold twelve.
 *
 * A tree of real nodes needs a quarter of a million entries for a third level
 * of inner ones.  Here a few hundred are enough, so that sharing, splitting and
 * going empty happen at every level within the model's reach.  The tree is
 * compiled once more, under other names. */
#define TREE_LEAF  12
#define TREE_INNER 12

/* clang-format off */
#define tree_backward     tall_backward
#define tree_check        tall_check
#define tree_clear_step   tall_clear_step
#define tree_erase        tall_erase
#define tree_erase_range  tall_erase_range
#define tree_find         tall_find
#define tree_forward      tall_forward
#define tree_insert       tall_insert
#define tree_load         tall_load
#define tree_memory       tall_memory
#define tree_move         tall_move
#define tree_replace      tall_replace
#define tree_replace_at   tall_replace_at
#define tree_seek         tall_seek
#define tree_seek_key     tall_seek_key
#define tree_seek_score   tall_seek_score
#define tree_suite        tree_tall_suite
/* clang-format on */

#include "modules/structure/tree.c"

#include "tests/unit/modules/check_tree.c"
