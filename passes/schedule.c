/* Schedules as attributes: which there may be, how they are kept, and the pass that writes them. */
#include "passes/schedule.h"

#include "passes/contract.h"
#include "passes/gpu.h"
#include "passes/nest.h"
#include "passes/phases.h"

#include "ir/record.h"

#include <string.h>

/* ---- axes -------------------------------------------------------------------------------- */

static int axes_of_type(const MdlType *type, MdlAxis *axis)
{
  for (int i = 0; i < type->rank; i++) axis[i] = (MdlAxis){type->dim[i], false};
  return type->rank;
}

/* Reductions and the like: the operand's. */
static int axes_of_operand(const MdlGroup *g, MdlAxis *axis)
{
  const MdlOpInfo *row = mdl_op_info(mdl_op(g->ir, g->seed));
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  int count = axes_of_type(mdl_type_of(g->ir, mdl_operand(g->seed, 0)), axis);
  int64_t reduced[MDL_MAX_RANK];
  int n = 0;
  for (int i = 0; i < row->attrs; i++)
    if (!strcmp(row->attr[i].name, "axes")) n = mdl_get_ints(&attrs, "axes", reduced);
  for (int i = 0; i < row->attrs; i++)
    if (!strcmp(row->attr[i].name, "axis")) reduced[n++] = mdl_get_int(&attrs, "axis");
  for (int i = 0; i < n; i++) axis[reduced[i]].is_reduced = true;
  return count;
}

static bool is_reduction(const MdlGroup *g)
{
  if (mdl_is_null(g->seed)) return false;
  MdlNestFn *nest = mdl_nest_of(mdl_op(g->ir, g->seed));
  return nest == mdl_nest_reduce || nest == mdl_nest_arg;
}

static int axes_of_contract(const MdlGroup *g, MdlAxis *axis)
{
  MdlContract c = mdl_contract_read(g);
  int count = axes_of_type(c.result, axis);
  for (int i = 0; i < c.ks; i++) axis[count++] = (MdlAxis){c.k[i], true};
  return count;
}

static int axes_of_rows(const MdlGroup *g, MdlAxis *axis)
{
  int rows = (int)mdl_op_int(g->func, "mdl.rows", 0);
  int count = axes_of_type(mdl_group_rows_shape(g), axis);
  for (int i = rows; i < count; i++) axis[i].is_reduced = true;
  return count;
}

int mdl_group_axes(const MdlGroup *g, MdlAxis *axis)
{
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  if (g->flat) {
    const MdlType *whole =
        mdl_type_of(g->ir, is_reduction(g) ? mdl_operand(g->seed, 0) : mdl_operand(end, 0));
    if (mdl_is_rows(g->func)) whole = mdl_group_rows_shape(g);
    const MdlSize *all = mdl_type_elements(g->ir->sizes, whole);
    axis[0] = (MdlAxis){all, is_reduction(g) || mdl_is_rows(g->func)};
    return 1;
  }
  if (mdl_is_rows(g->func)) return axes_of_rows(g, axis);
  if (mdl_is_contract(g)) return axes_of_contract(g, axis);
  if (is_reduction(g)) return axes_of_operand(g, axis);
  return axes_of_type(mdl_type_of(g->ir, mdl_operand(end, 0)), axis);
}

/* ---- choosing ---------------------------------------------------------------------------- */

MdlSchedule mdl_schedule_plain(void)
{
  return (MdlSchedule){.lanes = -1, .width = 1, .rows = -1, .unroll = {1, 1}, .threads = -1};
}

MdlSchedule mdl_schedule_choose(const MdlGroup *g)
{
  if (g->machine->warp) return mdl_gpu_choose_map(g); /* the grid shares points: passes/gpu.h */
  if (mdl_is_rows(g->func)) return mdl_schedule_choose_rows(g);
  if (mdl_is_null(g->seed)) return mdl_schedule_choose_map(g);
  MdlNestFn *nest = mdl_nest_of(mdl_op(g->ir, g->seed));
  if (nest == mdl_nest_dot || nest == mdl_nest_conv) return mdl_schedule_choose_contract(g);
  if (nest == mdl_nest_reduce) return mdl_schedule_choose_reduce(g);
  if (nest == mdl_nest_window) return mdl_schedule_choose_window(g);
  return mdl_schedule_plain();
}

/* ---- the attribute ----------------------------------------------------------------------- */

static void put(MdlRecordField *field, int *count, const char *name, int numbers, const int *value)
{
  MdlRecordField *f = &field[(*count)++];
  *f = (MdlRecordField){.name = name, .count = numbers};
  for (int i = 0; i < (numbers < 0 ? 1 : numbers); i++) f->value[i] = value[i];
}

const char *mdl_schedule_axes(const MdlGroup *g)
{
  MdlAxis axis[MDL_MAX_AXES];
  const char *text = "";
  int axes = mdl_group_axes(g, axis);
  for (int i = 0; i < axes; i++)
    text = mdl_text(g->ir->arena, "%s%s%s", text, i ? ", " : "", mdl_size_text(axis[i].extent));
  return text;
}

