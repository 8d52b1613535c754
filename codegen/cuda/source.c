/* The .cu file: header's include, prelude, device functions and kernels, entries that launch them.
 */
#include "codegen/c/abi.h"
#include "codegen/c/table.h"
#include "codegen/cfamily_func.h"
#include "codegen/cuda/cuda.h"
#include "codegen/cuda/report.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BLOCKS = 65536 /* of a launch; `grid` of the prelude says it too */ };

typedef struct Source {
  MdlIr *ir;
  MdlArena *arena;
  const MdlCOptions *options;
  MlirOperation module;
  MdlPrinter printer;
} Source;

static const char *kernel_mode(Source *s, MlirOperation func)
{
  return mdl_op_text(s->ir, func, "mdl.kernel");
}

/* ---- launches ---------------------------------------------------------------------------- */

static long long threads_of(MlirOperation kernel)
{
  return (long long)mdl_op_int(kernel, "mdl.threads", 1);
}

/* Does the first bracket close at the end? */
static bool is_bracketed(const char *text)
{
  int depth = 0;
  if (*text != '(') return false;
  for (size_t i = 0; text[i]; i++) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (!depth) return !text[i + 1];
  }
  return false;
}

/* Blocks of one part: "grid((N + 255) / 256)". */
static const char *free_blocks(Source *s, const MdlSize *blocks)
{
  const char *count = mdl_c_size(s->arena, blocks, NULL);
  mdl_need(&s->printer, "grid");
  return mdl_text(s->arena, is_bracketed(count) ? "grid%s" : "grid(%s)", count);
}

const MdlSize *mdl_cuda_next_blocks(MdlIr *ir, const char **list)
{
  size_t length = strcspn(*list, ";");
  if (!length) return NULL;
  const MdlSize *blocks = mdl_size_parse(ir->sizes, *list, length);
  *list += length + ((*list)[length] ? strlen("; ") : 0);
  return blocks;
}

/* How many blocks there are: the sum over the parts, known numbers in one. */
static const char *blocks_of(Source *s, MlirOperation kernel)
{
  int64_t known = 0, count;
  const char *list = mdl_op_text(s->ir, kernel, "mdl.blocks"), *sum = "";
  for (const MdlSize *blocks; (blocks = mdl_cuda_next_blocks(s->ir, &list));)
    if (mdl_size_is_const(blocks, &count))
      known += count < MOST_BLOCKS ? count : MOST_BLOCKS;
    else
      sum = mdl_text(s->arena, "%s%s%s", sum, *sum ? " + " : "", free_blocks(s, blocks));
  if (!*sum) return mdl_text(s->arena, "%lld", (long long)known);
  return known ? mdl_text(s->arena, "%s + %lld", sum, (long long)known) : sum;
}

static bool is_resident(Source *s, MlirOperation kernel)
{
  return !strcmp(kernel_mode(s, kernel), "resident");
}

static const char *launch_text(void *user, MlirOperation callee, const char *arguments)
{
  Source *s = user;
  if (!kernel_mode(s, callee)) return NULL;
  const char *how = is_resident(s, callee) ? "launch_resident" : "launch";
  return mdl_text(s->arena, "TRY(%s(%s, %s, %lld, stream%s%s))", how,
                  mdl_op_text(s->ir, callee, "sym_name"), blocks_of(s, callee), threads_of(callee),
                  *arguments ? ", " : "", arguments);
}

static const char launcher[] =
    "/* ---- launches --------------------------------------------------------------------------- "
    "*/\n\n"
    "#define TRY(call)                    \\\n"
    "  do {                               \\\n"
    "    const mdl_status mdl_e = (call); \\\n"
    "    if (mdl_e) return mdl_e;         \\\n"
    "  } while (0)\n\n"
    "static mdl_status device_status(cudaError_t e)\n{\n"
    "  return e == cudaSuccess ? MDL_OK : MDL_DEVICE + 256 * (mdl_status)e;\n}\n\n"
    "template <class T> struct As {\n  typedef T Is;\n};\n\n"
    "template <class... Wanted>\n"
    "static mdl_status launch(void (*kernel)(Wanted...), int64_t blocks, unsigned threads,\n"
    "                         cudaStream_t stream, typename As<Wanted>::Is... given)\n{\n"
    "  if (blocks <= 0) return MDL_OK;\n"
    "  cudaLaunchConfig_t c = {};\n"
    "  c.gridDim = dim3((unsigned)blocks);\n"
    "  c.blockDim = dim3(threads);\n"
    "  c.stream = stream;\n"
    "  return device_status(cudaLaunchKernelEx(&c, kernel, given...));\n}\n\n";

