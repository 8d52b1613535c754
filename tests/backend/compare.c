/* What differs: C from LLVM by bits, both from the evaluator by its bar. */
#include "tests/backend/trial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { MOST_SAID = 40 };

typedef struct Compare {
  const MdlTrial *trial;
  const MdlTrialOutput *output;
  int mismatches;
} Compare;

static MdlTensor loaded(const Compare *c, const MdlTrialOutput *output, int entry, int run,
                        int result)
{
  const MdlTensor *like = &c->trial->entry[entry].run[run].rounded.result[result];
  MdlTrialPlace place = mdl_trial_place(c->trial, entry, run, result);
  MdlTensor t = mdl_tensor_create(c->trial->ir->arena, like->dtype, like->rank, like->dim);
  mdl_tensor_load(&t, output->memory + place.offset);
  if (c->trial->xla) mdl_trial_flush(&t);
  return t;
}

static void tell(Compare *c, int entry, int run, int result, int64_t at, const char *what,
                 double got, double wanted)
{
  const MdlTrialEntry *e = &c->trial->entry[entry];
  if (c->mismatches++ >= MOST_SAID) return;
  fprintf(stderr, "%s: %s run %d out%d[%lld] is %.17g, %s %.17g\n    %s\n", c->output->name,
          e->name, run, result, (long long)at, got, what, wanted, e->text);
}

static double number_at(const MdlTensor *t, int64_t i)
{
  return t->real ? t->real[i] : (double)(int64_t)t->integer[i];
}

static bool same_at(const MdlTensor *a, const MdlTensor *b, int64_t i)
{
  if (!a->real) return a->integer[i] == b->integer[i];
  double x = a->real[i], y = b->real[i];
  return isnan(x) || isnan(y) ? isnan(x) && isnan(y) : x == y && signbit(x) == signbit(y);
}

bool mdl_trial_same(const MdlEvalResult *a, const MdlEvalResult *b)
{
  if (a->status != b->status || a->results != b->results) return false;
  for (int k = 0; k < a->results; k++)
    for (int64_t i = 0; i < a->result[k].count; i++)
      if (!same_at(&a->result[k], &b->result[k], i)) return false;
  return true;
}

/* ---- against another output, or the evaluator's bits ------------------------------------- */

static bool must_equal(Compare *c, int entry, int run, int result, const MdlTensor *got,
                       const MdlTensor *wanted, const char *what)
{
  for (int64_t i = 0; i < got->count; i++)
    if (!same_at(got, wanted, i)) {
      tell(c, entry, run, result, i, what, number_at(got, i), number_at(wanted, i));
      return false;
    }
  return true;
}

/* ---- against the evaluator's bar --------------------------------------------------------- */

static long double unit(MdlDtype dtype, long double x)
{
  static const int digits[] = {[MDL_f16] = 11, [MDL_bf16] = 8, [MDL_f32] = 24, [MDL_f64] = 53};
  static const int least[] = {
      [MDL_f16] = -14, [MDL_bf16] = -126, [MDL_f32] = -126, [MDL_f64] = -1022};
  int exponent = x == 0 || !isfinite(x) ? least[dtype] : ilogbl(x);
  return ldexpl(1, (exponent < least[dtype] ? least[dtype] : exponent) - digits[dtype] + 1);
}

/* Errors of a result over all runs: in ulps, or absolute. */
typedef struct Worst {
  long double error, largest;
} Worst;

static void worsen(Worst *w, const MdlTrialEntry *e, MdlDtype dtype, long double got,
                   long double truth)
{
  if (!isfinite(got) || !isfinite(truth)) return;
  long double error = fabsl(got - truth);
  if (e->bar == MDL_BAR_ulps) error /= unit(dtype, truth);
  if (error > w->error) w->error = error;
  if (fabsl(truth) > w->largest) w->largest = fabsl(truth);
}

