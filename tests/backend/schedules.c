/* Contractions and reductions on schedules that nobody would choose: whatever tile, axes, blocks
 * and panels, a contraction gives the bits of the plain loop, in C and in machine code, and writes
 * nothing outside its buffers.
 *
 *   backend_schedules [--machine=NAME] [--problems=N] [--seed=N] [--keep] */
#include "tests/backend/trial.h"
#include "tests/cases/random.h"
#include "tests/cases/text.h"

#include "passes/pass.h"
#include "passes/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPIES = 4, MOST_SIZES = 4 };

typedef struct Problem {
  MdlOp op;
  const char *type[2], *attrs, *text;
  int sizes;
  const char *size[MOST_SIZES];
  int64_t extent[MOST_SIZES];
  bool finishes; /* something is done to the result */
} Problem;

typedef struct Bench {
  MdlIr *ir;
  MdlRandom random;
  MdlTrial trial;
} Bench;

static int below(Bench *b, int n) { return mdl_random_below(&b->random, n); }

/* ---- problems ---------------------------------------------------------------------------- */

/* A number, or a free size that has it as value. */
static const char *extent(Bench *b, Problem *p, int64_t value)
{
  const char *number = mdl_text(b->ir->arena, "%d", (int)value);
  if (below(b, 3) || p->sizes == MOST_SIZES) return number;
  p->size[p->sizes] = mdl_text(b->ir->arena, "%c", "MNKP"[p->sizes]);
  p->extent[p->sizes] = value;
  return p->size[p->sizes++];
}

static const char *drawn(Bench *b, Problem *p)
{
  static const int values[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 24, 31, 33, 48, 50, 65};
  return extent(b, p, values[below(b, (int)(sizeof values / sizeof *values))]);
}

/* Either side may lie the other way round, and both may have a batch in front. */
static void draw_dot(Bench *b, Problem *p)
{
  static const char *const dtypes[] = {"f32", "f32", "f64", "i32"};
  MdlArena *arena = b->ir->arena;
  const char *m = drawn(b, p), *k = drawn(b, p), *n = drawn(b, p);
  const char *batch = below(b, 3) ? "" : "3, ", *t = dtypes[below(b, 4)];
  bool a_turned = below(b, 2), b_turned = below(b, 2), some = *batch;
  p->op = MDL_OP_dot;
  p->type[0] = mdl_text(arena, "%s[%s%s, %s]", t, batch, a_turned ? k : m, a_turned ? m : k);
  p->type[1] = mdl_text(arena, "%s[%s%s, %s]", t, batch, b_turned ? n : k, b_turned ? k : n);
  p->attrs = mdl_text(arena, "contract=%d:%d batch=%s", some + !a_turned, some + b_turned,
                      some ? "0:0" : "");
}

static void draw_conv(Bench *b, Problem *p)
{
  MdlArena *arena = b->ir->arena;
  int channels = 1 + below(b, 4), groups = below(b, 4) ? 1 : 2;
  p->op = MDL_OP_conv;
  p->type[0] = mdl_text(arena, "f32[%s, %d, %d, %d]", extent(b, p, 1 + below(b, 3)),
                        channels * groups, 3 + below(b, 6), 3 + below(b, 18));
  p->type[1] = mdl_text(arena, "f32[%d, %d, %d, %d]", groups * (1 + below(b, 18)), channels,
                        1 + below(b, 3), 1 + below(b, 3));
  p->attrs = mdl_text(arena, "stride=1,%d lo=0,%d hi=0,0 dilate=1,1 spread=1,1 groups=%d",
                      1 + below(b, 2), below(b, 2), groups);
}

static void draw_reduce(Bench *b, Problem *p)
{
  static const MdlOp ops[] = {MDL_OP_reduce_sum, MDL_OP_reduce_max, MDL_OP_reduce_prod};
  MdlArena *arena = b->ir->arena;
  p->op = ops[below(b, 3)];
  const char *rows = drawn(b, p), *columns = drawn(b, p);
  p->type[0] = mdl_text(arena, "f32[%s, %s]", rows, columns);
  p->attrs = below(b, 2) ? "axes=1" : below(b, 2) ? "axes=0" : "axes=0,1";
}

