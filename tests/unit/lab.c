#include "tests/unit/lab.h"

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

void lab_load(Lab *lab, const char *text)
{
  mdl_module_destroy(lab->module);
  lab->module = mdl_parse_mlir(lab->ir, text, strlen(text));
  if (mdl_is_null(lab->module)) ck_abort_msg("%s", mdl_ir_said(lab->ir));
  const char *why = mdl_verify(lab->ir, lab->module);
  if (why) ck_abort_msg("%s", why);
}

Lab lab_open(const char *text)
{
  Lab lab = {.session = mdl_session_create(), .options = {.opt = 2}};
  lab.ir = mdl_ir_create(lab.session);
  if (text) lab_load(&lab, text);
  return lab;
}

void lab_close(Lab *lab)
{
  mdl_module_destroy(lab->module);
  mdl_ir_destroy(lab->ir);
  mdl_session_destroy(lab->session);
}

const char *lab_run(Lab *lab, const char *passes)
{
  if (!mdl_passes_run(lab->ir, lab->module, &lab->options, passes, NULL))
    ck_abort_msg("passes %s report an error", passes);
  return mdl_ir_text(lab->ir, lab->module, false);
}

MlirOperation lab_func(Lab *lab, const char *symbol)
{
  MlirOperation func = mdl_symbol(lab->ir, mdl_symbols(lab->ir, lab->module), symbol);
  if (mdl_is_null(func)) ck_abort_msg("there is no @%s", symbol);
  return func;
}

/* ---- evaluating -------------------------------------------------------------------------- */

static bool size_of(void *user, const char *name, int64_t *value)
{
  (void)user;
  *value = !strcmp(name, "N") ? 3 : !strcmp(name, "M") ? 2 : 4;
  return true;
}

static uint32_t next(uint32_t *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static double special_real(uint32_t pick, MdlDtype dtype)
{
  const double values[] = {0.0, -0.0, 1, -1, 0.5, 3, NAN, INFINITY, -INFINITY, 1e-42, 65504, -2.5};
  double value = values[pick % (sizeof values / sizeof *values)];
  return (double)mdl_round_to(dtype, value);
}

MdlTensor lab_argument(Lab *lab, MlirType type, int seed, bool special)
{
  const MdlType *t = mdl_type_read(lab->ir, type);
  int64_t dim[MDL_MAX_RANK];
  for (int i = 0; i < t->rank; i++) mdl_size_eval(t->dim[i], size_of, NULL, &dim[i]);
  MdlTensor tensor = mdl_tensor_create(lab->ir->arena, t->dtype, t->rank, dim);
  uint32_t state = (uint32_t)seed * 2654435761u + 12345;
  for (int64_t i = 0; i < tensor.count; i++) {
    uint32_t pick = next(&state);
    int64_t small = (int64_t)(pick % 9) - 4;
    if (tensor.real)
      tensor.real[i] = special ? special_real(pick, t->dtype) : (double)small + 0.5 * (pick & 1);
    else if (t->dtype == MDL_bool)
      tensor.integer[i] = pick & 1;
    else
      tensor.integer[i] = (uint64_t)(mdl_dtypes[t->dtype].kind == 'u' ? small + 4 : small);
  }
  return tensor;
}

MdlEvalResult lab_eval(Lab *lab, const char *symbol, int seed, bool special)
{
  MlirOperation func = lab_func(lab, symbol);
  int count = mdl_func_args(func);
  MdlTensor *args = MDL_NEW(lab->ir->arena, MdlTensor, (size_t)count);
  for (int i = 0; i < count; i++)
    args[i] = lab_argument(lab, mdl_func_arg_type(func, i), seed * 100 + i, special);
  MdlEvalOptions options = {.size_of = size_of};
  return mdl_eval(lab->ir, lab->module, func, args, &options, lab->ir->arena);
}

bool lab_same(const MdlTensor *a, const MdlTensor *b)
{
  if (a->dtype != b->dtype || a->count != b->count) return false;
  for (int64_t i = 0; i < a->count; i++) {
    if (!a->real) {
      if (a->integer[i] != b->integer[i]) return false;
      continue;
    }
    double x = (double)a->real[i], y = (double)b->real[i];
    if (isnan(x) ? !isnan(y) : memcmp(&x, &y, sizeof x) != 0) return false;
  }
  return true;
}

void lab_keeps(const char *text, const char *symbol, const char *passes)
{
  enum { RUNS = 4 };
  Lab lab = lab_open(text);
  MdlEvalResult before[RUNS];
  for (int i = 0; i < RUNS; i++) before[i] = lab_eval(&lab, symbol, i, i % 2 == 1);
  const char *after = lab_run(&lab, passes);
  for (int i = 0; i < RUNS; i++) {
    MdlEvalResult now = lab_eval(&lab, symbol, i, i % 2 == 1);
    if (now.status != before[i].status) ck_abort_msg("another status after %s:\n%s", passes, after);
    for (int k = 0; k < now.results; k++)
      if (!lab_same(&now.result[k], &before[i].result[k]))
        ck_abort_msg("result %d differs after %s:\n%s", k, passes, after);
  }
  lab_close(&lab);
}

void lab_contains(const char *text, ...)
{
  va_list pieces;
  va_start(pieces, text);
  const char *at = text;
  for (const char *piece; (piece = va_arg(pieces, const char *));) {
    at = strstr(at, piece);
    if (!at) ck_abort_msg("no `%s` (in this order) in:\n%s", piece, text);
    at += strlen(piece);
  }
  va_end(pieces);
}
