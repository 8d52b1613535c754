/* Random numbers: a key (u32[2]) and a counter through Threefry-2x32 (Salmon et al., Parallel
 * random numbers: as easy as 1, 2, 3, 2011), 20 rounds, in plain u32 ops: every backend gives the
 * same bits. Element i of a tensor is word i of its key's stream, so nothing depends on order or
 * threads. */
#include "frontend/builtin_emit.h"

#include <string.h>

/* What the first counter word says the stream is for: streams of one key never meet. */
typedef enum Purpose { FOR_ELEMENTS, FOR_FOLD, FOR_SPLIT } Purpose;

typedef struct Words {
  MdlCore *word[2];
} Words;

/* ---- Threefry ---------------------------------------------------------------------------- */

static MdlCore *rotate(MdlSema *s, MdlCore *x, int by)
{
  MdlCore *left = mdl_emit_map2(s, MDL_OP_shl, x, mdl_emit_like(s, x, by));
  MdlCore *right = mdl_emit_map2(s, MDL_OP_shr, x, mdl_emit_like(s, x, 32 - by));
  return mdl_emit_map2(s, MDL_OP_bitor, left, right);
}

static Words threefry(MdlSema *s, MdlCore *const key[2], Words x)
{
  static const int rotation[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  MdlCore *parity = mdl_emit_map2(s, MDL_OP_bitxor, key[0], key[1]);
  parity = mdl_emit_map2(s, MDL_OP_bitxor, parity, mdl_emit_like(s, parity, 0x1BD11BDA));
  MdlCore *const k[3] = {key[0], key[1], parity};
  for (int i = 0; i < 2; i++) x.word[i] = mdl_emit_map2(s, MDL_OP_add, x.word[i], k[i]);
  for (int round = 0; round < 20; round++) {
    x.word[0] = mdl_emit_map2(s, MDL_OP_add, x.word[0], x.word[1]);
    x.word[1] = rotate(s, x.word[1], rotation[round % 8]);
    x.word[1] = mdl_emit_map2(s, MDL_OP_bitxor, x.word[1], x.word[0]);
    if (round % 4 != 3) continue;
    int n = round / 4 + 1; /* the key comes in again, with the count of times */
    MdlCore *second = mdl_emit_map2(s, MDL_OP_add, k[(n + 1) % 3], mdl_emit_like(s, k[0], n));
    x.word[0] = mdl_emit_map2(s, MDL_OP_add, x.word[0], k[n % 3]);
    x.word[1] = mdl_emit_map2(s, MDL_OP_add, x.word[1], second);
  }
  return x;
}

static MdlType u32_scalar(void) { return mdl_type_scalar(MDL_u32); }

static MdlCore *u32_of(MdlSema *s, double value)
{
  MdlType type = u32_scalar();
  return mdl_emit_number(s, &type, value);
}

/* Both words of a key as scalars. */
static bool read_key(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, MdlCore *word[2])
{
  bool fits = v && mdl_is_kind(v, MDL_KIND_tensor) && v->type->tensor.rank == 1 &&
              v->type->tensor.dtype == MDL_u32 && v->type->tensor.dim[0] == mdl_num(s, 2);
  if (!fits) {
    MdlReport *r = mdl_error(mdl_sema_session(s), MDL_E0301, v ? v->at : call->at, "a key",
                             v ? mdl_vtype_text(s, v->type) : "nothing");
    mdl_help(r, "`key(0)` makes one, `split(k)` makes two of one");
    return false;
  }
  for (int i = 0; i < 2; i++) {
    MdlCore *part = mdl_emit_part(s, v->leaf[0], 0, mdl_num(s, i), mdl_num(s, i + 1));
    word[i] = mdl_emit_reshape(s, part, 0, NULL);
  }
  return true;
}

static MdlCore *key_of(MdlSema *s, Words w)
{
  const MdlSize *one = mdl_num(s, 1);
  MdlCore *a = mdl_emit_splat(s, w.word[0], 1, &one), *b = mdl_emit_splat(s, w.word[1], 1, &one);
  return mdl_emit_concat(s, a, b, 0);
}

/* `count` pairs of words of the key's stream. */
static Words stream(MdlSema *s, MdlCore *const key[2], Purpose purpose, const MdlSize *count)
{
  MdlType type = {.dtype = MDL_u32, .rank = 1};
  type.dim[0] = count;
  Words x = {{mdl_emit_number(s, &type, purpose), mdl_emit_iota(s, &type, 0)}};
  MdlCore *wide[2];
  for (int i = 0; i < 2; i++) wide[i] = mdl_emit_splat(s, key[i], 1, &count);
  return threefry(s, wide, x);
}

/* ---- keys -------------------------------------------------------------------------------- */

/* key(seed): the seed's 64 bits. */
MdlVal *mdl_builtin_key(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *seed = mdl_want_integers(s, call, call->arg[0]);
  if (!seed) return mdl_val_poison(s);
  if (seed->type.rank) return mdl_refuse(s, call, call->arg[0]);
  if (mdl_core_is_open(seed)) mdl_cell_decide(seed->cell, MDL_i64, call->at);
  seed = mdl_emit_convert(s, seed, MDL_u64);
  MdlCore *high = mdl_emit_map2(s, MDL_OP_shr, seed, mdl_emit_like(s, seed, 32));
  Words w = {{mdl_emit_convert(s, high, MDL_u32), mdl_emit_convert(s, seed, MDL_u32)}};
  return mdl_tensor_val(s, call, key_of(s, w));
}

/* fold(k, data): a new key for every integer. */
MdlVal *mdl_builtin_fold(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *key[2];
  MdlCore *data = mdl_want_integers(s, call, call->arg[1]);
  if (!data || !read_key(s, call, call->arg[0], key)) return mdl_val_poison(s);
  if (data->type.rank) return mdl_refuse(s, call, call->arg[1]);
  if (mdl_core_is_open(data)) mdl_cell_decide(data->cell, MDL_u32, call->at);
  Words x = {{u32_of(s, FOR_FOLD), mdl_emit_convert(s, data, MDL_u32)}};
  return mdl_tensor_val(s, call, key_of(s, threefry(s, key, x)));
}

/* split(k): two keys; split(k, n): u32[n, 2]. */
MdlVal *mdl_builtin_split(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *key[2];
  const MdlSize *one = mdl_num(s, 1),
                *n = call->arg[1] ? mdl_want_size(s, call, call->arg[1]) : one;
  if (!n || !read_key(s, call, call->arg[0], key)) return mdl_val_poison(s);
  if (call->arg[1]) {
    Words w = stream(s, key, FOR_SPLIT, n);
    MdlCore *a = mdl_emit_new_axis(s, w.word[0], 1), *b = mdl_emit_new_axis(s, w.word[1], 1);
    return mdl_tensor_val(s, call, mdl_emit_concat(s, a, b, 1));
  }
  MdlVal *pair[2];
  for (int i = 0; i < 2; i++) {
    Words x = {{u32_of(s, FOR_SPLIT), u32_of(s, i)}};
    pair[i] = mdl_val_core(s, key_of(s, threefry(s, key, x)), call->at);
  }
  return mdl_val_tuple(s, 2, pair, call->at);
}

/* ---- distributions ----------------------------------------------------------------------- */

/* A call's arguments after the key. In a `param` default the compiler supplies the key, and the
 * first argument is the first after it: normal(0.02) is normal(key, scale=0.02). */
typedef struct Draw {
  MdlCore *key[2];
  MdlVal *arg[3];
  MdlType type; /* of the result */
  const MdlSize *count;
} Draw;

static bool is_key(const MdlVal *v)
{
  return v && mdl_is_kind(v, MDL_KIND_tensor) && v->type->tensor.rank == 1 &&
         v->type->tensor.dtype == MDL_u32;
}

static bool read_draw(MdlSema *s, const MdlBuiltinCall *call, MdlDtype preset, Draw *d)
{
  bool supplied = call->key && !is_key(call->arg[0]);
  if (!mdl_wanted_shape(s, call, &d->type, preset)) return false;
  if (!read_key(s, call, supplied ? call->key : call->arg[0], d->key)) return false;
  for (int i = 0; i < 3; i++) d->arg[i] = call->arg[i + 1];
  if (supplied && call->arg[0]) { /* by order: everything moves up by one */
    for (int i = 2; i > 0; i--)
      if (!d->arg[i]) d->arg[i] = d->arg[i - 1], d->arg[i - 1] = NULL;
    d->arg[0] = call->arg[0];
  }
  d->count = mdl_type_elements(mdl_sema_sizes(s), &d->type);
  if (d->count) return true;
  mdl_error(mdl_sema_session(s), MDL_E0902, call->at, "the element count");
  return false;
}

static MdlCore *shaped(MdlSema *s, const Draw *d, MdlCore *flat)
{
  return mdl_emit_reshape(s, flat, d->type.rank, d->type.dim);
}

static MdlCore *scaled(MdlSema *s, MdlCore *x, double add, double by)
{
  if (add != 0) x = mdl_emit_map2(s, MDL_OP_add, x, mdl_emit_like(s, x, add));
  return mdl_emit_map2(s, MDL_OP_mul, x, mdl_emit_like(s, x, by));
}

/* The word's upper bits as a float. */
static MdlCore *upper(MdlSema *s, MdlCore *word, int drop, MdlDtype dtype)
{
  MdlCore *bits = mdl_emit_map2(s, MDL_OP_shr, word, mdl_emit_like(s, word, drop));
  return mdl_emit_convert(s, bits, dtype);
}

/* Uniform in [0, 1): as many bits as the element type holds. */
static MdlCore *unit(MdlSema *s, const Draw *d, MdlDtype dtype)
{
  Words w = stream(s, d->key, FOR_ELEMENTS, d->count);
  if (dtype == MDL_f64) {
    MdlCore *high = scaled(s, upper(s, w.word[0], 5, MDL_f64), 0, 0x1p26);
    MdlCore *both = mdl_emit_map2(s, MDL_OP_add, high, upper(s, w.word[1], 6, MDL_f64));
    return shaped(s, d, scaled(s, both, 0, 0x1p-53));
  }
  int bits = dtype == MDL_f16 ? 11 : dtype == MDL_bf16 ? 8 : 24;
  MdlCore *x = scaled(s, upper(s, w.word[0], 32 - bits, MDL_f32), 0, 1.0 / (double)(1 << bits));
  return mdl_emit_convert(s, shaped(s, d, x), dtype);
}

/* Uniform in (-1, 1), never an end: symmetric about 0. */
static MdlCore *symmetric(MdlSema *s, const Draw *d, bool wide)
{
  Words w = stream(s, d->key, FOR_ELEMENTS, d->count);
  MdlCore *x;
  if (wide) {
    MdlCore *high = scaled(s, upper(s, w.word[0], 0, MDL_f64), 0, 0x1p20);
    x = mdl_emit_map2(s, MDL_OP_add, high, upper(s, w.word[1], 12, MDL_f64));
    x = scaled(s, x, 0.5, 0x1p-51);
  } else {
    x = scaled(s, upper(s, w.word[0], 9, MDL_f32), 0.5, 0x1p-22);
  }
  x = mdl_emit_map2(s, MDL_OP_sub, x, mdl_emit_like(s, x, 1));
  return shaped(s, d, x);
}

/* An argument as a scalar of the draw's element type, or the preset. */
static MdlCore *scalar_arg(MdlSema *s, const MdlBuiltinCall *call, const Draw *d, int i,
                           MdlDtype dtype, double preset)
{
  MdlType type = mdl_type_scalar(dtype);
  MdlCore *x =
      d->arg[i] ? mdl_want_dtype(s, call, d->arg[i], dtype) : mdl_emit_number(s, &type, preset);
  if (x && x->type.rank) return mdl_refuse(s, call, d->arg[i]), NULL;
  return x;
}

static bool wants_floats(MdlSema *s, const MdlBuiltinCall *call, const Draw *d)
{
  if (mdl_is_float(d->type.dtype)) return true;
  mdl_error(mdl_sema_session(s), MDL_E0508, call->at, call->name, "a float",
            mdl_type_text(mdl_sema_arena(s), &d->type));
  return false;
}

/* uniform(k, lo=0, hi=1) */
MdlVal *mdl_builtin_uniform(MdlSema *s, const MdlBuiltinCall *call)
{
  Draw d;
  if (!read_draw(s, call, MDL_f32, &d) || !wants_floats(s, call, &d)) return mdl_val_poison(s);
  MdlCore *u = unit(s, &d, d.type.dtype);
  if (!d.arg[0] && !d.arg[1]) return mdl_tensor_val(s, call, u);
  MdlCore *lo = scalar_arg(s, call, &d, 0, d.type.dtype, 0);
  MdlCore *hi = scalar_arg(s, call, &d, 1, d.type.dtype, 1);
  if (!lo || !hi) return mdl_val_poison(s);
  MdlCore *width = mdl_emit_map2(s, MDL_OP_sub, hi, lo);
  return mdl_tensor_val(s, call,
                        mdl_emit_map2(s, MDL_OP_add, lo, mdl_emit_map2(s, MDL_OP_mul, width, u)));
}

/* sqrt(2)*erfinv(u), times the scale: `by`. */
static MdlCore *gaussian(MdlSema *s, const Draw *d, MdlCore *by)
{
  bool wide = d->type.dtype == MDL_f64;
  MdlCore *x = mdl_emit_map1(s, MDL_OP_erfinv, symmetric(s, d, wide));
  x = mdl_emit_convert(s, scaled(s, x, 0, 1.41421356237309504880), d->type.dtype);
  return by ? mdl_emit_map2(s, MDL_OP_mul, by, x) : x;
}

/* normal(k, scale=1) */
MdlVal *mdl_builtin_normal(MdlSema *s, const MdlBuiltinCall *call)
{
  Draw d;
  if (!read_draw(s, call, MDL_f32, &d) || !wants_floats(s, call, &d)) return mdl_val_poison(s);
  MdlCore *by = d.arg[0] ? scalar_arg(s, call, &d, 0, d.type.dtype, 1) : NULL;
  if (d.arg[0] && !by) return mdl_val_poison(s);
  return mdl_tensor_val(s, call, gaussian(s, &d, by));
}

/* bernoulli(k, p): true with probability p; 1 and 0 where numbers are wanted. */
MdlVal *mdl_builtin_bernoulli(MdlSema *s, const MdlBuiltinCall *call)
{
  Draw d;
  if (!read_draw(s, call, MDL_bool, &d)) return mdl_val_poison(s);
  MdlDtype dtype = d.type.dtype;
  MdlCore *p = scalar_arg(s, call, &d, 0, MDL_f32, 0.5);
  if (!p) return mdl_val_poison(s);
  MdlCore *on = mdl_emit_map2(s, MDL_OP_lt, unit(s, &d, MDL_f32), p);
  return mdl_tensor_val(s, call, mdl_emit_convert(s, on, dtype));
}

/* bits(k): the words themselves. */
MdlVal *mdl_builtin_bits(MdlSema *s, const MdlBuiltinCall *call)
{
  Draw d;
  if (!read_draw(s, call, MDL_u32, &d)) return mdl_val_poison(s);
  if (d.type.dtype != MDL_u32) {
    mdl_error(mdl_sema_session(s), MDL_E0508, call->at, call->name, "u32",
              mdl_type_text(mdl_sema_arena(s), &d.type));
    return mdl_val_poison(s);
  }
  Words w = stream(s, d.key, FOR_ELEMENTS, d.count);
  return mdl_tensor_val(s, call, shaped(s, &d, w.word[0]));
}

/* permutation(k, n): 0..n-1 in random order, as the order of n random words. */
MdlVal *mdl_builtin_permutation(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *key[2], *order;
  const MdlSize *n = mdl_want_size(s, call, call->arg[1]);
  if (!n || !read_key(s, call, call->arg[0], key)) return mdl_val_poison(s);
  mdl_emit_sort(s, stream(s, key, FOR_ELEMENTS, n).word[0], 0, &order);
  return mdl_tensor_val(s, call, order);
}

/* ---- initialisers of weights --------------------------------------------------------------- */

/* An integer argument as a scalar float. */
static MdlCore *fan_arg(MdlSema *s, const MdlBuiltinCall *call, const Draw *d, int i)
{
  const MdlSize *n = d->arg[i] ? mdl_want_size(s, call, d->arg[i]) : NULL;
  if (n) return mdl_emit_size(s, n, d->type.dtype);
  if (!d->arg[i])
    mdl_error(mdl_sema_session(s), MDL_E0504, call->at, call->name, i ? "outputs" : "fan");
  return NULL;
}

/* he_normal(fan): deviation sqrt(2/fan) (He et al. 2015); lecun_normal: sqrt(1/fan). */
MdlVal *mdl_builtin_fan_normal(MdlSema *s, const MdlBuiltinCall *call)
{
  Draw d;
  if (!read_draw(s, call, MDL_f32, &d) || !wants_floats(s, call, &d)) return mdl_val_poison(s);
  MdlCore *fan = fan_arg(s, call, &d, 0);
  if (!fan) return mdl_val_poison(s);
  MdlCore *by = mdl_emit_map2(s, MDL_OP_div, mdl_emit_like(s, fan, call->which), fan);
  return mdl_tensor_val(s, call, gaussian(s, &d, mdl_emit_map1(s, MDL_OP_sqrt, by)));
}

/* glorot_uniform(fan, outputs): within ±sqrt(6/(fan + outputs)) (Glorot and Bengio 2010);
 * glorot_normal (`which` 1): deviation sqrt(2/(fan + outputs)). */
MdlVal *mdl_builtin_glorot(MdlSema *s, const MdlBuiltinCall *call)
{
  Draw d;
  if (!read_draw(s, call, MDL_f32, &d) || !wants_floats(s, call, &d)) return mdl_val_poison(s);
  MdlCore *in = fan_arg(s, call, &d, 0), *out = in ? fan_arg(s, call, &d, 1) : NULL;
  if (!out) return mdl_val_poison(s);
  MdlCore *both = mdl_emit_map2(s, MDL_OP_add, in, out);
  MdlCore *by = mdl_emit_map2(s, MDL_OP_div, mdl_emit_like(s, both, call->which ? 2 : 6), both);
  by = mdl_emit_map1(s, MDL_OP_sqrt, by);
  if (call->which) return mdl_tensor_val(s, call, gaussian(s, &d, by));
  MdlCore *u = mdl_emit_convert(s, symmetric(s, &d, d.type.dtype == MDL_f64), d.type.dtype);
  return mdl_tensor_val(s, call, mdl_emit_map2(s, MDL_OP_mul, by, u));
}
