#include "passes/group_doc.h"

#include <string.h>

enum { LONGEST = 120, DEEPEST = 12, LINES = 4 };

const char *mdl_doc_file(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash && strncmp(path, "std/", 4) ? slash + 1 : path;
}

typedef struct Doc {
  MdlIr *ir;
  const MdlCluster *cluster;
  MlirOperation root; /* what the formula is for: those of other parts stand there by name */
  const char *source; /* of the first op that has a place */
} Doc;

static bool is_inside(const Doc *d, MlirOperation op)
{
  const MdlCluster *c = d->cluster;
  for (int i = 0; i < c->parts; i++)
    if (mdl_same_op(c->part[i]->root, op) && !mdl_same_op(op, d->root)) return false;
  for (int i = 0; i < c->ops; i++)
    if (mdl_same_op(c->op[i], op)) return true;
  return false;
}

static const char *number_text(Doc *d, MlirOperation op)
{
  double real;
  int64_t integer;
  MdlAttrs attrs = mdl_attrs_of(d->ir, op);
  mdl_get_number(&attrs, "value", &real, &integer);
  if (!mdl_is_float(mdl_type_of(d->ir, mdl_result(op, 0))->dtype))
    return mdl_text(d->ir->arena, "%lld", (long long)integer);
  return mdl_text(d->ir->arena, "%.6g", real);
}

static const char *formula(Doc *d, MlirValue value, int precedence, int depth);

static const char *in_brackets(Doc *d, const char *text, bool wanted)
{
  return wanted ? mdl_text(d->ir->arena, "(%s)", text) : text;
}

static const char *infix_text(Doc *d, MlirOperation op, const MdlInfix *row, int precedence,
                              int depth)
{
  const char *text;
  if (row->arity == 1)
    text = mdl_text(d->ir->arena, "%s%s", row->text,
                    formula(d, mdl_operand(op, 0), row->precedence, depth));
  else
    text = mdl_text(d->ir->arena, row->spaced ? "%s %s %s" : "%s%s%s",
                    formula(d, mdl_operand(op, 0), row->precedence, depth), row->text,
                    formula(d, mdl_operand(op, 1), row->precedence + 1, depth));
  return in_brackets(d, text, row->precedence < precedence);
}

