#include "codegen/cuda/report.h"

#include "codegen/cuda/roofline.h"
#include "ir/signature.h"

#include <string.h>

/* ---- the report -------------------------------------------------------------------------- */

typedef struct Report {
  MdlIr *ir;
  int uses;
  const MdlKernelUse *use;
  const char *text;
} Report;

static const MdlKernelUse *use_of(const Report *r, const char *kernel, int arch)
{
  for (int i = 0; i < r->uses; i++)
    if (r->use[i].arch == arch && !strcmp(r->use[i].kernel, kernel)) return &r->use[i];
  return NULL;
}

/* "4096", "-" */
static const char *count_text(Report *r, double value)
{
  return value < 0 ? "-" : mdl_text(r->ir->arena, "%.0f", value);
}

static const char *registers_text(Report *r, const MdlKernelCost *k, int arch)
{
  const MdlKernelUse *use = use_of(r, k->name, arch);
  return use ? mdl_text(r->ir->arena, "%d", use->registers) : "-";
}

static const char *shared_text(Report *r, const MdlKernelCost *k)
{
  const MdlKernelUse *use = use_of(r, k->name, mdl_gpus[0].arch);
  return use ? mdl_text(r->ir->arena, "%d", use->shared) : "-";
}

static const char *occupancy_text(Report *r, const MdlKernelCost *k, int arch)
{
  const MdlKernelUse *use = use_of(r, k->name, arch);
  if (!use) return "-";
  double part = mdl_cost_occupancy(arch, k->threads, use->registers, use->shared);
  return mdl_text(r->ir->arena, "%.0f%%", 100 * part);
}

static const char *time_text(Report *r, const MdlGpu *gpu, const MdlKernelCost *k)
{
  if (!k->bytes || !k->flops) return "-";
  double memory = mdl_cost_memory(gpu, k), arithmetic = mdl_cost_arithmetic(gpu, k);
  return mdl_text(r->ir->arena, "%.3g", 1e6 * (memory > arithmetic ? memory : arithmetic));
}

static const char *intensity_text(Report *r, const MdlKernelCost *k)
{
  double bytes = mdl_cost_value(k->bytes), flops = mdl_cost_value(k->flops);
  return bytes > 0 && flops >= 0 ? mdl_text(r->ir->arena, "%.3g", flops / bytes) : "-";
}

static void line(Report *r, const char *name, const char *const *cell)
{
  static const int width[] = {8, 8, 6, 6, 7, 6, 6, 12, 14, 7, 9, 9};
  r->text = mdl_text(r->ir->arena, "%s  %-44s", r->text, name);
  for (int i = 0; i < 12; i++)
    r->text = mdl_text(r->ir->arena, "%s %*s", r->text, width[i], cell[i]);
  r->text = mdl_text(r->ir->arena, "%s%s%s\n", r->text, *cell[12] ? "  " : "", cell[12]);
}

static void heads(Report *r)
{
  const char *const above[] = {"", "", "regs", "regs",           "shared",         "occ.", "occ.",
                               "", "", "",     mdl_gpus[0].name, mdl_gpus[1].name, ""};
  static const char *const below[] = {"blocks", "threads", "sm_80",   "sm_90", "B",
                                      "sm_80",  "sm_90",   "bytes",   "FLOPs", "FLOP/B",
                                      "us",     "us",      "bound by"};
  line(r, "", above);
  line(r, "kernel", below);
}

static void kernel_line(Report *r, const MdlKernelCost *k)
{
  const char *threads = count_text(r, (double)k->threads);
  const char *cell[] = {k->resident ? "resident" : count_text(r, mdl_cost_value(k->blocks)),
                        threads,
                        registers_text(r, k, mdl_gpus[0].arch),
                        registers_text(r, k, mdl_gpus[1].arch),
                        shared_text(r, k),
                        occupancy_text(r, k, mdl_gpus[0].arch),
                        occupancy_text(r, k, mdl_gpus[1].arch),
                        count_text(r, mdl_cost_value(k->bytes)),
                        count_text(r, mdl_cost_value(k->flops)),
                        intensity_text(r, k),
                        time_text(r, &mdl_gpus[0], k),
                        time_text(r, &mdl_gpus[1], k),
                        mdl_cost_bound(k, true)};
  line(r, mdl_text(r->ir->arena, "%s%s", k->name, k->loops ? " (a round)" : ""), cell);
}

/* As formulas, where a size is free; and what there is work for, where residence decides. */
static void formula_line(Report *r, const MdlKernelCost *k)
{
  int64_t known;
  const char *text = "";
  const MdlSize *const size[] = {k->blocks, k->bytes, k->flops};
  const char *const unit[] = {k->resident ? "blocks at most" : "blocks", "bytes", "FLOPs"};
  for (int i = 0; i < 3; i++)
    if (size[i] && (!mdl_size_is_const(size[i], &known) || (!i && k->resident)))
      text = mdl_text(r->ir->arena, "%s%s%s %s", text, *text ? ", " : "", mdl_size_text(size[i]),
                      unit[i]);
  if (*text) r->text = mdl_text(r->ir->arena, "%s  %s: %s\n", r->text, k->name, text);
}

static void trouble_line(Report *r, const MdlKernelCost *k)
{
  for (int i = 0; i < MDL_GPUS; i++) {
    const MdlKernelUse *use = use_of(r, k->name, mdl_gpus[i].arch);
    if (use && (use->stack || use->spilled))
      r->text = mdl_text(r->ir->arena, "%s  %s, sm_%d: %d bytes of stack, %d bytes spilled\n",
                         r->text, k->name, mdl_gpus[i].arch, use->stack, use->spilled);
  }
}

