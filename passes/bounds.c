/* Each size that a program needs is a polynomial; with its coefficients made positive and floor(p/k)
 * taken for p/k it stays below what is allowed if every product of names in it stays below
 * (allowed - constant)/(sum of the other coefficients). The least of these for each product is its
 * bound: one compare for a name alone, a division more for each further factor. */
#include "passes/bounds.h"

#include <string.h>

enum { MAX_TERMS = 64 };

/* A polynomial from above; `over`: more terms than there is room for. */
typedef struct Upper {
  int terms;
  bool over;
  struct {
    double coefficient;
    uint8_t power[MDL_MAX_SIZES];
  } term[MAX_TERMS];
} Upper;

typedef struct Bounds {
  MdlPass *pass;
  MdlIr *ir;
  const MdlSignature *signature;
  int bounds, capacity;
  MdlBound *bound;
  MdlMap *seen; /* text of a size -> the least that it was bounded by */
} Bounds;

/* ---- polynomials from above -------------------------------------------------------------- */

static void put(Upper *u, double coefficient, const uint8_t *power)
{
  for (int i = 0; i < u->terms; i++) {
    if (memcmp(u->term[i].power, power, MDL_MAX_SIZES)) continue;
    u->term[i].coefficient += coefficient;
    return;
  }
  u->over |= u->terms == MAX_TERMS;
  if (u->over) return;
  u->term[u->terms].coefficient = coefficient;
  memcpy(u->term[u->terms++].power, power, MDL_MAX_SIZES);
}

static Upper *upper(Bounds *b) { return MDL_NEW(b->ir->arena, Upper, 1); }

static void *of_constant(void *user, int64_t value)
{
  static const uint8_t none[MDL_MAX_SIZES] = {0};
  Upper *u = upper(user);
  put(u, value < 0 ? -(double)value : (double)value, none);
  return u;
}

static void *of_name(void *user, const char *name)
{
  Bounds *b = user;
  Upper *u = upper(b);
  uint8_t power[MDL_MAX_SIZES] = {0};
  for (int i = 0; i < b->signature->sizes && i < MDL_MAX_SIZES; i++)
    if (!strcmp(b->signature->size[i], name)) {
      power[i] = 1;
      put(u, 1, power);
      return u;
    }
  u->over = true; /* a size of something else: nothing is known */
  return u;
}

static void *of_sum(void *user, void *left, void *right)
{
  Upper *u = upper(user), *r = right;
  *u = *(Upper *)left;
  u->over |= r->over;
  for (int i = 0; i < r->terms; i++) put(u, r->term[i].coefficient, r->term[i].power);
  return u;
}

static void *of_product(void *user, void *left, void *right)
{
  Upper *u = upper(user), *l = left, *r = right;
  u->over = l->over || r->over;
  for (int i = 0; i < l->terms; i++)
    for (int j = 0; j < r->terms; j++) {
      uint8_t power[MDL_MAX_SIZES];
      for (int k = 0; k < MDL_MAX_SIZES; k++)
        power[k] = (uint8_t)(l->term[i].power[k] + r->term[j].power[k]);
      put(u, l->term[i].coefficient * r->term[j].coefficient, power);
    }
  return u;
}

/* ---- bounds ------------------------------------------------------------------------------ */

static int degree_of(const uint8_t *power)
{
  int degree = 0;
  for (int i = 0; i < MDL_MAX_SIZES; i++) degree += power[i];
  return degree;
}

static void bound_product(Bounds *b, const uint8_t *power, int64_t most)
{
  for (int i = 0; i < b->bounds; i++) {
    if (memcmp(b->bound[i].power, power, MDL_MAX_SIZES)) continue;
    if (most < b->bound[i].most) b->bound[i].most = most;
    return;
  }
  MDL_GROW(b->ir->arena, b->bound, b->bounds, b->capacity);
  MdlBound *bound = &b->bound[b->bounds++];
  memcpy(bound->power, power, MDL_MAX_SIZES);
  bound->degree = degree_of(power);
  bound->most = most;
}

/* (most - constant)/(sum of the coefficients), rounded down. */
static int64_t room_of(const Upper *u, int64_t most)
{
  double constant = 0, rest = 0;
  for (int i = 0; i < u->terms; i++)
    *(degree_of(u->term[i].power) ? &rest : &constant) += u->term[i].coefficient;
  if (constant >= (double)most) return 0;
  most -= (int64_t)constant;
  bool is_whole = rest >= 1 && rest < 0x1p53 && rest == (double)(int64_t)rest;
  if (is_whole) return most / (int64_t)rest;
  double room = (double)most / rest * (1 - 1e-12);
  return room < 0x1p62 ? (int64_t)room : INT64_MAX >> 1;
}