/* Blocks that wait for each other must all be there: so many as the GPU holds at once. */
static const char resident_launcher[] =
    "/* As many of the blocks as are resident at once, at least one: they wait for each other. */\n"
    "template <class... Wanted>\n"
    "static mdl_status launch_resident(void (*kernel)(Wanted...), int64_t blocks, unsigned "
    "threads,\n"
    "                                  cudaStream_t stream, typename As<Wanted>::Is... given)\n{\n"
    "  int device = 0, processors = 0, each = 0;\n"
    "  cudaError_t e = cudaGetDevice(&device);\n"
    "  if (e == cudaSuccess)\n"
    "    e = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);\n"
    "  if (e == cudaSuccess)\n"
    "    e = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, (int)threads, 0);\n"
    "  if (e != cudaSuccess) return device_status(e);\n"
    "  const int64_t most = (int64_t)processors * each;\n"
    "  cudaLaunchAttribute together = {};\n"
    "  together.id = cudaLaunchAttributeCooperative;\n"
    "  together.val.cooperative = 1;\n"
    "  cudaLaunchConfig_t c = {};\n"
    "  c.gridDim = dim3((unsigned)(blocks < 1 ? 1 : blocks < most ? blocks : most));\n"
    "  c.blockDim = dim3(threads);\n"
    "  c.stream = stream;\n"
    "  c.attrs = &together;\n"
    "  c.numAttrs = 1;\n"
    "  return device_status(cudaLaunchKernelEx(&c, kernel, given...));\n}\n\n";

static const char capturer[] =
    "static mdl_status capture_begin(cudaStream_t stream)\n{\n"
    "  return device_status(cudaStreamBeginCapture(stream, "
    "cudaStreamCaptureModeThreadLocal));\n}\n\n"
    "/* What was captured, unless the entry failed. */\n"
    "static mdl_status capture_end(cudaStream_t stream, mdl_status entry, cudaGraphExec_t "
    "*graph)\n{\n"
    "  cudaGraph_t captured = nullptr;\n"
    "  mdl_status status = device_status(cudaStreamEndCapture(stream, &captured));\n"
    "  if (entry != MDL_OK) status = entry;\n"
    "  if (status == MDL_OK) status = device_status(cudaGraphInstantiate(graph, captured, 0));\n"
    "  if (captured) cudaGraphDestroy(captured);\n"
    "  return status;\n}\n\n";

/* ---- device functions and kernels -------------------------------------------------------- */

/* Pointers of one group reach different memory; those of a kernel around several groups may not. */
static bool is_restrict(MlirOperation func, int arg)
{
  int64_t restricts[512];
  int count = mdl_op_ints(func, "mdl.restrict", restricts, 512);
  if (arg < count) return restricts[arg];
  return mdl_op_has(func, "mdl.alone");
}

/* "256", or "256, 2" where so many blocks shall fit on a processor. Told nothing, ptxas may spill
 * one part of a kernel to have more blocks of it: one is enough. */
static const char *bounds_of(Source *s, MlirOperation kernel)
{
  bool parts = !strcmp(kernel_mode(s, kernel), "parts") || is_resident(s, kernel);
  const char *text = mdl_text(s->arena, "%lld", threads_of(kernel));
  long long resident = (long long)mdl_op_int(kernel, "mdl.resident", parts);
  return resident ? mdl_text(s->arena, "%s, %lld", text, resident) : text;
}

static const char *parameter(Source *s, MlirOperation func, int i, const char *name)
{
  MdlPrinter *p = &s->printer;
  MlirValue arg = mdl_arg(mdl_body(func, 0), i);
  MdlLoopType type = mdl_loop_type_of(s->ir, arg);
  const char *plain = mdl_print_is_int(p, arg) ? "int" : mdl_c_type(p, &type);
  if (type.kind != MDL_LOOP_memory) return mdl_text(s->arena, "%s %s", plain, name);
  return mdl_text(s->arena, "%s%s *%s%s", mdl_func_writes(p, arg) ? "" : "const ",
                  mdl_c_type(p, &(MdlLoopType){.element = type.element}),
                  is_restrict(func, i) ? "__restrict__ " : "", name);
}

