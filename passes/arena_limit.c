/* -fmax-arena: an entry's work buffer has to fit, and its size has to be known. */
#include "passes/plan.h"

enum { SHOWN = 3 };

typedef struct Buffer {
  MlirOperation op; /* makes the largest tensor that lies there */
  int64_t bytes;
} Buffer;

static int64_t bytes_of(MdlIr *ir, MlirValue value)
{
  const MdlType *type = mdl_type_of(ir, value);
  const MdlSize *all = mdl_type_elements(ir->sizes, type);
  int64_t count;
  if (!all || !mdl_size_is_const(all, &count)) return 0;
  return count * mdl_dtypes[type->dtype].bytes;
}

/* Keeps the largest, each place once. */
static void add(Buffer *most, Buffer buffer)
{
  int at = SHOWN;
  while (at && most[at - 1].bytes < buffer.bytes) at--;
  if (at == SHOWN) return;
  for (int i = SHOWN - 1; i > at; i--) most[i] = most[i - 1];
  most[at] = buffer;
}

/* The tensor that made a place of the work buffer as large as it is. */
static Buffer largest_in(const MdlPlan *plan, const MdlStore *store)
{
  Buffer most = {.bytes = 0};
  for (int i = 0; i < mdl_map_count(plan->store_of); i++) {
    MlirValue value = {mdl_map_key(plan->store_of, i)};
    if (mdl_map_value(plan->store_of, i) != store || mdl_is_null(mdl_def(value))) continue;
    int64_t bytes = bytes_of(plan->ir, value);
    if (bytes > most.bytes) most = (Buffer){mdl_def(value), bytes};
  }
  return most;
}

static bool is_free(const MdlPlan *plan, const MdlSize *work)
{
  const char *name[1];
  MdlSession *session = plan->ir->session;
  if (!mdl_size_names(work, name, 1)) return false;
  MdlReport *r = mdl_error(session, MDL_E0806, mdl_span_of(plan->ir, plan->entry), name[0],
                           "`-fmax-arena`");
  mdl_help(r, "`-D%s=…`", name[0]);
  return true;
}

bool mdl_arena_fits(const MdlPlan *plan, const MdlSize *work)
{
  int64_t limit = plan->pass->options->max_arena, bytes;
  MdlIr *ir = plan->ir;
  Buffer most[SHOWN] = {{.bytes = 0}};
  if (!limit) return true;
  if (is_free(plan, work)) return false;
  if (!mdl_size_is_const(work, &bytes) || bytes <= limit) return true;
  for (int i = 0; i < plan->stores; i++)
    if (plan->store[i]->where == MDL_AT_work) add(most, largest_in(plan, plan->store[i]));
  MdlReport *r = mdl_error(ir->session, MDL_E0904, mdl_span_of(ir, plan->entry),
                           mdl_text(ir->arena, "%lld", (long long)bytes),
                           mdl_text(ir->arena, "%lld", (long long)limit));
  for (int i = 0; i < SHOWN && most[i].bytes; i++)
    mdl_also(r, mdl_span_of(ir, most[i].op), "%lld bytes", (long long)most[i].bytes);
  mdl_help(r, "`--mem-report` lists what lies where");
  return false;
}
