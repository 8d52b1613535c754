/* The schedule of a contraction: every register tile that the processor can hold, along every pair
 * of axes that the operands allow, costed in cycles; the cheapest is taken, the first of equals.
 * After Low et al., "Analytical Modeling Is Enough for High-Performance BLIS" (2016), but by a sum
 * of cycles instead of cache residency: an inner tile needs so little of its panel in a cycle that
 * the second level of cache delivers it. */
#include "passes/contract.h"
#include "passes/schedule.h"

enum {
  MOST_ROWS = 14,
  MOST_VECTORS = 8,
  MOST_SCALAR = 4, /* rows and columns of a tile of scalars: more is code, not speed */
  MOST_CHAINS = 8, /* rows of a matrix times a vector */
  LATENCY = 4,     /* cycles until a sum may be added to again */
  PAGES = 32,      /* pages that a tile walks without waiting for their addresses */
  BLOCK = 16       /* tiles in a block of rows, if they fit */
};

typedef struct Choice {
  const MdlContract *c;
  const MdlMachine *m;
  MdlSchedule s;
  int of;                            /* the operand along `lanes`; the other one is broadcast */
  double rows, columns, k, others;   /* extents */
  double packs;                      /* times that panels are made */
  int64_t exact_rows, exact_columns; /* -1: free */
  bool spills;                       /* results leave the tile one by one */
  bool strided;                      /* the broadcast operand does not lie along k */
} Choice;

/* ---- cycles ------------------------------------------------------------------------------ */

/* One step over k of a tile: arithmetic, loads, or waiting for the sum before. What loads there are
 * costs a little even where arithmetic hides them. */
static double step(const Choice *ch, int rows, int vectors)
{
  double add = (double)(rows * vectors) / ch->m->fma_ports;
  double load = (double)(rows + vectors) / ch->m->loads;
  double most = add > load ? add : load;
  return (most > LATENCY ? most : LATENCY) + 0.2 * load;
}

/* An operand whose next step over k is a long way off, in cycles a step: once the steps of a tile
 * are more pages than the processor keeps in mind, each waits for its address. */
static double walk(const Choice *ch, double row)
{
  double bytes = row * mdl_dtypes[ch->c->result->dtype].bytes;
  if (ch->c->is_conv || bytes * ch->k < PAGES * 4096.0) return 0;
  return bytes < 4096 ? 4 * bytes / 4096 : 4;
}

/* What is not packed lies in rows: along the lanes, or along the tile's rows. */
static double walks(const Choice *ch)
{
  double sum = 0;
  if (ch->s.lanes >= 0 && !(ch->s.pack & 1 << ch->of)) sum += walk(ch, ch->columns);
  if (ch->strided && !(ch->s.pack & 2 >> ch->of)) sum += walk(ch, ch->rows);
  return sum;
}

/* What whole tiles leave of an extent: on average, where it is free. */
static double left(double extent, int64_t exact, int tile)
{
  return exact < 0 ? (tile - 1) / 2.0 : (double)((int64_t)extent % tile);
}

static bool packs(const Choice *ch) { return ch->s.pack & 1 << ch->of; }

/* A strip of `rows` rows over all columns, for one step over k. */
static double strip(const Choice *ch, int rows)
{
  int width = ch->s.width, vectors = ch->s.unroll[1], panel = vectors * width;
  double rest = left(ch->columns, ch->exact_columns, panel);
  double sum = (ch->columns - rest) / panel * (step(ch, rows, vectors) + walks(ch));
  int more = (int)(rest / width), single = (int)(rest - (double)more * width);
  if (packs(ch) && ch->exact_columns < 0) return sum + step(ch, rows, vectors);
  if (packs(ch)) return sum + (rest > 0 ? step(ch, rows, more + (single > 0)) : 0);
  if (more) sum += ch->exact_columns >= 0 ? step(ch, rows, more) : more * step(ch, rows, 1);
  for (; single > 0; single -= vectors) sum += step(ch, rows, single < vectors ? single : vectors);
  return sum;
}