static void print_function(Source *s, MlirOperation func)
{
  MdlPrinter *p = &s->printer;
  MlirBlock body = mdl_body(func, 0);
  const char *doc = mdl_op_text(s->ir, func, "mdl.doc"), *result = "void";
  const char *symbol = mdl_op_text(s->ir, func, "sym_name"), *mode = kernel_mode(s, func);
  mdl_printer_begin(p);
  p->gives_status = false;
  if (mdl_func_results(func)) result = mdl_func_result(p, func, 0);
  const char *text = mode ? mdl_text(s->arena, "%s(", symbol)
                          : mdl_text(s->arena, "static __device__ %s %s(", result, symbol);
  for (int i = 0; i < mdl_arg_count(body); i++) {
    MlirValue arg = mdl_arg(body, i);
    const char *name = mdl_print_name(p, arg, mdl_text(s->arena, "a%d", i));
    text = mdl_text(s->arena, "%s%s%s", text, i ? ", " : "", parameter(s, func, i, name));
    mdl_func_bind(p, arg, name, NULL);
  }
  if (doc) mdl_func_doc(p, doc);
  if (mode) mdl_line(p, "extern \"C\" __global__ void __launch_bounds__(%s)", bounds_of(s, func));
  mdl_line(p, "%s)", text);
  mdl_line(p, "{");
  p->indent++;
  const char *inside = mdl_func_body(p, body);
  for (int i = 0; i < mdl_arg_count(body); i++)
    mdl_func_void(p, inside, mdl_print_expr(p, mdl_arg(body, i)).text);
  fputs(inside, p->out);
  p->indent--;
  mdl_line(p, "}\n");
}

/* ---- entries ----------------------------------------------------------------------------- */

/* "int64_t N, const float *x, " or, as a call has it, "N, x, ". */
static const char *parameters(Source *s, const MdlSignature *sig, bool named_only)
{
  const char *text = "";
  for (int i = 0; i < sig->sizes; i++)
    text = mdl_text(s->arena, "%s%s%s, ", text, named_only ? "" : "int64_t ", sig->size[i]);
  for (int i = 0; i < sig->params; i++)
    text =
        mdl_text(s->arena, "%s%s, ", text,
                 named_only ? sig->param[i].name : mdl_c_param(s->arena, sig, &sig->param[i], ""));
  return text;
}

/* The entry's launches as a graph, fixed to these arguments. */
static void print_graph(Source *s, const MdlSignature *sig, const char *symbol)
{
  MdlPrinter *p = &s->printer;
  mdl_line(p, "/* %s as a graph, to be launched again and again on these arguments. */",
           sig->entry);
  mdl_line(p,
           "extern \"C\" mdl_status %s_graph_create(cudaGraphExec_t *graph, %svoid *work, "
           "cudaStream_t stream)",
           symbol, parameters(s, sig, false));
  mdl_line(p, "{");
  p->indent++;
  mdl_line(p, "*graph = nullptr;");
  mdl_line(p, "TRY(capture_begin(stream));");
  mdl_line(p, "return capture_end(stream, %s(%swork, stream), graph);", symbol,
           parameters(s, sig, true));
  p->indent--;
  mdl_line(p, "}\n");
}

