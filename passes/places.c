#include "passes/group.h"
#include "passes/partition.h"
#include "passes/plan.h"

/* "argument 2", "result 0", "work 4*N + 64" */
static const char *place_text(MdlPlan *plan, const MdlStore *store)
{
  static const char *const kinds[] = {"argument", "result", "work"};
  const char *where = store->where == MDL_AT_work ? mdl_size_text(store->offset)
                                                  : mdl_text(plan->ir->arena, "%d", store->index);
  return mdl_text(plan->ir->arena, "%s %s", kinds[store->where], where);
}

typedef struct Writer {
  MdlPlan *plan;
} Writer;

static bool is_tensor(MdlIr *ir, MlirValue value) { return mdl_type_of(ir, value)->rank > 0; }

/* The place of each tensor result on the call; which operand it overwrites on the group. */
static bool write_call(void *user, MlirOperation op)
{
  MdlPlan *plan = ((Writer *)user)->plan;
  if (mdl_op(plan->ir, op) != MDL_OP_call) return true;
  const char *text = "";
  int64_t in_place[MDL_MAX_ROOTS];
  int results = mdl_result_count(op);
  for (int i = 0; i < results; i++) {
    in_place[i] = -1;
    if (!is_tensor(plan->ir, mdl_result(op, i))) continue;
    const MdlStore *store = mdl_plan_store(plan, mdl_result(op, i));
    text = mdl_text(plan->ir->arena, "%s%s%s", text, *text ? "; " : "", place_text(plan, store));
    for (int j = 0; j < mdl_operand_count(op); j++)
      if (is_tensor(plan->ir, mdl_operand(op, j)) &&
          mdl_plan_store(plan, mdl_operand(op, j)) == store)
        in_place[i] = j;
  }
  MlirOperation group = mdl_callee(plan->ir, plan->pass->symbols, op);
  if (*text) mdl_op_set_text(plan->ir, op, "mdl.place", text);
  const MdlStore *scratch = mdl_plan_scratch(plan, op);
  if (scratch) {
    mdl_op_set_text(plan->ir, op, "mdl.scratch", place_text(plan, scratch));
    mdl_op_set_size(plan->ir, op, "mdl.scratch_bytes", scratch->bytes);
  }
  mdl_op_set_ints(plan->ir, group, "mdl.in_place", results, in_place);
  return true;
}

/* Gives every tensor of the entries a place: an argument, a result, or a slice of the work buffer.
 * Needs: group form. Keeps: what the entries compute. Leaves: copies as groups of their own where
 * one value is needed in two places; `mdl.place` and `mdl.scratch` on calls, `mdl.in_place` on groups and
 * `mdl.work_bytes` on entries, slack for alignment included. */
bool mdl_pass_places(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *entry;
  int count = mdl_entries(pass->ir, pass->module, &entry);
  int align = mdl_work_align(pass->options->machine);
  bool fits = true;
  for (int i = 0; i < count; i++) {
    MdlPlan plan = {.ir = pass->ir, .pass = pass, .entry = entry[i]};
    plan.signature = mdl_signature_read(pass->ir, entry[i]);
    plan.store_of = mdl_map_create(pass->ir->arena);
    plan.start = mdl_map_create(pass->ir->arena);
    plan.end = mdl_map_create(pass->ir->arena);
    mdl_plan_stores(&plan);
    const MdlSize *work = mdl_plan_arena(&plan, align), *zero = mdl_size_const(pass->ir->sizes, 0);
    mdl_plan_check(&plan);
    Writer writer = {&plan};
    mdl_walk(entry[i], write_call, &writer);
    if (work != zero)
      work = mdl_size_add(pass->ir->sizes, work, mdl_size_const(pass->ir->sizes, align - 1));
    if (!work) MDL_BUG(pass->ir->session, "the size of the work buffer overflows");
    mdl_op_set_size(pass->ir, entry[i], "mdl.work_bytes", work);
    fits &= mdl_arena_fits(&plan, work);
  }
  return fits;
}
