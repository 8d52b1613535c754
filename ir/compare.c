/* Comparing ops: a fingerprint that tells change, a hash and an equality that tell sameness. */
#include "ir/ir.h"

#include <string.h>

static uint64_t mix(uint64_t h, uint64_t with)
{
  h = (h ^ with) * 0x9E3779B97F4A7C15u;
  return h ^ h >> 29;
}

static uint64_t mix_pointer(uint64_t h, const void *p) { return mix(h, (uint64_t)(uintptr_t)p); }

/* Names of values say nothing about what an op does. */
static bool counts(MlirNamedAttribute attr)
{
  MlirStringRef name = mlirIdentifierStr(attr.name);
  return name.length != 9 || memcmp(name.data, "mdl.names", 9);
}

/* Name, attributes and types: all uniqued, so their addresses stand for them. */
static uint64_t mix_shape(uint64_t h, MlirOperation op)
{
  h = mix_pointer(h, mlirIdentifierStr(mlirOperationGetName(op)).data);
  intptr_t count = mlirOperationGetNumAttributes(op); /* MLIR sorts them afresh at every call */
  for (intptr_t i = 0; i < count; i++) {
    MlirNamedAttribute attr = mlirOperationGetAttribute(op, i);
    if (counts(attr)) h = mix_pointer(mix_pointer(h, attr.name.ptr), attr.attribute.ptr);
  }
  for (int i = 0; i < mdl_result_count(op); i++)
    h = mix_pointer(h, mlirValueGetType(mdl_result(op, i)).ptr);
  return h;
}

/* ---- change ------------------------------------------------------------------------------ */

static bool add_print(void *user, MlirOperation op)
{
  uint64_t h = mix_shape(mix_pointer(*(uint64_t *)user, op.ptr), op);
  for (int i = 0; i < mdl_operand_count(op); i++) h = mix_pointer(h, mdl_operand(op, i).ptr);
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirBlock body = mdl_body(op, i);
    for (int k = 0; body.ptr && k < mdl_arg_count(body); k++)
      h = mix_pointer(h, mlirValueGetType(mdl_arg(body, k)).ptr);
  }
  *(uint64_t *)user = h;
  return true;
}

uint64_t mdl_fingerprint(MlirOperation op)
{
  uint64_t h = 0;
  mdl_walk(op, add_print, &h);
  return h;
}

/* ---- sameness ---------------------------------------------------------------------------- */

/* Values defined inside the op count by their order, those outside by themselves. */
typedef struct Hash {
  MdlIr *ir;
  MdlMap *inside; /* NULL for an op without regions */
} Hash;

static uint64_t hash(Hash *x, uint64_t h, MlirOperation op);

static void number(Hash *x, MlirValue value)
{
  mdl_map_set(x->inside, value.ptr, (void *)(intptr_t)(mdl_map_count(x->inside) + 1));
}

static uint64_t hash_body(Hash *x, uint64_t h, MlirBlock body)
{
  for (int i = 0; i < mdl_arg_count(body); i++) {
    h = mix_pointer(h, mlirValueGetType(mdl_arg(body, i)).ptr);
    number(x, mdl_arg(body, i));
  }
  for (MlirOperation op = mdl_first(body); !mdl_is_null(op); op = mdl_next(op)) {
    h = hash(x, h, op);
    for (int i = 0; i < mdl_result_count(op); i++) number(x, mdl_result(op, i));
  }
  return h;
}

static uint64_t hash_operand(const Hash *x, MlirOperation op, int i)
{
  MlirValue operand = mdl_operand(op, i);
  void *order = x->inside ? mdl_map_get(x->inside, operand.ptr) : NULL;
  return mix_pointer(0, order ? order : operand.ptr);
}

static uint64_t hash(Hash *x, uint64_t h, MlirOperation op)
{
  h = mix_shape(h, op);
  if (mdl_op_commutes(mdl_op(x->ir, op)))
    h = mix(h, hash_operand(x, op, 0) + hash_operand(x, op, 1));
  else
    for (int i = 0; i < mdl_operand_count(op); i++) h = mix(h, hash_operand(x, op, i));
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirBlock body = mdl_body(op, i);
    h = body.ptr ? hash_body(x, mix(h, 1), body) : mix(h, 2);
  }
  return h;
}