static Problem draw(Bench *b, int i)
{
  Problem p = {.finishes = below(b, 2)};
  if (i % 4 == 3)
    draw_reduce(b, &p);
  else if (i % 4 == 2)
    draw_conv(b, &p);
  else
    draw_dot(b, &p);
  p.text = mdl_text(b->ir->arena, "%s %s, %s %s", mdl_op_info(p.op)->name, p.type[0],
                    p.type[1] ? p.type[1] : "", p.attrs);
  for (int s = 0; s < p.sizes; s++)
    p.text = mdl_text(b->ir->arena, "%s %s = %d", p.text, p.size[s], (int)p.extent[s]);
  return p;
}

/* ---- entries ----------------------------------------------------------------------------- */

static MlirOperation build(Bench *b, const Problem *p, const char *name)
{
  MdlIr *ir = b->ir;
  MlirType type[2];
  MlirValue arg[2];
  int args = p->type[1] ? 2 : 1;
  for (int i = 0; i < args; i++) {
    MdlType t = mdl_case_type(ir, p->type[i]);
    type[i] = mdl_type_make(ir, &t);
  }
  MlirLocation at = mdl_location_of(b->trial.module);
  const MdlFunc f = {.symbol = name, .define = true, .args = args, .arg = type, .at = at};
  MlirOperation func = mdl_build_func(ir, b->trial.module, &f);
  MdlBuilder in = mdl_builder_at_end(ir, mdl_body(func, 0), at);
  for (int i = 0; i < args; i++) arg[i] = mdl_arg(mdl_body(func, 0), i);
  MdlAttrs attrs = mdl_case_attrs(ir, p->op, p->attrs, NULL);
  MlirValue made = mdl_result(mdl_build_op(&in, p->op, args, arg, &attrs, NULL), 0);
  if (p->finishes) {
    MlirValue half = mdl_build_const(&in, mdl_type_of(ir, made), 3);
    made = mdl_build(&in, MDL_OP_max, mdl_build(&in, MDL_OP_add, made, half), half);
  }
  mdl_build_return(&in, 1, &made);
  mdl_func_refresh_type(ir, func);
  return func;
}

static int64_t value_of(const Problem *p, const MdlSize *size)
{
  int64_t value = 0;
  for (int i = 0; !mdl_size_is_const(size, &value) && i < p->sizes; i++)
    if (!strcmp(mdl_size_text(size), p->size[i])) return p->extent[i];
  return value;
}

static MdlTensor values(Bench *b, const Problem *p, int operand)
{
  MdlType type = mdl_case_type(b->ir, p->type[operand]);
  int64_t dim[MDL_MAX_RANK];
  for (int i = 0; i < type.rank; i++) dim[i] = value_of(p, type.dim[i]);
  MdlTensor t = mdl_tensor_create(b->ir->arena, type.dtype, type.rank, dim);
  for (int64_t i = 0; i < t.count; i++)
    if (t.real)
      t.real[i] = (float)mdl_random_normal(&b->random);
    else
      t.integer[i] = below(b, 2001) - 1000;
  return t;
}

/* The same problem COPIES times, on the same values. */
static void add_problem(Bench *b, int number)
{
  MdlArena *arena = b->ir->arena;
  MdlTrial *trial = &b->trial;
  Problem *p = MDL_NEW(arena, Problem, 1);
  *p = draw(b, number);
  bool is_sum = p->op != MDL_OP_dot && p->op != MDL_OP_conv;
  MdlTrialRun *run = MDL_NEW(arena, MdlTrialRun, 1);
  run->arg = MDL_NEW(arena, MdlTensor, 2);
  for (int i = 0; i < 2 && p->type[i]; i++) run->arg[i] = values(b, p, i);
  for (int copy = 0, first = trial->entries; copy < COPIES; copy++) {
    MdlTrialEntry *e = &trial->entry[trial->entries++];
    *e = (MdlTrialEntry){.name = mdl_text(arena, "p%d_%c", number, 'a' + copy), .text = p->text};
    e->func = build(b, p, mdl_text(arena, "t_%s", e->name));
    mdl_trial_sign(b->ir, e->func, e->name, p->sizes, p->size);
    e->bar = MDL_BAR_absolute;
    e->args = p->type[1] ? 2 : 1;
    e->sizes = p->sizes;
    e->size = p->size;
    e->extent = p->extent;
    e->runs = 1;
    e->run = MDL_NEW(arena, MdlTrialRun, 1);
    *e->run = *run;
    e->same_as = is_sum || !copy ? 0 : trial->entries - 1 - first;
  }
}

