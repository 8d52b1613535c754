/* A trial through XLA: every entry as a module, compiled and run by the CPU plugin through our own
 * client, or by jaxlib. HloModule text goes to the plugin as a proto, which jaxlib makes of it. */
#include "tests/backend/xla.h"

#include "codegen/hlo/hlo.h"
#include "passes/pass.h"
#include "runtime/pjrt.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 1500 };
_Static_assert((int)MDL_BF16 == (int)MDL_bf16 && (int)MDL_ELEMENTS == (int)MDL_DTYPE_COUNT,
               "the runtime numbers element types as ir/dtype.def does");

static MdlXlaModule emit(const MdlTrial *trial, const MdlTrialEntry *e, MlirOperation entry)
{
  MdlHloOptions o = {mdl_xla_is_text(trial->xla) ? MDL_HLO_text : MDL_HLO_stablehlo, mdl_trial_size,
                     (void *)(uintptr_t)e};
  MdlXlaModule m = {.name = e->name};
  m.text = mdl_hlo_entry(trial->ir, trial->module, entry, &o);
  m.length = m.text ? strlen(m.text) : 0;
  m.manifest = mdl_hlo_manifest(trial->ir, trial->module, 1, &entry, &o);
  return m;
}

/* ---- subnormals -------------------------------------------------------------------------- */

double mdl_trial_flushed(MdlDtype dtype, double value)
{
  double least = dtype == MDL_f64 ? 0x1p-1022 : dtype == MDL_f16 ? 0 : 0x1p-126;
  return fabs(value) < least ? copysign(0, value) : value;
}

void mdl_trial_flush(MdlTensor *t)
{
  for (int64_t i = 0; i < t->count && t->real; i++)
    t->real[i] = mdl_trial_flushed(t->dtype, t->real[i]);
}

/* ---- running ----------------------------------------------------------------------------- */

static mdl_array array_of(const MdlTrial *trial, const MdlTensor *t)
{
  mdl_array a = {.element = (mdl_element)t->dtype, .rank = t->rank};
  a.bytes = (size_t)t->count * (size_t)mdl_dtypes[t->dtype].bytes;
  void *memory = mdl_alloc(trial->ir->arena, a.bytes);
  mdl_tensor_store(t, memory);
  memcpy(a.shape, t->dim, sizeof *t->dim * (size_t)t->rank);
  a.data = memory;
  return a;
}

/* The buffer of a result: the argument's that it took, or the next new one. */
static mdl_pjrt_buffer *result_of(const mdl_pjrt_interface *io, int result,
                                  mdl_pjrt_buffer *const *in, mdl_pjrt_buffer *const *out,
                                  int *next)
{
  for (int i = 0; i < io->arguments; i++)
    if (io->argument[i].alias == result) return in[i];
  return out[(*next)++];
}

/* Results and status of one run to their places in memory. */
static bool run_once(const MdlTrial *trial, mdl_pjrt *pjrt, mdl_pjrt_program *program,
                     const mdl_pjrt_interface *io, int entry, int run, unsigned char *memory)
{
  const MdlTrialEntry *e = &trial->entry[entry];
  mdl_pjrt_buffer *in[128] = {NULL}, *out[128] = {NULL};
  mdl_status status = 0;
  int next = 0;
  bool well = true;
  for (int i = 0; i < e->args && well; i++) {
    mdl_array a = array_of(trial, &e->run[run].arg[i]);
    well = !mdl_pjrt_put(pjrt, &a, &in[i]);
  }
  well = well && !mdl_pjrt_run(program, in, out, &status);
  memcpy(memory + mdl_trial_place(trial, entry, run, -1).offset, &status, sizeof status);
  for (int i = 0; i < e->results && well; i++) {
    MdlTrialPlace place = mdl_trial_place(trial, entry, run, i);
    well = !mdl_pjrt_get(result_of(io, i, in, out, &next), memory + place.offset, place.bytes);
  }
  for (int i = 0; i < e->args; i++) mdl_pjrt_buffer_destroy(in[i]);
  for (int i = 0; i < e->results; i++) mdl_pjrt_buffer_destroy(out[i]);
  return well;
}

static bool run_entry(const MdlTrial *trial, mdl_pjrt *pjrt, int entry, const MdlXlaModule *m,
                      unsigned char *memory)
{
  mdl_pjrt_interface io;
  mdl_pjrt_program *program = NULL;
  const char *why = mdl_pjrt_manifest_read(m->manifest, strlen(m->manifest), NULL, &io);
  if (why) return fprintf(stderr, "%s: manifest: %s\n", m->name, why), false;
  mdl_pjrt_source source = {.code = m->text, .length = m->length, .io = &io};
  source.format = mdl_xla_is_text(trial->xla) ? "hlo" : "mlir";
  bool well = !mdl_pjrt_compile(pjrt, &source, &program);
  for (int k = 0; k < trial->entry[entry].runs && well; k++)
    well = run_once(trial, pjrt, program, &io, entry, k, memory);
  if (!well)
    fprintf(stderr, "%s: %s\n    %s\n", m->name, mdl_pjrt_error(pjrt), trial->entry[entry].text);
  mdl_pjrt_program_destroy(program);
  mdl_pjrt_interface_free(&io);
  return well;
}

