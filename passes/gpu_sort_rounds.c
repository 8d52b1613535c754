/* Sorts of lines that are longer than a block's chunk: behind the kernel that sorts chunks, the
 * stages that merge them, launched in loops that the host counts. */
#include "passes/gpu_sort.h"

enum { CHUNK = MDL_SORT_CHUNK, MOST_LOG = 31 /* of a line: places are i32 */ };

typedef struct Rounds {
  MdlEntry *e;
  MlirOperation group;
  int args;
  MlirValue *arg; /* sizes, both results; room for two more */
} Rounds;

static void call(Rounds *r, const char *which)
{
  MdlEntry *e = r->e;
  const char *symbol = mdl_op_text(e->ir, r->group, which);
  mdl_build_call(&e->b, mdl_symbol(e->ir, e->pass->symbols, symbol), r->arg);
}

static MlirValue number(Rounds *r, int64_t value)
{
  return mdl_loop_number(&r->e->b, MDL_index, 1, 0, value);
}

static void open_loop(Rounds *r, MlirValue rounds, const char *name)
{
  MdlEntry *e = r->e;
  MlirOperation loop = mdl_loop_for(&e->b, number(r, 0), rounds, number(r, 1), 0, NULL);
  mdl_value_set_name(e->ir, mdl_arg(mdl_body(loop, 0), 0), name);
  e->b = mdl_builder_at_end(e->ir, mdl_body(loop, 0), e->b.at);
}

/* The stage of 2*widest elements. */
static void stage(Rounds *r, MlirValue widest, MlirValue number_of)
{
  MdlEntry *e = r->e;
  MdlBuilder outer = e->b;
  open_loop(r, mdl_index_add(&e->b, number_of, number(r, 1)), "step");
  MlirValue step = mdl_arg(e->b.block, 0);
  r->arg[r->args] = mdl_gpu_sort_half(&e->b, widest, step);
  r->arg[r->args + 1] = mdl_gpu_sort_mask(&e->b, widest, r->arg[r->args], step);
  call(r, "mdl.far");
  mdl_build_yield(&e->b, 0, NULL);
  e->b = outer;
  call(r, "mdl.near");
}

/* How many stages there are: as many as double the chunk up to the line. */
static int stages_of(const MdlSize *line)
{
  int64_t known;
  int stages = 0;
  if (!mdl_size_is_const(line, &known)) return MOST_LOG - mdl_gpu_sort_log(CHUNK);
  while ((int64_t)CHUNK << stages < known) stages++;
  return stages;
}

/* Of a line whose length is free, the stages that it needs. */
static void stage_if_needed(Rounds *r, MlirValue widest, MlirValue number_of, MlirValue length)
{
  MdlEntry *e = r->e;
  MdlBuilder outer = e->b;
  MlirValue needed = mdl_loop_compare(&e->b, MDL_PREDICATE_lt, widest, length);
  MlirOperation branch = mdl_build_if(&e->b, needed, 0, NULL);
  e->b = mdl_builder_at_end(e->ir, mdl_body(branch, 0), outer.at);
  stage(r, widest, number_of);
  mdl_build_yield(&e->b, 0, NULL);
  e->b = mdl_builder_at_end(e->ir, mdl_body(branch, 1), outer.at);
  mdl_build_yield(&e->b, 0, NULL);
  e->b = outer;
}

void mdl_gpu_sort_rounds(MdlEntry *e, MlirOperation group, int sizes, const MlirValue *size,
                         const MlirValue *memory)
{
  int64_t known;
  const MdlSize *line = mdl_op_size(e->ir, group, "mdl.line");
  Rounds r = {e, group, sizes + 2, MDL_NEW(e->ir->arena, MlirValue, (size_t)sizes + 4)};
  for (int i = 0; i < sizes; i++) r.arg[i] = size[i];
  for (int i = 0; i < 2; i++) r.arg[sizes + i] = memory[i];
  MdlBuilder outer = e->b;
  open_loop(&r, number(&r, stages_of(line)), "stage");
  MlirValue round = mdl_arg(e->b.block, 0);
  MlirValue widest = mdl_loop_binary(&e->b, MDL_LOOP_shli, number(&r, CHUNK), round);
  mdl_value_set_name(e->ir, widest, "widest");
  if (mdl_size_is_const(line, &known))
    stage(&r, widest, round);
  else
    stage_if_needed(&r, widest, round, mdl_extent(&e->extents, line));
  mdl_build_yield(&e->b, 0, NULL);
  e->b = outer;
}