/* ---- schedules --------------------------------------------------------------------------- */

static MdlSchedule drawn_schedule(Bench *b, const MdlGroup *g)
{
  MdlAxis axis[MDL_MAX_AXES];
  int axes = mdl_group_axes(g, axis);
  MlirValue made = mdl_is_null(g->seed) ? mdl_operand(mdl_terminator(mdl_body(g->func, 0)), 0)
                                        : mdl_result(g->seed, 0);
  int width = mdl_schedule_width(g->machine, mdl_type_of(b->ir, made)->dtype);
  for (int tries = 0; tries < 400; tries++) {
    MdlSchedule s = mdl_schedule_plain();
    s.lanes = below(b, axes + 1) - 1;
    s.width = below(b, 4) ? width : 1;
    s.rows = below(b, axes + 1) - 1;
    s.unroll[0] = 1 + below(b, 7);
    s.unroll[1] = 1 + below(b, 4);
    s.pack = below(b, 4);
    if (below(b, 3) == 0) s.least = 1 + below(b, 20);
    if (s.rows >= 0 && below(b, 2)) s.tile[s.rows] = s.unroll[0] * (1 + below(b, 3));
    if (!mdl_schedule_wrong(g, &s)) return s;
  }
  return mdl_schedule_choose(g);
}

/* Copies a: plain; b: as chosen; the others by chance. */
static void set_schedules(Bench *b)
{
  MlirOperation *op;
  int count = mdl_list(b->ir, mdl_module_body(b->trial.module), &op);
  for (int i = 0; i < count; i++) {
    if (!mdl_is_group(op[i])) continue;
    MdlGroup g = mdl_group_read(b->ir, b->trial.machine, op[i]);
    const char *symbol = mdl_op_text(b->ir, op[i], "sym_name");
    char copy = strchr(symbol + 2, '_')[1];
    if (copy == 'b') continue;
    MdlSchedule s = copy == 'a' ? mdl_schedule_plain() : drawn_schedule(b, &g);
    mdl_schedule_write(&g, &s);
  }
}

static int run(const MdlMachine *machine, int problems, uint64_t seed, bool keeps)
{
  MdlSession *session = mdl_session_create();
  MdlIr *ir = mdl_ir_create(session);
  char folder[] = "/tmp/mdlc_schedules_XXXXXX";
  if (!mkdtemp(folder)) abort();
  Bench b = {.ir = ir, .random = {seed}};
  b.trial = (MdlTrial){.ir = ir, .machine = machine, .folder = folder, .keeps = keeps};
  b.trial.compilers = MDL_QUICK;
  b.trial.module = mdl_module_create(ir, "t.mdl");
  b.trial.entry = MDL_NEW(ir->arena, MdlTrialEntry, (size_t)(problems * COPIES));
  for (int i = 0; i < problems; i++) add_problem(&b, i);
  mdl_trial_evaluate(&b.trial, b.trial.module, false);
  const MdlPassOptions options = {.machine = machine, .opt = 2};
  bool well = mdl_pipeline_run(ir, b.trial.module, &options, MDL_FORM_group, "groups", NULL);
  if (well) set_schedules(&b);
  well = well && mdl_trial_run(&b.trial);
  printf("%s, seed %llu: %d problems on %d schedules each, %d mismatches\n", machine->name,
         (unsigned long long)seed, problems, COPIES, b.trial.mismatches);
  int failed = !well || b.trial.mismatches;
  if (!failed && !keeps) rmdir(folder);
  mdl_module_destroy(b.trial.module);
  mdl_ir_destroy(ir);
  mdl_session_destroy(session);
  return failed;
}

int main(int argc, char **argv)
{
  const MdlMachine *machine = mdl_machine_native();
  int problems = 16;
  uint64_t seed = 0;
  bool keeps = false;
  for (int i = 1; i < argc; i++) {
    if (!strncmp(argv[i], "--machine=", 10)) machine = mdl_trial_machine(argv[i] + 10);
    if (!strncmp(argv[i], "--problems=", 11)) problems = atoi(argv[i] + 11);
    if (!strncmp(argv[i], "--seed=", 7)) seed = strtoull(argv[i] + 7, NULL, 10);
    keeps |= !strcmp(argv[i], "--keep");
  }
  if (!machine) return fprintf(stderr, "no such machine\n"), 2;
  return run(machine, problems, seed, keeps);
}