static double arithmetic(const Choice *ch)
{
  int tile = ch->s.unroll[0];
  double rest = left(ch->rows, ch->exact_rows, tile);
  double sum = (ch->rows - rest) / tile * strip(ch, tile);
  if (rest > 0) sum += ch->exact_rows >= 0 ? strip(ch, (int)rest) : rest * strip(ch, 1);
  return sum * ch->k;
}

/* Copying into panels: of columns once, of rows in every round of the other axes. */
static double packing(const Choice *ch)
{
  double sum = 0;
  bool there = packs(ch) && mdl_contract_has_lanes(ch->c, ch->of, ch->s.lanes);
  if (packs(ch)) sum += ch->packs * ch->columns * ch->k * (there ? 2.0 / ch->s.width : 1.5);
  if (ch->s.pack & 2 >> ch->of) sum += ch->others * ch->rows * ch->k * 1.5;
  return sum;
}

/* Results out of the tile. */
static double storing(const Choice *ch)
{
  return ch->rows * ch->columns * (ch->spills ? 3 : 1.0 / ch->s.width);
}

static double cycles(const Choice *ch)
{
  return packing(ch) + ch->others * (arithmetic(ch) + storing(ch));
}

/* ---- candidates -------------------------------------------------------------------------- */

static bool fits(const Choice *ch, int rows, int vectors)
{
  int spare = ch->m->fma ? 0 : 1; /* a product before it is added */
  if (rows * vectors > MDL_MAX_CARRIED) return false;
  return rows * vectors + vectors + 1 + spare <= ch->m->vector_registers;
}

static void try_tiles(Choice *ch, MdlSchedule *best, double *least)
{
  int most_rows = ch->s.width > 1 ? MOST_ROWS : MOST_SCALAR;
  int most_vectors = ch->s.width > 1 ? MOST_VECTORS : MOST_SCALAR;
  if (ch->s.rows < 0) most_rows = 1;
  if (ch->s.lanes < 0) most_vectors = 1, most_rows = ch->s.rows < 0 ? 1 : MOST_CHAINS;
  for (int rows = 1; rows <= most_rows; rows++)
    for (int vectors = 1; vectors <= most_vectors; vectors++) {
      bool large = rows > 1 && rows > ch->rows;
      large |= vectors > 1 && (vectors - 1) * ch->s.width >= ch->columns;
      if (large || (rows * vectors > 1 && !fits(ch, rows, vectors))) continue;
      ch->s.unroll[0] = rows;
      ch->s.unroll[1] = vectors;
      double cost = cycles(ch);
      if (*least >= 0 && cost >= *least * (1 - 1e-9)) continue;
      *least = cost;
      *best = ch->s;
    }
}

static double extent(const MdlSize *size, int64_t *exact)
{
  if (!mdl_size_is_const(size, exact)) *exact = -1;
  return (double)mdl_schedule_guess(size);
}

static void set_extents(Choice *ch)
{
  const MdlType *type = ch->c->result;
  ch->rows = ch->columns = ch->k = ch->others = ch->packs = 1;
  ch->exact_rows = ch->exact_columns = 1;
  for (int i = 0; i < ch->c->ks; i++) ch->k *= (double)mdl_schedule_guess(ch->c->k[i]);
  for (int i = 0; i < type->rank; i++) {
    if (i == ch->s.rows)
      ch->rows = extent(type->dim[i], &ch->exact_rows);
    else if (i == ch->s.lanes)
      ch->columns = extent(type->dim[i], &ch->exact_columns);
    else
      ch->others *= (double)mdl_schedule_guess(type->dim[i]);
    if (i != ch->s.rows && i != ch->s.lanes && mdl_contract_reads(ch->c, ch->of, i))
      ch->packs *= (double)mdl_schedule_guess(type->dim[i]);
  }
}

/* The broadcast operand as it lies, and in panels of rows where steps over k are far apart. */
static void try_strides(Choice *ch, MdlSchedule *best, double *least)
{
  ch->s.pack &= 1 << ch->of;
  try_tiles(ch, best, least);
  if (!ch->strided) return;
  ch->s.pack |= 2 >> ch->of;
  try_tiles(ch, best, least);
  ch->s.pack &= 1 << ch->of;
}