static void print_entry(Source *s, MlirOperation func)
{
  MdlPrinter *p = &s->printer;
  const MdlSignature *sig = mdl_signature_read(s->ir, func);
  const char *symbol = mdl_c_symbol(s->ir, func);
  mdl_printer_begin(p);
  p->gives_status = true;
  mdl_line(p, "/* %s: %s:%d */", sig->entry, s->options->source, sig->line);
  mdl_line(p, "extern \"C\" mdl_status %s(%svoid *work, cudaStream_t stream)", symbol,
           parameters(s, sig, false));
  mdl_line(p, "{");
  p->indent++;
  mdl_func_bind_entry(p, sig, mdl_body(func, 0));
  const char *inside = mdl_func_body(p, mdl_body(func, 0));
  for (int i = 0; i < sig->sizes; i++) mdl_func_void(p, inside, sig->size[i]);
  for (int i = 0; i < sig->params; i++) mdl_func_void(p, inside, sig->param[i].name);
  mdl_func_void(p, inside, "work");
  mdl_func_void(p, inside, "stream");
  fputs(inside, p->out);
  p->indent--;
  mdl_line(p, "}\n");
  print_graph(s, sig, symbol);
  if (!mdl_signature_runs_checks(sig)) return;
  mdl_line(p, "/* What the checks of %s found, once the stream has come so far. */", sig->entry);
  mdl_line(p, "extern \"C\" mdl_status %s_status(const void *work, cudaStream_t stream)", symbol);
  mdl_line(p, "{\n  mdl_status found = MDL_OK;");
  mdl_line(p, "  cudaError_t e = cudaMemcpyAsync(&found, work, sizeof found, "
              "cudaMemcpyDeviceToHost, stream);");
  mdl_line(p, "  if (e == cudaSuccess) e = cudaStreamSynchronize(stream);");
  mdl_line(p, "  return e == cudaSuccess ? found : device_status(e);\n}\n");
}

/* ---- the file ---------------------------------------------------------------------------- */

static void print_functions(Source *s)
{
  MlirBlock body = mdl_module_body(s->module);
  bool resident = false;
  for (MlirOperation f = mdl_first(body); !mdl_is_null(f); f = mdl_next(f))
    if (mdl_op(s->ir, f) == MDL_OP_func && !mdl_is_entry(f) && mdl_body(f, 0).ptr) {
      print_function(s, f);
      resident |= kernel_mode(s, f) && is_resident(s, f);
    }
  fputs(launcher, s->printer.out);
  if (resident) fputs(resident_launcher, s->printer.out);
  fputs(capturer, s->printer.out);
  for (MlirOperation f = mdl_first(body); !mdl_is_null(f); f = mdl_next(f))
    if (mdl_is_entry(f)) print_entry(s, f);
}

static void print_top(Source *s, FILE *out)
{
  const char *name = s->options->module;
  fprintf(out, "/* %s.cu: %s compiled by mdlc for %s. Do not edit.\n", name, s->options->source,
          s->options->machine->doc);
  fprintf(out,
          " * nvcc -fmad=false -arch=sm_80 -c %s.cu   (fused multiply-adds are all written out)\n",
          name);
  mdl_cuda_summary(s->ir, s->module, out);
  fprintf(out, " */\n");
  fprintf(out, "#include \"%s.h\"\n\n", name);
  bool waits = mdl_map_has(s->printer.needs, mdl_intern_text(s->arena, "grid_barrier"));
  if (waits) fprintf(out, "#include <cooperative_groups.h>\n");
  fprintf(out, "#include <math.h>\n#include <string.h>\n\n");
}

char *mdl_cuda_source(MdlIr *ir, MlirOperation module, const MdlCOptions *options)
{
  char *body = NULL, *text = NULL;
  size_t body_length = 0, length = 0;
  Source s = {.ir = ir, .arena = ir->arena, .options = options, .module = module};
  s.printer = (MdlPrinter){.ir = ir, .arena = ir->arena, .machine = options->machine};
  s.printer.source = options->source;
  s.printer.line_directives = options->debug;
  s.printer.needs = mdl_map_create(ir->arena);
  s.printer.symbols = mdl_symbols(ir, module);
  s.printer.chains = true;
  s.printer.launch = launch_text;
  s.printer.user = &s;
  s.printer.out = open_memstream(&body, &body_length);
  if (!s.printer.out) MDL_BUG(ir->session, "no memory stream");
  mdl_cuda_share(ir, module, s.printer.symbols);
  print_functions(&s);
  fclose(s.printer.out);

  FILE *out = open_memstream(&text, &length);
  if (!out) MDL_BUG(ir->session, "no memory stream");
  print_top(&s, out);
  mdl_cuda_prelude(&s.printer, out);
  s.printer.out = out;
  mdl_c_tables(&s.printer, module, "static __device__ const");
  fputs(body, out);
  fclose(out);
  while (length && text[length - 1] == '\n') length--;
  char *copy = mdl_text(ir->arena, "%.*s\n", (int)length, text);
  free(body);
  free(text);
  return copy;
}
