/* Inside the runtime: JSON read in place, piece by piece, by who knows what must come next. Every
 * function steps over what it took and returns 1, or returns 0 for anything else. */
#ifndef MDL_RUNTIME_SCAN_H
#define MDL_RUNTIME_SCAN_H

#include "runtime/mdl.h"

typedef struct {
  const char *at, *end;
} mdl_scan;

void mdl_scan_space(mdl_scan *s);
int mdl_scan_take(mdl_scan *s, char c);
/* A string as it stands between its quotes, escapes and all. */
int mdl_scan_text(mdl_scan *s, mdl_scan *text);
/* A whole number that is not negative. */
int mdl_scan_count(mdl_scan *s, int64_t *value);
/* Any value that nobody reads. */
int mdl_scan_skip(mdl_scan *s);
/* [2, 3] */
int mdl_scan_shape(mdl_scan *s, int *rank, int64_t shape[MDL_MAX_DIMS]);

/* The next character of a string: its bytes in UTF-8, how many; 0 at the end or for nonsense. */
int mdl_scan_char(mdl_scan *text, char out[4]);
int mdl_scan_is(mdl_scan text, const char *word);

#endif
