#include "passes/mem_report.h"

#include "ir/signature.h"

#include <string.h>

typedef struct Report {
  MdlIr *ir;
  const char *text;
} Report;

static const char *bytes_text(MdlIr *ir, const MdlType *type)
{
  const MdlSize *each = mdl_size_const(ir->sizes, mdl_dtypes[type->dtype].bytes);
  const MdlSize *all = mdl_size_mul(ir->sizes, each, mdl_type_elements(ir->sizes, type));
  return all ? mdl_size_text(all) : "?";
}

/* What a group packs its operands into. */
static void report_scratch(Report *r, MlirOperation call, const char *group)
{
  const char *place = mdl_op_text(r->ir, call, "mdl.scratch");
  const char *bytes = mdl_op_text(r->ir, call, "mdl.scratch_bytes");
  if (place)
    r->text = mdl_text(r->ir->arena, "%s  %12s B  %-28s %-16s %s\n", r->text, bytes, group,
                       "packed", place);
}

static bool report_call(void *user, MlirOperation op)
{
  Report *r = user;
  if (mdl_op(r->ir, op) != MDL_OP_call) return true;
  const char *place = mdl_op_text(r->ir, op, "mdl.place");
  const char *group = mdl_op_text(r->ir, op, "callee");
  report_scratch(r, op, group);
  if (!place) return true;
  for (int i = 0; i < mdl_result_count(op); i++) {
    const MdlType *type = mdl_type_of(r->ir, mdl_result(op, i));
    if (!type->rank) continue;
    size_t length = strcspn(place, ";");
    r->text =
        mdl_text(r->ir->arena, "%s  %12s B  %-28s %-16s %s\n", r->text, bytes_text(r->ir, type),
                 group, mdl_type_text(r->ir->arena, type), mdl_intern(r->ir->arena, place, length));
    place += length + (place[length] ? 2 : 0);
  }
  return true;
}

const char *mdl_mem_report(MdlIr *ir, MlirOperation module)
{
  MlirOperation *entry;
  Report r = {ir, ""};
  int count = mdl_entries(ir, module, &entry);
  for (int i = 0; i < count; i++) {
    const char *work = mdl_op_text(ir, entry[i], "mdl.work_bytes");
    r.text = mdl_text(ir->arena, "%s%s: work %s B\n", r.text,
                      mdl_signature_read(ir, entry[i])->entry, work ? work : "0");
    mdl_walk(entry[i], report_call, &r);
  }
  return r.text;
}
