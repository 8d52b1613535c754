/* Every function that needs no import, for --list-builtins: name(parameters) and what it does. A
 * parameter in [ ] may be left out; `...` takes any number. */
#include "frontend/builtin.h"
#include "frontend/frontend.h"

#include <stdio.h>
#include <string.h>

/* "x axis? keep?" as "x, [axis], [keep]"; what stands after a `name*` goes by name only. */
static const char *parameters(MdlArena *arena, const char *params)
{
  const char *text = "";
  bool by_name = false;
  for (const char *word = params; *word;) {
    size_t length = strcspn(word, " ");
    char mark = word[length - 1];
    int bare = (int)length - (mark == '?' || mark == '*');
    const char *comma = *text ? ", " : "";
    if (mark == '*')
      text = mdl_text(arena, "%s%s%.*s...", text, comma, bare, word);
    else if (mark == '?')
      text = mdl_text(arena, "%s%s[%.*s%s]", text, comma, bare, word, by_name ? "=" : "");
    else
      text = mdl_text(arena, "%s%s%.*s", text, comma, bare, word);
    by_name |= mark == '*';
    word += length + (word[length] == ' ');
  }
  return text;
}

static const char *operands(MdlArena *arena, int count)
{
  return count == 1 ? "a" : count == 2 ? "a, b" : mdl_text(arena, "a, b, c");
}

const char *mdl_builtins_list(MdlArena *arena)
{
  int count;
  const MdlBuiltinInfo *row = mdl_builtin_rows(&count);
  const char *text = "";
  for (int i = 0; i < count; i++) {
    const char *head = mdl_text(arena, "%s(%s)", row[i].name, parameters(arena, row[i].params));
    text = mdl_text(arena, "%s%-52s %s\n", text, head, row[i].doc);
  }
  for (int i = 0; i < MDL_OP_COUNT; i++) {
    const MdlOpInfo *op = mdl_op_info((MdlOp)i);
    if (!op->elementwise || op->infix || mdl_builtin_find(op->name)) continue;
    const char *head = mdl_text(arena, "%s(%s)", op->name, operands(arena, op->operands));
    text = mdl_text(arena, "%s%-52s %s\n", text, head, op->doc);
  }
  return text;
}
