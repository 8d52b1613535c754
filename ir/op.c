#include "ir/op.h"

#include <pthread.h>
#include <string.h>

/* The columns as written; operand counts and attribute lists are read out of them once. */
static MdlOpInfo rows[MDL_OP_ALL + 1] = {
#define EW(row, sig_, infix_, d_, loop_, hlo_, eval_, ieval_, exact_, doc_)                        \
  [MDL_OP_##row] = {.name = #row, .mlir = "mdl." #row, .sig = sig_, .elementwise = true,           \
                    .class = MDL_CLASS_map, .infix = infix_, .d = d_, .loop = loop_, .hlo = hlo_,  \
                    .exact = exact_, .attr_text = "", .doc = doc_},
#define OP(row, sig_, class_, lin_, attrs_, hlo_, doc_)                                            \
  [MDL_OP_##row] = {.name = #row, .mlir = "mdl." #row, .sig = sig_, .class = MDL_CLASS_##class_,   \
                    .lin = lin_, .hlo = hlo_, .attr_text = attrs_, .doc = doc_},
#include "ir/ops.def"
#define CORE(row, mlir_)                                                                           \
  [MDL_OP_##row] = {.name = #row, .mlir = mlir_, .sig = ":", .class = MDL_CLASS_core,              \
                    .attr_text = "", .doc = ""},
#include "ir/core_ops.def"
    [MDL_OP_none] = {.name = "none", .mlir = "", .sig = ":", .class = MDL_CLASS_core,
                     .attr_text = "", .doc = ""},
};

static const struct {
  const char *name;
  MdlAttrKind kind;
} kinds[] = {{"axis", MDL_ATTR_axis},   {"axes", MDL_ATTR_axes}, {"perm", MDL_ATTR_perm},
             {"dims", MDL_ATTR_dims},   {"sizes", MDL_ATTR_sizes}, {"pairs", MDL_ATTR_pairs},
             {"int", MDL_ATTR_int},     {"flag", MDL_ATTR_flag}, {"text", MDL_ATTR_text},
             {"number", MDL_ATTR_number}};

static bool word_is(const char *word, size_t length, const char *text)
{
  return strlen(text) == length && !memcmp(word, text, length);
}

/* Names of attributes live here: pointers into the rows' texts are not ended by a 0. */
static char attr_names[MDL_OP_COUNT][8][12];

/* "axis:axis batch:int" */
static void read_attrs(MdlOpInfo *row, char names[8][12])
{
  for (const char *p = row->attr_text; *p; p += strspn(p, " ")) {
    size_t name = strcspn(p, ":"), kind = strcspn(p + name + 1, " ");
    MdlAttrInfo *attr = &row->attr[row->attrs];
    memcpy(names[row->attrs], p, name);
    attr->name = names[row->attrs++];
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
      if (word_is(p + name + 1, kind, kinds[k].name)) attr->kind = kinds[k].kind;
    p += name + 1 + kind;
  }
}

static void read_rows(void)
{
  for (int i = 0; i < MDL_OP_COUNT; i++) {
    const char *colon = strchr(rows[i].sig, ':');
    rows[i].operands = (int)(colon - rows[i].sig);
    rows[i].results = (int)strlen(colon + 1);
    read_attrs(&rows[i], attr_names[i]);
  }
}

const MdlOpInfo *mdl_ops(void)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_rows);
  return rows;
}

MdlOp mdl_op_find(const char *name, size_t length)
{
  for (int i = 0; i < MDL_OP_COUNT; i++)
    if (word_is(name, length, rows[i].name)) return (MdlOp)i;
  return MDL_OP_none;
}

bool mdl_op_is_nodiff(MdlOp op)
{
  const MdlOpInfo *row = mdl_op_info(op);
  const char *rule = row->elementwise ? row->d : row->lin;
  return rule && !strcmp(rule, "!");
}

bool mdl_op_commutes(MdlOp op)
{
  switch ((int)op) {
  case MDL_OP_add:
  case MDL_OP_mul:
  case MDL_OP_max:
  case MDL_OP_min:
  case MDL_OP_eq:
  case MDL_OP_ne:
  case MDL_OP_bitand:
  case MDL_OP_bitor:
  case MDL_OP_bitxor: return true;
  default: return false;
  }
}

static const MdlInfix infix[] = {
#define INFIX(text, op, arity, precedence, associativity, spaced)                                  \
  {text, MDL_OP_##op, arity, precedence, MDL_ASSOC_##associativity, spaced},
#include "ir/infix.def"
};

const MdlInfix *mdl_infix_rows(int *count)
{
  *count = (int)(sizeof infix / sizeof *infix);
  return infix;
}

const MdlInfix *mdl_infix_of(MdlOp op)
{
  for (size_t i = 0; i < sizeof infix / sizeof *infix; i++)
    if (infix[i].op == op) return &infix[i];
  return NULL;
}