/* What a right computation may be off. */
static long double allowed_error(const MdlTrialEntry *e, int result)
{
  Worst rounded = {0, 0}, shaken = {0, 0};
  MdlDtype dtype = e->run[0].rounded.result[result].dtype;
  for (int k = 0; k < e->runs; k++) {
    const MdlTrialRun *r = &e->run[k];
    const MdlWideTensor *truth = &r->truth.result[result], *other = &r->shaken.result[result];
    bool both = r->shaken.status == r->truth.status;
    for (int64_t i = 0; i < truth->count; i++) {
      worsen(&rounded, e, dtype, r->rounded.result[result].real[i], truth->real[i]);
      if (both) worsen(&shaken, e, dtype, other->real[i], truth->real[i]);
    }
  }
  long double slack = e->bar == MDL_BAR_ulps ? 2 : 2 * unit(dtype, rounded.largest);
  return fmaxl(4 * rounded.error, 2 * shaken.error) + slack;
}

/* Where the truth is beyond the largest number of the type, or nearly so, infinity is as good. */
static bool same_kind(MdlDtype dtype, double got, double wanted, long double truth)
{
  if (isnan(got) || isnan(wanted)) return isnan(got) && isnan(wanted);
  if (!isinf(got) && !isinf(wanted)) return true;
  if (isinf(got) && isinf(wanted)) return (got > 0) == (wanted > 0);
  long double largest = dtype == MDL_f16   ? 65504.0L
                        : dtype == MDL_f64 ? 0x1.fffffffffffffp1023L
                                           : 0x1.fep127L;
  return fabsl(truth) >= largest * 0.999L;
}

static void must_be_near(Compare *c, int entry, int run, int result, const MdlTensor *got)
{
  const MdlTrialEntry *e = &c->trial->entry[entry];
  const MdlTensor *s = &e->run[run].rounded.result[result];
  const MdlWideTensor *truth = &e->run[run].truth.result[result];
  long double allowed = allowed_error(e, result);
  for (int64_t i = 0; i < got->count; i++) {
    Worst mine = {0, 0};
    worsen(&mine, e, got->dtype, got->real[i], truth->real[i]);
    if (same_kind(got->dtype, got->real[i], s->real[i], truth->real[i]) && mine.error <= allowed)
      continue;
    tell(c, entry, run, result, i, "the evaluator says", got->real[i], s->real[i]);
    return;
  }
}

/* ---- all of it --------------------------------------------------------------------------- */

static int32_t status_of(const Compare *c, const MdlTrialOutput *output, int entry, int run)
{
  int32_t status;
  memcpy(&status, output->memory + mdl_trial_place(c->trial, entry, run, -1).offset, sizeof status);
  return status;
}

static void compare_run(Compare *c, const MdlTrialOutput *first, int entry, int run)
{
  const MdlTrialEntry *e = &c->trial->entry[entry];
  const MdlTrialRun *r = &e->run[run];
  int32_t status = status_of(c, c->output, entry, run);
  if (status != r->rounded.status) {
    tell(c, entry, run, -1, 0, "the evaluator's status is", status, r->rounded.status);
    return;
  }
  for (int j = 0; j < e->results && !status; j++) {
    MdlTensor got = loaded(c, c->output, entry, run, j);
    if (e->same_as) {
      MdlTensor other = loaded(c, c->output, entry - e->same_as, run, j);
      must_equal(c, entry, run, j, &got, &other, "the same on another schedule is");
    }
    if (c->output != first) {
      MdlTensor other = loaded(c, first, entry, run, j);
      must_equal(c, entry, run, j, &got, &other,
                 mdl_text(c->trial->ir->arena, "%s says", first->name));
    } else if (e->bar == MDL_BAR_exact || !got.real) {
      must_equal(c, entry, run, j, &got, &r->rounded.result[j], "the evaluator says");
    } else {
      must_be_near(c, entry, run, j, &got);
    }
  }
}

int mdl_trial_compare(const MdlTrial *trial, const MdlTrialOutput *outputs, int count)
{
  Compare c = {.trial = trial};
  for (int i = 0; i < count; i++) {
    c.output = &outputs[i];
    for (int entry = 0; entry < trial->entries; entry++)
      for (int run = 0; run < trial->entry[entry].runs; run++)
        compare_run(&c, &outputs[0], entry, run);
  }
  for (int i = 0; i < count; i++) munmap(outputs[i].memory, outputs[i].bytes);
  if (c.mismatches > MOST_SAID) fprintf(stderr, "and %d more\n", c.mismatches - MOST_SAID);
  return c.mismatches;
}