uint64_t mdl_op_hash(MdlIr *ir, MlirOperation op)
{
  Hash x = {ir, mdl_region_count(op) ? mdl_map_create(ir->arena) : NULL};
  return hash(&x, 0, op);
}

static bool same_attrs(MlirOperation a, MlirOperation b)
{
  intptr_t na = mlirOperationGetNumAttributes(a), nb = mlirOperationGetNumAttributes(b);
  intptr_t i = 0, k = 0;
  while (i < na || k < nb) {
    MlirNamedAttribute x = {0}, y = {0};
    if (i < na && !counts(x = mlirOperationGetAttribute(a, i))) {
      i++;
      continue;
    }
    if (k < nb && !counts(y = mlirOperationGetAttribute(b, k))) {
      k++;
      continue;
    }
    if (i == na || k == nb) return false;
    if (x.name.ptr != y.name.ptr || x.attribute.ptr != y.attribute.ptr) return false;
    i++, k++;
  }
  return true;
}

typedef struct Same {
  MdlIr *ir;
  MdlMap *map; /* values inside a -> values inside b; NULL while neither has regions */
} Same;

static bool same(Same *s, MlirOperation a, MlirOperation b);

static bool same_type(MlirValue a, MlirValue b)
{
  return mlirValueGetType(a).ptr == mlirValueGetType(b).ptr;
}

static bool same_body(Same *s, MlirBlock a, MlirBlock b)
{
  if (!a.ptr || !b.ptr) return a.ptr == b.ptr;
  if (mdl_arg_count(a) != mdl_arg_count(b)) return false;
  for (int i = 0; i < mdl_arg_count(a); i++) {
    if (!same_type(mdl_arg(a, i), mdl_arg(b, i))) return false;
    mdl_map_value_set(s->map, mdl_arg(a, i), mdl_arg(b, i));
  }
  MlirOperation x = mdl_first(a), y = mdl_first(b);
  for (; !mdl_is_null(x) && !mdl_is_null(y); x = mdl_next(x), y = mdl_next(y)) {
    if (!same(s, x, y)) return false;
    for (int i = 0; i < mdl_result_count(x); i++)
      mdl_map_value_set(s->map, mdl_result(x, i), mdl_result(y, i));
  }
  return mdl_is_null(x) && mdl_is_null(y);
}

static bool same_operands(const Same *s, MlirOperation a, MlirOperation b, bool swap)
{
  for (int i = 0; i < mdl_operand_count(a); i++) {
    MlirValue operand = mdl_operand(a, i);
    if (s->map) operand = mdl_map_value_get(s->map, operand);
    if (!mdl_same(operand, mdl_operand(b, swap ? 1 - i : i))) return false;
  }
  return true;
}

static bool same(Same *s, MlirOperation a, MlirOperation b)
{
  if (mlirOperationGetName(a).ptr != mlirOperationGetName(b).ptr || !same_attrs(a, b) ||
      mdl_operand_count(a) != mdl_operand_count(b) || mdl_result_count(a) != mdl_result_count(b) ||
      mdl_region_count(a) != mdl_region_count(b))
    return false;
  if (!same_operands(s, a, b, false) &&
      !(mdl_op_commutes(mdl_op(s->ir, a)) && same_operands(s, a, b, true)))
    return false;
  for (int i = 0; i < mdl_result_count(a); i++)
    if (!same_type(mdl_result(a, i), mdl_result(b, i))) return false;
  for (int i = 0; i < mdl_region_count(a); i++)
    if (!same_body(s, mdl_body(a, i), mdl_body(b, i))) return false;
  return true;
}

bool mdl_op_same(MdlIr *ir, MlirOperation a, MlirOperation b)
{
  Same s = {ir, mdl_region_count(a) ? mdl_map_create(ir->arena) : NULL};
  return same(&s, a, b);
}
