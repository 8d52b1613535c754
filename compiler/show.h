/* What `mdlc run` prints: results as a person reads them, or one JSON object. */
#ifndef MDL_COMPILER_SHOW_H
#define MDL_COMPILER_SHOW_H

#include "compiler/args.h"

/* `out = 15`, `m.w = [[1, 2],` and so on: results, then inout parameters. A tensor of more than
 * 1000 elements shows its corners. */
char *mdl_show_text(const MdlArgs *args);
/* {"status": "ok", "results": […], "inout": {…}} */
char *mdl_show_json(const MdlArgs *args);

#endif
