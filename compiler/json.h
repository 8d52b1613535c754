/* JSON as `mdlc run` reads it: RFC 8259, and the words nan, inf and -inf as numbers, since a value
 * on the command line is written in the same way. */
#ifndef MDL_COMPILER_JSON_H
#define MDL_COMPILER_JSON_H

#include "ir/arena.h"

typedef enum MdlJsonKind {
  MDL_JSON_null,
  MDL_JSON_bool,
  MDL_JSON_number,
  MDL_JSON_text,
  MDL_JSON_list,
  MDL_JSON_object
} MdlJsonKind;

typedef struct MdlJson {
  MdlJsonKind kind;
  const char *text;     /* a number as spelled, "true", a string's bytes */
  int count;            /* of a list or object */
  struct MdlJson *item; /* its values */
  const char **key;     /* of an object, in order; all different */
} MdlJson;

/* The whole text is one value. NULL with *why ("wanted `]` at character 7") otherwise. Nesting is
 * at most 256 deep. */
MdlJson *mdl_json_read(MdlArena *arena, const char *text, size_t length, const char **why);
/* With its quotes. */
const char *mdl_json_quoted(MdlArena *arena, const char *text);

#endif