static void entry_report(Report *r, MlirOperation module, MlirOperation entry)
{
  const MdlSignature *s = mdl_signature_read(r->ir, entry);
  MdlKernelCosts ks = mdl_cost_kernels(r->ir, module, entry);
  const char *sizes = "";
  for (int i = 0; i < s->sizes; i++)
    sizes = mdl_text(r->ir->arena, "%s%s%s", sizes, i ? ", " : "", s->size[i]);
  r->text = mdl_text(r->ir->arena, "%s%s: %d kernel%s", r->text, s->entry, ks.count,
                     ks.count == 1 ? "" : "s");
  if (s->sizes)
    r->text = mdl_text(r->ir->arena, "%s; free: %s, in numbers as if %d (-D%s=N to say)", r->text,
                       sizes, MDL_COST_GUESS, s->size[0]);
  r->text = mdl_text(r->ir->arena, "%s\n", r->text);
  if (!ks.count) return;
  heads(r);
  for (int i = 0; i < ks.count; i++) kernel_line(r, &ks.kernel[i]);
  for (int i = 0; i < ks.count; i++) formula_line(r, &ks.kernel[i]);
  for (int i = 0; i < ks.count; i++) trouble_line(r, &ks.kernel[i]);
  r->text = mdl_text(r->ir->arena, "%s\n", r->text);
}

static void legend(Report *r, const char *missing)
{
  r->text = mdl_text(
      r->ir->arena,
      "%sbytes: operands once, results once. FLOPs: arithmetic on floats. us: the longer of bytes\n"
      "over bandwidth and FLOPs over the peak of their type; latency: fewer blocks than %s has\n"
      "multiprocessors. resident: as many blocks as run at once. Peaks by NVIDIA's data sheets:\n",
      r->text, mdl_gpus[0].name);
  for (int i = 0; i < MDL_GPUS; i++)
    r->text =
        mdl_text(r->ir->arena,
                 "%s  %s: %g GB/s; TFLOP/s: f32 %g, f64 %g, f16 and bf16 on tensor cores %g; %d "
                 "multiprocessors\n",
                 r->text, mdl_gpus[i].name, mdl_gpus[i].gbs, mdl_gpus[i].f32, mdl_gpus[i].f64,
                 mdl_gpus[i].half, mdl_gpus[i].multiprocessors);
  if (missing)
    r->text = mdl_text(r->ir->arena, "%sregs, shared, occ.: not known, %s\n", r->text, missing);
}

const char *mdl_cuda_report(MdlIr *ir, MlirOperation module, int uses, const MdlKernelUse *use,
                            const char *missing)
{
  MlirOperation *entry;
  Report r = {ir, uses, use, ""};
  int count = mdl_entries(ir, module, &entry);
  for (int i = 0; i < count; i++) entry_report(&r, module, entry[i]);
  legend(&r, missing);
  return r.text;
}

/* ---- the table at the top of a file ------------------------------------------------------ */

/* A formula, or its number where that is too long. */
static const char *short_text(MdlIr *ir, const MdlSize *size, size_t most)
{
  if (!size) return "-";
  const char *text = mdl_size_text(size);
  return strlen(text) <= most ? text : mdl_text(ir->arena, "~%.0f", mdl_cost_value(size));
}

enum { BLOCKS = 22, BYTES = 22 };

static const char *blocks_text(MdlIr *ir, const MdlKernelCost *k)
{
  if (!k->resident) return short_text(ir, k->blocks, BLOCKS);
  const char *text = mdl_text(ir->arena, "resident, <= %s", mdl_size_text(k->blocks));
  return strlen(text) <= BLOCKS ? text : "resident";
}

static void summary_line(FILE *out, int width, const char *name, const char *blocks,
                         const char *threads, const char *bytes, const char *bound)
{
  fprintf(out, " *   %-*s  %-*s  %7s  %-*s  %s\n", width, name, BLOCKS, blocks, threads, BYTES,
          bytes, bound);
}

static void summary_lines(MdlIr *ir, const MdlKernelCosts *ks, int width, FILE *out)
{
  for (int i = 0; i < ks->count; i++) {
    const MdlKernelCost *k = &ks->kernel[i];
    const char *threads = mdl_text(ir->arena, "%lld", (long long)k->threads);
    summary_line(out, width, k->name, blocks_text(ir, k), threads, short_text(ir, k->bytes, BYTES),
                 mdl_cost_bound(k, false));
  }
}

void mdl_cuda_summary(MdlIr *ir, MlirOperation module, FILE *out)
{
  MlirOperation *entry;
  int count = mdl_entries(ir, module, &entry), width = 0, kernels = 0;
  MdlKernelCosts *all = MDL_NEW(ir->arena, MdlKernelCosts, (size_t)count);
  for (int i = 0; i < count; i++) {
    all[i] = mdl_cost_kernels(ir, module, entry[i]);
    kernels += all[i].count;
    for (int j = 0; j < all[i].count; j++)
      if ((int)strlen(all[i].kernel[j].name) > width) width = (int)strlen(all[i].kernel[j].name);
  }
  if (!kernels) return;
  fprintf(out, " *\n");
  summary_line(out, width, "kernel", "blocks", "threads", "bytes moved", "bound by");
  for (int i = 0; i < count; i++) summary_lines(ir, &all[i], width, out);
}
