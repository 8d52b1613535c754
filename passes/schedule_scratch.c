/* Scratch memory of groups: the panels that a contraction packs its operands into. */
#include "passes/contract.h"
#include "passes/schedule.h"
#include "passes/phases.h"

/* Panels of columns, the last one filled up; then the rows of a block. */
const MdlSize *mdl_schedule_panels(const MdlGroup *g, const MdlSchedule *s, bool of_rows)
{
  MdlSizes *sizes = g->ir->sizes;
  if (!s->pack) return NULL;
  MdlContract c = mdl_contract_read(g);
  int of = mdl_contract_reads(&c, 0, s->lanes) ? 0 : 1, panel = s->unroll[1] * s->width;
  if (!(s->pack & 1 << (of_rows ? 1 - of : of))) return NULL;
  const MdlSize *count;
  if (!of_rows)
    count = mdl_size_mul(sizes, mdl_size_ceil_div(sizes, c.result->dim[s->lanes], panel),
                         mdl_size_const(sizes, panel));
  else if (s->tile[s->rows])
    count = mdl_size_const(sizes, s->tile[s->rows]);
  else
    count = c.result->dim[s->rows];
  for (int i = 0; i < c.ks; i++) count = mdl_size_mul(sizes, count, c.k[i]);
  return count;
}

MdlDtype mdl_schedule_scratch_dtype(const MdlGroup *g)
{
  MdlDtype dtype = MDL_f32;
  if (!mdl_is_rows(g->func)) return mdl_type_of(g->ir, mdl_result(g->seed, 0))->dtype;
  MdlPhases p = mdl_phases_read(g->ir, g->func);
  mdl_phases_buffer(&p, &dtype);
  return dtype;
}

static const MdlSize *row_buffer(const MdlGroup *g)
{
  MdlDtype dtype;
  MdlPhases p = mdl_phases_read(g->ir, g->func);
  const MdlSize *count = mdl_phases_buffer(&p, &dtype);
  if (!count) return NULL;
  return mdl_size_mul(g->ir->sizes, count, mdl_size_const(g->ir->sizes, mdl_dtypes[dtype].bytes));
}

const MdlSize *mdl_schedule_scratch(const MdlGroup *g, const MdlSchedule *s)
{
  MdlSizes *sizes = g->ir->sizes;
  if (mdl_is_rows(g->func)) return row_buffer(g);
  const MdlSize *columns = mdl_schedule_panels(g, s, false);
  const MdlSize *rows = mdl_schedule_panels(g, s, true);
  const MdlSize *count = columns && rows ? mdl_size_add(sizes, columns, rows)
                         : columns       ? columns
                                         : rows;
  if (!count) return NULL;
  MdlDtype dtype = mdl_schedule_scratch_dtype(g);
  return mdl_size_mul(sizes, count, mdl_size_const(sizes, mdl_dtypes[dtype].bytes));
}

/* ---- what the work buffer holds ---------------------------------------------------------- */

typedef struct Most {
  MdlSizes *sizes;
  const MdlSize *columns, *rows; /* NULL: none so far */
} Most;

/* The larger of two sizes where that is known for all values, else the sum. */
static const MdlSize *larger(Most *m, const MdlSize *a, const MdlSize *b)
{
  if (!a || !b) return a ? a : b;
  if (mdl_size_dominates(m->sizes, a, b)) return a;
  if (mdl_size_dominates(m->sizes, b, a)) return b;
  return mdl_size_add(m->sizes, a, b);
}

/* Panels of whatever width up to `panel` hold no more columns than these. */
static const MdlSize *columns_up_to(const MdlGroup *g, const MdlSchedule *s, int panel)
{
  MdlSizes *sizes = g->ir->sizes;
  MdlContract c = mdl_contract_read(g);
  const MdlSize *count = c.result->dim[s->lanes];
  int64_t known;
  if (mdl_size_is_const(count, &known))
    count = mdl_size_const(sizes, (known + panel - 1) / panel * panel);
  else
    count = mdl_size_add(sizes, count, mdl_size_const(sizes, panel - 1));
  for (int i = 0; i < c.ks; i++) count = mdl_size_mul(sizes, count, c.k[i]);
  return count;
}

static void add(Most *m, const MdlGroup *g, const MdlSchedule *s)
{
  if (mdl_schedule_panels(g, s, false))
    m->columns = larger(m, m->columns, columns_up_to(g, s, s->unroll[1] * s->width));
  m->rows = larger(m, m->rows, mdl_schedule_panels(g, s, true));
}

const MdlSize *mdl_schedule_reserved(const MdlGroup *g, const MdlSchedule *s)
{
  Most m = {.sizes = g->ir->sizes};
  int machines;
  const MdlMachine *machine = mdl_machines(&machines);
  if (!mdl_is_contract(g) || g->machine->warp) return mdl_schedule_scratch(g, s);
  /* in the order of the table, so that the sum is the same wherever it is made */
  for (int i = 0; i < machines; i++) {
    bool shares = machine[i].index_bits == 64 && g->machine->index_bits == 64 && !machine[i].warp;
    if (!shares || !machine[i].vector_bytes) continue;
    MdlGroup there = *g;
    there.machine = &machine[i];
    MdlSchedule chosen = mdl_schedule_choose(&there);
    add(&m, &there, &chosen);
  }
  add(&m, g, s);
  const MdlSize *count = m.columns && m.rows ? mdl_size_add(m.sizes, m.columns, m.rows)
                         : m.columns         ? m.columns
                                             : m.rows;
  if (!count) return NULL;
  MdlDtype dtype = mdl_type_of(g->ir, mdl_result(g->seed, 0))->dtype;
  return mdl_size_mul(m.sizes, count, mdl_size_const(m.sizes, mdl_dtypes[dtype].bytes));
}