/* Both ways of reading the operand along the lanes, in vectors; and one by one. */
static void try_axes(Choice *ch, MdlSchedule *best, double *least)
{
  const MdlContract *c = ch->c;
  int bytes = mdl_lane_bytes(c->result->dtype), lanes = ch->s.lanes;
  int width = mdl_schedule_width(ch->m, c->result->dtype);
  bool one = lanes >= 0 && !mdl_contract_reads(c, 1 - ch->of, lanes);
  bool packable = one && !(c->is_conv && !ch->of) && mdl_contract_along(c, ch->of, lanes) >= 0;
  set_extents(ch);
  ch->s.pack = 0;
  ch->s.width = 1;
  ch->spills = ch->strided = false;
  try_tiles(ch, best, least);
  if (width == 1 || !one) return;
  ch->s.width = width;
  ch->spills = !mdl_group_lanes_out(c->g, lanes, bytes);
  ch->strided = ch->s.rows >= 0 && !c->is_conv && !mdl_contract_is_along_k(c, 1 - ch->of);
  if (mdl_contract_has_lanes(c, ch->of, lanes)) try_strides(ch, best, least);
  ch->s.pack = 1 << ch->of;
  if (packable) try_strides(ch, best, least);
}

/* Rows: an axis that the broadcast operand alone decides. */
static void try_rows(Choice *ch, MdlSchedule *best, double *least)
{
  const MdlContract *c = ch->c;
  for (int rows = -1; rows < c->result->rank; rows++) {
    ch->s.rows = rows;
    bool free = ch->s.lanes < 0 || !mdl_contract_reads(c, ch->of, rows);
    if (rows >= 0 && (rows == ch->s.lanes || !free || !mdl_contract_reads(c, 1 - ch->of, rows)))
      continue;
    if (rows >= 0 && c->is_conv && c->groups > 1 && rows == 1) continue;
    try_axes(ch, best, least);
  }
}

/* ---- caches ------------------------------------------------------------------------------ */

/* Rows of the broadcast operand that stay in the second level of cache while the panels pass. */
static int block_of_rows(const Choice *ch, const MdlSchedule *s)
{
  double row = ch->k * mdl_dtypes[ch->c->result->dtype].bytes;
  int tiles = (int)(0.4 * (double)ch->m->l2_bytes / (row * s->unroll[0]));
  if (!ch->m->l2_bytes || s->lanes < 0) return 0;
  tiles = tiles < 1 ? 1 : tiles > BLOCK ? BLOCK : tiles;
  bool all = ch->exact_rows >= 0 && ch->exact_rows <= (int64_t)tiles * s->unroll[0];
  return all ? 0 : tiles * s->unroll[0];
}

enum { SMALL = 1 << 14 /* elements that are packed in no time */ };

/* Where nobody knows how many rows there are, columns that could be read as they lie are packed
 * only for as many rows as make up for it: a step of a tile that walks waits 4 cycles, a packed
 * vector is a load and a store. */
static int least_rows(const Choice *ch, const MdlSchedule *s)
{
  bool lies = s->width > 1 && mdl_contract_has_lanes(ch->c, ch->of, s->lanes);
  if (!(s->pack & 1 << ch->of) || s->rows < 0 || ch->exact_rows >= 0 || !lies) return 0;
  return ch->columns * ch->k < SMALL ? 0 : s->unroll[0] * s->unroll[1] / 2;
}

MdlSchedule mdl_schedule_choose_contract(const MdlGroup *g)
{
  MdlContract c = mdl_contract_read(g);
  MdlSchedule best = mdl_schedule_plain();
  double least = -1;
  Choice ch = {.c = &c, .m = g->machine, .s = mdl_schedule_plain()};
  for (int lanes = c.result->rank - 1; lanes >= -1; lanes--)
    for (int of = 1; of >= 0; of--) {
      if (lanes >= 0 && !mdl_contract_reads(&c, of, lanes)) continue;
      ch.s.lanes = lanes;
      ch.of = of;
      try_rows(&ch, &best, &least);
    }
  ch.s = best;
  ch.of = best.lanes >= 0 && mdl_contract_reads(&c, 0, best.lanes) ? 0 : 1;
  set_extents(&ch);
  best.least = least_rows(&ch, &best);
  if (best.rows >= 0) best.tile[best.rows] = block_of_rows(&ch, &best);
  return best;
}