static void bound_upper(Bounds *b, const Upper *u, int64_t most)
{
  if (u->over) return;
  int64_t room = room_of(u, most);
  for (int i = 0; i < u->terms; i++)
    if (degree_of(u->term[i].power)) bound_product(b, u->term[i].power, room);
}

/* What is divided is computed before. */
static void *of_floor(void *user, void *of, int64_t k)
{
  Upper *u = upper(user);
  bound_upper(user, of, INT64_MAX >> 1);
  *u = *(Upper *)of;
  for (int i = 0; i < u->terms; i++) u->term[i].coefficient /= (double)k;
  return u;
}

static void bound_size(Bounds *b, const MdlSize *size, int64_t most)
{
  static const MdlSizeFold fold = {of_constant, of_name, of_sum, of_sum, of_product, of_floor};
  const char *text = mdl_intern_text(b->ir->arena, mdl_size_text(size));
  const int64_t *before = mdl_map_get(b->seen, text);
  int64_t known;
  if (mdl_size_is_const(size, &known) || (before && *before <= most)) return;
  int64_t *now = MDL_NEW(b->ir->arena, int64_t, 1);
  *now = most;
  mdl_map_set(b->seen, text, now);
  bound_upper(b, mdl_size_fold(size, &fold, b), most);
}

/* ---- what is bounded --------------------------------------------------------------------- */

static void bound_bytes(Bounds *b, const MdlType *type, int64_t bytes)
{
  const MdlSize *all = mdl_type_elements(b->ir->sizes, type);
  const MdlSize *each = mdl_size_const(b->ir->sizes, mdl_dtypes[type->dtype].bytes);
  all = mdl_size_mul(b->ir->sizes, all, each);
  if (all) bound_size(b, all, bytes);
}

static int64_t largest_index(const Bounds *b)
{
  return b->pass->options->machine->index_bits == 32 ? INT32_MAX : INT64_MAX >> 1;
}

/* The tensor along whose `axis` an op counts places in i32, or NULL. */
static const MdlType *numbered_in_i32(const Bounds *b, MlirOperation op)
{
  MdlOp kind = mdl_op(b->ir, op);
  if (kind == MDL_OP_argmax || kind == MDL_OP_argmin || kind == MDL_OP_sort)
    return mdl_type_of(b->ir, mdl_operand(op, 0));
  if (kind != MDL_OP_iota) return NULL;
  const MdlType *type = mdl_type_of(b->ir, mdl_result(op, 0));
  return type->dtype == MDL_i32 ? type : NULL;
}

static bool bound_op(void *user, MlirOperation op)
{
  Bounds *b = user;
  int64_t index = largest_index(b);
  for (int i = 0; i < mdl_result_count(op); i++) {
    const MdlType *type = mdl_type_of(b->ir, mdl_result(op, i));
    for (int k = 0; type && k < type->rank; k++) bound_size(b, type->dim[k], index);
  }
  const MdlType *numbered = numbered_in_i32(b, op);
  if (numbered) bound_size(b, numbered->dim[mdl_op_int(op, "axis", 0)], INT32_MAX);
  return true;
}

static bool bound_entry_op(void *user, MlirOperation op)
{
  Bounds *b = user;
  bound_op(b, op);
  if (mdl_op(b->ir, op) != MDL_OP_call) return true;
  MlirOperation group = mdl_callee(b->ir, b->pass->symbols, op);
  return mdl_is_null(group) || mdl_walk(group, bound_op, b);
}

int mdl_bounds(MdlPass *pass, MlirOperation entry, const MdlSignature *signature, int64_t bytes,
               MdlBound **bound)
{
  Bounds b = {.pass = pass, .ir = pass->ir, .signature = signature};
  b.seen = mdl_map_create(pass->ir->arena);
  for (int i = 0; i < signature->sizes && i < MDL_MAX_SIZES; i++) {
    uint8_t power[MDL_MAX_SIZES] = {0};
    power[i] = 1;
    bound_product(&b, power, largest_index(&b));
  }
  for (int i = 0; i < signature->leaves; i++) bound_bytes(&b, &signature->leaf[i].type, bytes);
  for (int i = 0; i < signature->guards; i++) {
    bound_size(&b, signature->guard[i].left, INT64_MAX >> 1);
    if (signature->guard[i].right) bound_size(&b, signature->guard[i].right, INT64_MAX >> 1);
  }
  const MdlSize *size = mdl_op_size(pass->ir, entry, "mdl.work_bytes");
  if (size) bound_size(&b, size, bytes);
  mdl_walk(entry, bound_entry_op, &b);
  *bound = b.bound;
  return b.bounds;
}