/* a @ b where the last axis of a meets the first of b; else dot(a, b). */
static const char *dot_text(Doc *d, MlirOperation op, int precedence, int depth)
{
  int64_t a[MDL_MAX_RANK], b[MDL_MAX_RANK], a_batch[MDL_MAX_RANK], b_batch[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(d->ir, op);
  int pairs = mdl_get_pairs(&attrs, "contract", a, b);
  int batches = mdl_get_pairs(&attrs, "batch", a_batch, b_batch);
  int rank[2] = {mdl_type_of(d->ir, mdl_operand(op, 0))->rank,
                 mdl_type_of(d->ir, mdl_operand(op, 1))->rank};
  const char *side[2];
  if (pairs != 1 || batches || rank[0] > 2 || rank[1] > 2)
    return mdl_text(d->ir->arena, "dot(%s, %s)", formula(d, mdl_operand(op, 0), 0, depth),
                    formula(d, mdl_operand(op, 1), 0, depth));
  bool turned[2] = {a[0] != rank[0] - 1, b[0] != 0};
  for (int i = 0; i < 2; i++) {
    side[i] = formula(d, mdl_operand(op, i), turned[i] ? 0 : 8 + i, depth);
    if (turned[i]) side[i] = mdl_text(d->ir->arena, "transpose(%s)", side[i]);
  }
  return in_brackets(d, mdl_text(d->ir->arena, "%s @ %s", side[0], side[1]), precedence > 7);
}

static const char *axes_text(Doc *d, MlirOperation op)
{
  int64_t axes[MDL_MAX_RANK];
  const char *text = "";
  int count = mdl_op_ints(op, "axes", axes, MDL_MAX_RANK);
  if (count <= 0 && mdl_op_has(op, "axis")) axes[0] = mdl_op_int(op, "axis", 0), count = 1;
  if (count == mdl_type_of(d->ir, mdl_operand(op, 0))->rank) return "";
  for (int i = 0; i < count; i++)
    text = mdl_text(d->ir->arena, "%s%s%lld", text, i ? ", " : "", (long long)axes[i]);
  return count == 1 ? mdl_text(d->ir->arena, ", axis=%s", text)
                    : mdl_text(d->ir->arena, ", axis=(%s)", text);
}

static const char *call_text(Doc *d, MlirOperation op, MdlOp kind, int depth)
{
  const char *name = mdl_op_info(kind)->name, *text = "";
  if (!strncmp(name, "reduce_", 7)) name += 7;
  for (int i = 0; i < mdl_operand_count(op); i++)
    text = mdl_text(d->ir->arena, "%s%s%s", text, i ? ", " : "",
                    formula(d, mdl_operand(op, i), 0, depth));
  bool axes = mdl_op_has(op, "axes") || mdl_op_has(op, "axis");
  return mdl_text(d->ir->arena, "%s(%s%s)", name, text,
                  axes && mdl_operand_count(op) ? axes_text(d, op) : "");
}

static const char *formula(Doc *d, MlirValue value, int precedence, int depth)
{
  MlirOperation op = mdl_def(value);
  MdlOp kind = mdl_def_op(d->ir, value);
  const char *name = mdl_value_name(d->ir, value);
  if (kind == MDL_OP_const) return number_text(d, op);
  if (kind == MDL_OP_size) {
    MdlAttrs attrs = mdl_attrs_of(d->ir, op);
    return mdl_get_text(&attrs, "of");
  }
  if (kind == MDL_OP_table) return name ? name : "table";
  if (mdl_is_null(op) || !is_inside(d, op)) return name ? name : "t";
  if (depth > DEEPEST) return "...";
  switch (kind) {
  case MDL_OP_broadcast:
  case MDL_OP_reshape:
  case MDL_OP_stop_grad:
    return formula(d, mdl_operand(op, 0), precedence, depth);
  case MDL_OP_dot:
    return dot_text(d, op, precedence, depth + 1);
  default:
    break;
  }
  const MdlInfix *row = mdl_infix_of(kind);
  if (row) return infix_text(d, op, row, precedence, depth + 1);
  return call_text(d, op, kind, depth + 1);
}

/* "mlp.mdl:7, 15" */
static const char *places(Doc *d)
{
  int lines[LINES], count = 0;
  const char *text = "";
  for (int i = 0; i < d->cluster->ops && count < LINES; i++) {
    const char *file = NULL;
    int line = mdl_line_of(d->ir, d->cluster->op[i], &file);
    if (!line || !file) continue;
    file = mdl_doc_file(file);
    if (!d->source) d->source = file;
    bool known = strcmp(file, d->source) != 0;
    for (int j = 0; j < count; j++) known |= lines[j] == line;
    if (known) continue;
    text = mdl_text(d->ir->arena, "%s%s%d", text, count ? ", " : "", line);
    lines[count++] = line;
  }
  return count ? mdl_text(d->ir->arena, "%s:%s", d->source, text) : "";
}

static const char *shape_text(MdlIr *ir, const MdlType *type)
{
  const char *text = "[";
  for (int i = 0; i < type->rank; i++)
    text = mdl_text(ir->arena, "%s%s%s", text, i ? ", " : "", mdl_size_text(type->dim[i]));
  return mdl_text(ir->arena, "%s]", text);
}

static const char *made_name(MdlIr *ir, MlirOperation root, MlirOperation seed)
{
  const char *name = mdl_value_name(ir, mdl_result(root, 0));
  if (name) return name;
  name = mdl_op_info(mdl_op(ir, mdl_is_null(seed) ? root : seed))->name;
  return strncmp(name, "reduce_", 7) ? name : name + 7;
}

void mdl_group_name(MdlIr *ir, const MdlCluster *c)
{
  for (int i = 0; i < c->parts; i++) {
    MlirValue root = mdl_result(c->part[i]->root, 0);
    if (mdl_value_name(ir, root)) continue;
    const char *base = made_name(ir, c->part[i]->root, c->part[i]->seed), *name = base;
    for (int j = 0, count = 0; j < c->parts; j++) {
      const char *other = mdl_value_name(ir, mdl_result(c->part[j]->root, 0));
      if (!other || strcmp(other, name)) continue;
      name = mdl_text(ir->arena, "%s_%d", base, ++count);
      j = -1;
    }
    mdl_value_set_name(ir, root, name);
  }
}

const char *mdl_group_made(MdlIr *ir, const MdlCluster *c)
{
  MlirValue last = c->root[c->roots - 1];
  const char *name = mdl_value_name(ir, last);
  return name ? name : mdl_value_name(ir, mdl_result(mdl_def(last), 0));
}

/* "h = max(dot, 0)   [B, 64]" */
static const char *line(Doc *d, const MdlPart *part)
{
  MlirValue root = mdl_result(part->root, 0);
  const MdlType *type = mdl_type_of(d->ir, root);
  d->root = part->root;
  const char *name = mdl_value_name(d->ir, root), *text = formula(d, root, 0, 0);
  bool brief = strlen(text) > LONGEST || strstr(text, "...") || strstr(text, "*/");
  const char *shape = type->rank ? mdl_text(d->ir->arena, "   %s", shape_text(d->ir, type)) : "";
  return mdl_text(d->ir->arena, "%s%s%s%s", name, brief ? "" : " = ", brief ? "" : text, shape);
}

const char *mdl_group_doc(MdlIr *ir, const MdlCluster *c)
{
  Doc d = {.ir = ir, .cluster = c};
  const char *text = "", *at = places(&d);
  for (int i = 0; i < c->parts; i++)
    text = mdl_text(ir->arena, "%s%s%s", text, i ? "\n" : "", line(&d, c->part[i]));
  return *at ? mdl_text(ir->arena, "%s   %s", text, at) : text;
}