void mdl_schedule_write(const MdlGroup *g, const MdlSchedule *s)
{
  MdlRecordField field[9];
  MdlAxis axis[MDL_MAX_AXES];
  int count = 0, axes = mdl_group_axes(g, axis);
  field[count++] = (MdlRecordField){.name = "axes", .text = mdl_schedule_axes(g)};
  put(field, &count, "lanes", -1, &s->lanes);
  put(field, &count, "width", -1, &s->width);
  put(field, &count, "rows", -1, &s->rows);
  put(field, &count, "unroll", 2, s->unroll);
  put(field, &count, "tile", axes, s->tile);
  put(field, &count, "pack", -1, &s->pack);
  put(field, &count, "least", -1, &s->least);
  put(field, &count, "threads", -1, &s->threads);
  mdl_op_set_record(g->ir, g->func, "mdl.schedule", count, field);
}

const char *mdl_schedule_take(const MdlGroup *g, MdlSchedule *s, const MdlRecordField *field)
{
  const struct {
    const char *name;
    int *to, count; /* -1: a single number */
  } rows[] = {{"lanes", &s->lanes, -1},     {"width", &s->width, -1}, {"rows", &s->rows, -1},
              {"unroll", s->unroll, 2},     {"pack", &s->pack, -1},   {"least", &s->least, -1},
              {"threads", &s->threads, -1}, {"tile", s->tile, 0}};
  MdlAxis axis[MDL_MAX_AXES];
  MdlArena *arena = g->ir->arena;
  const char *names = "axes";
  if (!strcmp(field->name, "axes")) {
    const char *own = mdl_schedule_axes(g);
    if (field->text && !strcmp(field->text, own)) return NULL;
    return mdl_text(arena, "its axes are [%s]", own);
  }
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    names = mdl_text(arena, "%s, %s", names, rows[i].name);
    if (strcmp(rows[i].name, field->name)) continue;
    int count = rows[i].count ? rows[i].count : mdl_group_axes(g, axis);
    if (field->text || field->count != count)
      return count < 0 ? mdl_text(arena, "`%s` is one number", field->name)
                       : mdl_text(arena, "`%s` is a list of %d numbers", field->name, count);
    for (int j = 0; j < (count < 0 ? 1 : count); j++) rows[i].to[j] = (int)field->value[j];
    return NULL;
  }
  return mdl_text(arena, "`%s` is no field of a schedule: %s", field->name, names);
}

const char *mdl_schedule_read(const MdlGroup *g, MdlSchedule *s)
{
  MdlRecordField field[16];
  *s = mdl_schedule_plain();
  int count = mdl_op_record(g->ir, g->func, "mdl.schedule", field, 16);
  if (count < 0) return "it has no record `mdl.schedule`";
  for (int i = 0; i < count; i++) {
    const char *why = mdl_schedule_take(g, s, &field[i]);
    if (why) return why;
  }
  return mdl_schedule_wrong(g, s);
}

/* ---- what can be run --------------------------------------------------------------------- */

/* Panels of columns from the operand along the lanes, `of`; panels of rows from the other one. */
static const char *wrong_pack(const MdlContract *c, const MdlSchedule *s, int of)
{
  if (s->pack < 0 || s->pack > 3) return "`pack` has a bit for each of two operands";
  if (mdl_lane_bytes(c->result->dtype) < 4) return "elements of less than 4 bytes are not packed";
  if (s->width == 1) return "`pack` is for vectors";
  if (s->pack & 1 << of) {
    if (mdl_contract_along(c, of, s->lanes) < 0 || (c->is_conv && !of))
      return "the image of a conv has no panels";
    if (s->rows >= 0 && mdl_contract_reads(c, of, s->rows))
      return "an operand in panels of columns does not depend on `rows`";
  }
  bool both_ways = s->pack & 1 << of && s->rows >= 0 && mdl_contract_has_lanes(c, of, s->lanes);
  if (s->least && (s->least < 0 || !both_ways))
    return "`least` is for columns that could be read where they lie, and rows to count";
  if (s->pack & 2 >> of && (s->rows < 0 || !mdl_contract_reads(c, 1 - of, s->rows)))
    return "an operand in panels of rows depends on `rows`";
  return NULL;
}

static const char *wrong_contract(const MdlGroup *g, const MdlSchedule *s)
{
  MdlContract c = mdl_contract_read(g);
  int of = 0;
  if (s->rows >= c.result->rank || s->lanes >= c.result->rank)
    return "`rows` and `lanes` are axes of the result";
  if (s->rows == s->lanes && s->rows >= 0) return "`rows` and `lanes` are one axis";
  if (s->unroll[0] * s->unroll[1] > MDL_MAX_CARRIED)
    return mdl_text(g->ir->arena, "a tile holds at most %d values", MDL_MAX_CARRIED);
  if (s->rows < 0 && s->unroll[0] > 1) return "`unroll` has rows, `rows` is no axis";
  if (s->lanes >= 0) {
    of = mdl_contract_reads(&c, 0, s->lanes) ? 0 : 1;
    bool both = mdl_contract_reads(&c, 1 - of, s->lanes);
    if (both && s->width > 1) return "both operands run along `lanes`";
    bool there = mdl_contract_has_lanes(&c, of, s->lanes), packs = s->pack & 1 << of;
    if (s->width > 1 && !there && !packs)
      return mdl_text(g->ir->arena,
                      "operand %d has no vectors along `lanes`: %d in `pack` copies it", of,
                      1 << of);
  }
  if (!s->pack && s->least) return "`least` is for `pack`";
  return s->pack ? wrong_pack(&c, s, of) : NULL;
}

