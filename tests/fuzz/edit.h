/* Random edits of a source text: of one token, or of a few bytes. */
#ifndef MDL_TESTS_FUZZ_EDIT_H
#define MDL_TESTS_FUZZ_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MdlText {
  char *bytes; /* owned, ended by a 0 that is not counted */
  size_t length;
} MdlText;

bool mdl_text_read(const char *path, MdlText *text);

typedef struct MdlRandom {
  uint64_t state;
} MdlRandom;
uint64_t mdl_random(MdlRandom *random, uint64_t below);

/* A changed copy, to be freed. *whole_token says that exactly one token that is no bracket was
 * dropped, doubled, swapped with the next, replaced or added. */
MdlText mdl_edit(const MdlText *text, MdlRandom *random, bool *whole_token);

#endif