static bool check_entry(const MdlTrial *trial, mdl_pjrt *pjrt, int entry, const MdlXlaModule *m)
{
  mdl_pjrt_interface io;
  mdl_pjrt_report report;
  const char *why = mdl_pjrt_manifest_read(m->manifest, strlen(m->manifest), NULL, &io);
  if (why) return fprintf(stderr, "%s: manifest: %s\n", m->name, why), false;
  mdl_pjrt_source source = {.code = m->text, .length = m->length, .format = "mlir", .io = &io};
  const char *topology = getenv("MDLC_TOPOLOGY");
  bool well = !mdl_pjrt_check(pjrt, &source, topology ? topology : "v5e:2x2", 0, &report);
  if (!well)
    fprintf(stderr, "%s: %s\n    %s\n", m->name, mdl_pjrt_error(pjrt), trial->entry[entry].text);
  mdl_pjrt_report_free(&report);
  mdl_pjrt_interface_free(&io);
  return well;
}

/* For a TPU: every entry compiles. */
static int check_tpu(const MdlTrial *trial, const MdlXlaModule *modules)
{
  mdl_pjrt *pjrt = mdl_pjrt_create();
  int refused = 0;
  setenv("TPU_SKIP_MDS_QUERY", "1", 0);
  setenv("TPU_WORKER_HOSTNAMES", "localhost", 0);
  setenv("ALLOW_MULTIPLE_LIBTPU_LOAD", "1", 0);
  if (!pjrt || mdl_pjrt_load(pjrt, LIBTPU)) {
    fprintf(stderr, "%s\n", pjrt ? mdl_pjrt_error(pjrt) : "no memory");
    return 1;
  }
  for (int i = 0; i < trial->entries; i++) refused += !check_entry(trial, pjrt, i, &modules[i]);
  mdl_pjrt_destroy(pjrt);
  return refused < 100 ? refused : 100;
}

static int run_plugin(const MdlTrial *trial, const MdlXlaModule *modules, unsigned char *memory)
{
  mdl_pjrt *pjrt = mdl_pjrt_create();
  int refused = 0;
  if (!pjrt || mdl_pjrt_load(pjrt, CPU_PLUGIN) || mdl_pjrt_start(pjrt)) {
    fprintf(stderr, "%s\n", pjrt ? mdl_pjrt_error(pjrt) : "no memory");
    return 1;
  }
  for (int i = 0; i < trial->entries; i++)
    refused += !run_entry(trial, pjrt, i, &modules[i], memory);
  mdl_pjrt_destroy(pjrt);
  return refused < 100 ? refused : 100;
}

/* In a process of its own: the plugin has threads, and may crash. */
static bool in_child(const MdlTrial *trial, const MdlXlaModule *modules, unsigned char *memory)
{
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(SECONDS);
    setenv("TF_CPP_MIN_LOG_LEVEL", "3", 0);
    _exit(trial->xla == MDL_XLA_tpu ? check_tpu(trial, modules)
                                    : run_plugin(trial, modules, memory));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) abort();
  if (WIFEXITED(status) && !WEXITSTATUS(status)) return true;
  if (WIFSIGNALED(status)) fprintf(stderr, "XLA dies by signal %d\n", WTERMSIG(status));
  return false;
}

static bool run_modules(const MdlTrial *trial, MdlXlaModule *modules, unsigned char *memory)
{
  if (!mdl_xla_write(trial, modules)) return false;
  switch (trial->xla) {
  case MDL_XLA_jax:
  case MDL_XLA_jax_text:
    return mdl_xla_run_jax(trial, modules, memory);
  case MDL_XLA_text:
    return mdl_xla_read_protos(trial, modules) && in_child(trial, modules, memory);
  case MDL_XLA_stablehlo:
  case MDL_XLA_tpu:
    return in_child(trial, modules, memory);
  case MDL_XLA_none:
    break;
  }
  return false;
}

bool mdl_trial_run_xla(MdlTrial *trial)
{
  static const char *const names[] = {"",
                                      "StableHLO",
                                      "HLO text",
                                      "StableHLO by jaxlib",
                                      "HLO text by jaxlib",
                                      "StableHLO for a TPU"};
  const MdlPassOptions options = {.machine = trial->machine, .opt = 2};
  MdlTrialOutput output = {.name = names[trial->xla], .bytes = mdl_trial_bytes(trial)};
  MlirOperation *entries;
  const char *why = mdl_verify(trial->ir, trial->module);
  if (why) return fprintf(stderr, "the module is wrong: %s\n", why), false;
  if (!mdl_pipeline_run(trial->ir, trial->module, &options, MDL_FORM_mdl, NULL, NULL))
    return fprintf(stderr, "the pipeline refuses the module\n"), false;
  MdlXlaModule *modules = MDL_NEW(trial->ir->arena, MdlXlaModule, (size_t)trial->entries);
  mdl_entries(trial->ir, trial->module, &entries);
  for (int i = 0; i < trial->entries; i++) {
    modules[i] = emit(trial, &trial->entry[i], entries[i]);
    if (!modules[i].text) return fprintf(stderr, "%s is not emitted\n", modules[i].name), false;
  }
  output.memory =
      mmap(NULL, output.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (output.memory == MAP_FAILED) abort();
  bool well = run_modules(trial, modules, output.memory);
  if (well && trial->xla != MDL_XLA_tpu) trial->mismatches = mdl_trial_compare(trial, &output, 1);
  if (!trial->keeps && well) mdl_xla_remove(trial, modules);
  return well;
}