enum { MOST_BLOCK = 1 << 16 };

static const char *wrong_tile(const MdlGroup *g, const MdlSchedule *s, int axes)
{
  for (int i = 0; i < axes; i++) {
    if (!s->tile[i]) continue;
    if (!mdl_is_contract(g) || i != s->rows) return "`tile` blocks the axis of `rows`, no other";
    if (s->tile[i] < 0 || s->tile[i] > MOST_BLOCK || s->tile[i] % s->unroll[0])
      return mdl_text(g->ir->arena, "`tile` is a multiple of the %d rows of the tile, up to %d",
                      s->unroll[0], MOST_BLOCK);
  }
  return NULL;
}

/* Lanes that a class of group takes at all, apart from contractions. */
static bool has_lanes(const MdlGroup *g, const MdlSchedule *s)
{
  MdlSchedule best = mdl_schedule_choose(g);
  return s->width == 1 || (best.width == s->width && best.lanes == s->lanes);
}

const char *mdl_schedule_wrong(const MdlGroup *g, const MdlSchedule *s)
{
  MdlAxis axis[MDL_MAX_AXES];
  MdlArena *arena = g->ir->arena;
  int axes = mdl_group_axes(g, axis);
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  MlirValue made = mdl_is_null(g->seed) ? mdl_operand(end, 0) : mdl_result(g->seed, 0);
  const MdlType *type = mdl_is_rows(g->func) ? mdl_group_rows_shape(g) : mdl_type_of(g->ir, made);
  int width = mdl_schedule_width(g->machine, type->dtype);
  const int fields[] = {s->lanes, s->rows, s->threads};
  for (int i = 0; i < 3; i++)
    if (fields[i] < -1 || fields[i] >= axes)
      return mdl_text(arena, "%d is no axis: it has %d", fields[i], axes);
  if (s->threads >= 0) return "no group runs on several threads yet: `threads` is -1";
  if (s->width != 1 && s->width != width && !g->machine->warp)
    return mdl_text(arena, "`width` is 1 or, on this processor, %d", width);
  if (s->width > 1 && s->lanes < 0) return "`width` wants an axis in `lanes`";
  if (s->unroll[0] < 1 || s->unroll[1] < 1) return "`unroll` counts from 1";
  if (s->unroll[0] > MDL_MAX_CARRIED || s->unroll[1] > MDL_MAX_CARRIED)
    return mdl_text(arena, "`unroll` counts up to %d", MDL_MAX_CARRIED);
  const char *why = wrong_tile(g, s, axes);
  if (why) return why;
  if (mdl_is_contract(g)) return wrong_contract(g, s);
  if (!has_lanes(g, s))
    return mdl_text(arena, "it does not run in vectors along axis %d", s->lanes);
  if (s->pack || s->least || s->rows >= 0 || s->unroll[0] > 1)
    return "`pack`, `least`, `rows` and rows in `unroll` are for contractions";
  bool down =
      is_reduction(g) || (mdl_is_rows(g->func) && s->lanes >= 0 && axis[s->lanes].is_reduced);
  bool ways = s->width > 1 && down;
  if (s->unroll[1] > 1 && (!ways || s->unroll[1] > 16 || s->unroll[1] & (s->unroll[1] - 1)))
    return "`unroll[1]` is for reductions in vectors: 1, 2, 4, 8 or 16 of them";
  return NULL;
}

/* ---- the pass ---------------------------------------------------------------------------- */

void mdl_schedule_give(MdlIr *ir, const MdlMachine *machine, MlirOperation group)
{
  MdlGroup g = mdl_group_read(ir, machine, group);
  MdlSchedule s = mdl_schedule_choose(&g);
  const char *wrong = mdl_schedule_wrong(&g, &s);
  if (wrong) MDL_BUG(ir->session, "a schedule that its group cannot run: %s", wrong);
  mdl_schedule_write(&g, &s);
}

/* Every group gets `mdl.schedule`. Needs: groups. Keeps: schedules that are there, and what
 * --schedule= says. Leaves: no choice to the loops. */
bool mdl_pass_schedule(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *op;
  int count = mdl_list(pass->ir, mdl_module_body(pass->module), &op);
  if (pass->options->schedule && !mdl_schedule_override(pass, pass->options->schedule - 1))
    return false;
  for (int i = 0; i < count; i++) {
    if (!mdl_is_group(op[i]) || mdl_op_has(op[i], "mdl.schedule")) continue;
    mdl_schedule_give(pass->ir, pass->options->machine, op[i]);
  }
  return true;
}
