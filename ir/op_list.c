#include "ir/op_list.h"

#include "ir/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const class_names[] = {
    [MDL_CLASS_map] = "map",       [MDL_CLASS_leaf] = "leaf",         [MDL_CLASS_move] = "move",
    [MDL_CLASS_reduce] = "reduce", [MDL_CLASS_contract] = "contract", [MDL_CLASS_conv] = "conv",
    [MDL_CLASS_gather] = "gather", [MDL_CLASS_scatter] = "scatter",   [MDL_CLASS_window] = "window",
    [MDL_CLASS_scan] = "scan",     [MDL_CLASS_sort] = "sort",         [MDL_CLASS_effect] = "effect",
    [MDL_CLASS_core] = "core",
};

static const char *const attr_kinds[] = {
    [MDL_ATTR_axis] = "axis",     [MDL_ATTR_axes] = "axes",   [MDL_ATTR_perm] = "permutation",
    [MDL_ATTR_dims] = "integers", [MDL_ATTR_sizes] = "sizes", [MDL_ATTR_pairs] = "pairs of axes",
    [MDL_ATTR_int] = "integer",   [MDL_ATTR_flag] = "flag",   [MDL_ATTR_text] = "text",
    [MDL_ATTR_number] = "number",
};

/* Letters of a signature as words: "BAA:A" is "(bool, any, any) -> any". */
static const char *signature(MdlArena *arena, const char *sig) {
  static const char letters[] = "FINJBAZ";
  static const char *const words[] = {"float", "int", "number", "int or bool",
                                      "bool",  "any", "given"};
  const char *text = "(";
  int in = 0, out = 0;
  bool results = false;
  for (; *sig; sig++) {
    if (*sig == ':') {
      text = mdl_text(arena, "%s) ->", text);
      results = true;
      continue;
    }
    const char *at = strchr(letters, *sig);
    const char *comma = results ? (out++ ? ", " : " ") : (in++ ? ", " : "");
    text = mdl_text(arena, "%s%s%s", text, comma, at ? words[at - letters] : "?");
  }
  return out ? text : mdl_text(arena, "%s ()", text);
}

static const char *attributes(MdlArena *arena, const MdlOpInfo *op) {
  const char *text = "";
  for (int i = 0; i < op->attrs; i++)
    text = mdl_text(arena, "%s%s%s: %s", text, i ? ", " : "", op->attr[i].name,
                    attr_kinds[op->attr[i].kind]);
  return text;
}

/* What the table says about derivatives: partials, or the operands in which the op is linear. */
static const char *derivative(MdlArena *arena, const MdlOpInfo *op, MdlOp id) {
  if (mdl_op_is_nodiff(id)) return "none";
  if (op->elementwise) return op->d;
  return strcmp(op->lin, "fn") ? mdl_text(arena, "linear in %s", op->lin) : "its own rule";
}

static char *finish(MdlArena *arena, FILE *out, char **text, size_t *length) {
  fclose(out);
  char *copy = mdl_text_copy(arena, *text, *length);
  free(*text);
  return copy;
}

char *mdl_ops_list(MdlArena *arena) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return mdl_text_copy(arena, "", 0);
  int widest = 0;
  for (int i = 0; i < MDL_OP_COUNT; i++) {
    int width = (int)strlen(signature(arena, mdl_op_info((MdlOp)i)->sig));
    if (width > widest) widest = width;
  }
  for (int i = 0; i < MDL_OP_COUNT; i++) {
    const MdlOpInfo *op = mdl_op_info((MdlOp)i);
    const char *attrs = attributes(arena, op);
    fprintf(out, "%-16s%-5s%-*s  %-9s %s%s%s%s\n", op->name, op->infix ? op->infix : "", widest,
            signature(arena, op->sig), class_names[op->class], op->doc, *attrs ? " {" : "", attrs,
            *attrs ? "}" : "");
  }
  return finish(arena, out, &text, &length);
}

/* `|` ends a cell in a table of Markdown. */
static void put_cell(FILE *out, const char *text, bool code) {
  const char *tick = code && *text ? "`" : "";
  fprintf(out, " %s", tick);
  for (; *text; text++) {
    if (*text == '|') fputc('\\', out);
    fputc(*text, out);
  }
  fprintf(out, "%s |", tick);
}

char *mdl_ops_markdown(MdlArena *arena) {
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return mdl_text_copy(arena, "", 0);
  for (int class = 0; class < MDL_CLASS_core; class ++) {
    fprintf(
        out,
        "%s## %s\n\n| op | types | attributes | derivative | meaning |\n|---|---|---|---|---|\n",
        class ? "\n" : "", class_names[class]);
    for (int i = 0; i < MDL_OP_COUNT; i++) {
      const MdlOpInfo *op = mdl_op_info((MdlOp)i);
      if ((int)op->class != class) continue;
      const char *name = op->infix ? mdl_text(arena, "%s  %s", op->name, op->infix) : op->name;
      fputc('|', out);
      put_cell(out, name, true);
      put_cell(out, signature(arena, op->sig), false);
      put_cell(out, attributes(arena, op), false);
      put_cell(out, derivative(arena, op, (MdlOp)i), op->elementwise);
      put_cell(out, op->doc, false);
      fputc('\n', out);
    }
  }
  return finish(arena, out, &text, &length);
}
