/* The .c file: header's text, prelude, groups, entries, in the order they run. */
#include "codegen/c/abi.h"
#include "codegen/c/prelude.h"
#include "codegen/c/table.h"
#include "codegen/cfamily_func.h"

#include <stdlib.h>
#include <string.h>

typedef struct Source {
  MdlIr *ir;
  MdlArena *arena;
  const MdlCOptions *options;
  MlirOperation module;
  MdlPrinter printer;
} Source;

/* ---- entries ----------------------------------------------------------------------------- */

static void print_entry(Source *s, MlirOperation func)
{
  MdlPrinter *p = &s->printer;
  const MdlSignature *sig = mdl_signature_read(s->ir, func);
  const char *text = mdl_text(s->arena, "mdl_status %s(", mdl_c_symbol(s->ir, func));
  int count = 0;
  mdl_printer_begin(p);
  p->gives_status = true;
  for (int i = 0; i < sig->sizes; i++)
    text = mdl_text(s->arena, "%s%sint64_t %s", text, count++ ? ", " : "", sig->size[i]);
  for (int i = 0; i < sig->params; i++)
    text = mdl_text(s->arena, "%s%s%s", text, count++ ? ", " : "",
                    mdl_c_param(s->arena, sig, &sig->param[i],
                                sig->param[i].struct_type ? "" : "MDL_RESTRICT "));
  if (sig->has_work) text = mdl_text(s->arena, "%s%svoid *work", text, count++ ? ", " : "");
  mdl_line(p, "/* %s: %s:%d */", sig->entry, s->options->source, sig->line);
  mdl_line(p, "%s%s)", text, count ? "" : "void");
  mdl_line(p, "{");
  p->indent++;
  mdl_func_bind_entry(p, sig, mdl_body(func, 0));
  const char *body = mdl_func_body(p, mdl_body(func, 0));
  for (int i = 0; i < sig->sizes; i++) mdl_func_void(p, body, sig->size[i]);
  for (int i = 0; i < sig->params; i++) mdl_func_void(p, body, sig->param[i].name);
  if (sig->has_work) mdl_func_void(p, body, "work");
  fputs(body, p->out);
  p->indent--;
  mdl_line(p, "}\n");
}

/* ---- groups ------------------------------------------------------------------------------ */

/* ", float *MDL_RESTRICT sum_out": several scalar results go through pointers. */
static const char *result_params(MdlPrinter *p, MlirOperation func, const char *text)
{
  const char *names = mdl_op_text(p->ir, func, "mdl.results");
  p->results = mdl_func_results(func);
  p->result = MDL_NEW(p->arena, const char *, (size_t)p->results);
  for (int i = 0; i < p->results; i++) {
    size_t length = names ? strcspn(names, " ") : 0;
    const char *name = length ? mdl_text(p->arena, "%.*s", (int)length, names) : "y";
    if (length) names += length + (names[length] != 0);
    p->result[i] = mdl_print_unique(p, mdl_text(p->arena, "%s_out", name));
    bool first = !i && !mdl_func_args(func);
    text = mdl_text(p->arena, "%s%s%s *MDL_RESTRICT %s", text, first ? "" : ", ",
                    mdl_func_result(p, func, i), p->result[i]);
  }
  return text;
}

static void print_group(Source *s, MlirOperation func)
{
  MdlPrinter *p = &s->printer;
  MlirBlock body = mdl_body(func, 0);
  const char *doc = mdl_op_text(s->ir, func, "mdl.doc");
  mdl_printer_begin(p);
  p->gives_status = false;
  int results = mdl_func_results(func);
  const char *result = results == 1 ? mdl_func_result(p, func, 0) : "void";
  const char *text =
      mdl_text(s->arena, "static %s %s(", result, mdl_op_text(s->ir, func, "sym_name"));
  for (int i = 0; i < mdl_arg_count(body); i++) {
    MlirValue arg = mdl_arg(body, i);
    MdlLoopType type = mdl_loop_type_of(s->ir, arg);
    const char *name = mdl_print_name(p, arg, mdl_text(s->arena, "a%d", i));
    const char *element = mdl_c_type(p, &(MdlLoopType){.element = type.element});
    const char *constant = type.kind == MDL_LOOP_memory && !mdl_func_writes(p, arg) ? "const " : "";
    text = type.kind == MDL_LOOP_memory
               ? mdl_text(s->arena, "%s%s%s%s *MDL_RESTRICT %s", text, i ? ", " : "", constant,
                          element, name)
               : mdl_text(s->arena, "%s%s%s %s", text, i ? ", " : "", mdl_c_type(p, &type), name);
    mdl_func_bind(p, arg, name, NULL);
  }
  if (results > 1) text = result_params(p, func, text);
  if (doc) mdl_func_doc(p, doc);
  mdl_line(p, "%s%s)", text, mdl_arg_count(body) || results > 1 ? "" : "void");
  mdl_line(p, "{");
  p->indent++;
  const char *inside = mdl_func_body(p, body);
  for (int i = 0; i < mdl_arg_count(body); i++)
    mdl_func_void(p, inside, mdl_print_expr(p, mdl_arg(body, i)).text);
  fputs(inside, p->out);
  p->indent--;
  mdl_line(p, "}\n");
}

/* ---- the file ---------------------------------------------------------------------------- */

static void print_functions(Source *s)
{
  for (MlirOperation f = mdl_first(mdl_module_body(s->module)); !mdl_is_null(f); f = mdl_next(f))
    if (mdl_op(s->ir, f) == MDL_OP_func && !mdl_is_entry(f) && mdl_body(f, 0).ptr)
      print_group(s, f);
  for (MlirOperation f = mdl_first(mdl_module_body(s->module)); !mdl_is_null(f); f = mdl_next(f))
    if (mdl_is_entry(f)) print_entry(s, f);
}

static void print_top(Source *s, FILE *out, bool vectors)
{
  const MdlMachine *m = s->options->machine;
  const char *name = s->options->module;
  bool march_names_it = vectors && strcmp(m->cpu, "generic") != 0;
  const char *march = march_names_it ? mdl_text(s->arena, " -march=%s", m->cpu) : "";
  fprintf(out, "/* %s.c: %s compiled by mdlc for %s. Do not edit.\n", name, s->options->source,
          m->doc);
  fprintf(out, " * cc -std=c99 -O2%s -c %s.c   (C99 or newer, C++11 or newer)\n */\n", march, name);
  bool x86 = !strcmp(m->arch, "x86_64");
  if (vectors && x86 && m->fma)
    fprintf(out,
            "#if !defined(__AVX2__) || !defined(__FMA__)\n#error \"emitted for %s: compile with "
            "-march=%s or newer\"\n#endif\n",
            m->cpu, m->cpu);
  fprintf(out, "/* Every fused multiply-add is written out; the compiler may make no others. */\n"
               "#if defined(__clang__)\n#pragma STDC FP_CONTRACT OFF\n#elif defined(__GNUC__)\n"
               "#pragma GCC optimize(\"fp-contract=off\")\n#endif\n\n");
  fprintf(out,
          "/* ---- %s.h "
          "------------------------------------------------------------------------- */\n\n",
          name);
  fprintf(out, "%s\n", mdl_c_header(s->ir, s->module, s->options));
  fprintf(out,
          "/* ---- %s.c "
          "------------------------------------------------------------------------- */\n\n",
          name);
}

static bool needs(const Source *s, const char *word)
{
  return mdl_map_has(s->printer.needs, mdl_intern_text(s->arena, word));
}

static void print_includes(Source *s, FILE *out, bool vectors)
{
  bool string = needs(s, "memcpy") || needs(s, "float_of_bits") || needs(s, "bits_of_float") ||
                needs(s, "double_of_bits") || needs(s, "bits_of_double") || needs(s, "abs1") ||
                needs(s, "absd1");
  bool math = needs(s, "sqrt1") || needs(s, "sqrtd1");
  if (vectors && s->options->machine->header)
    fprintf(out, "#include <%s>\n", s->options->machine->header);
  if (math)
    fprintf(out, "#if defined(__SSE2__)\n#include <emmintrin.h>\n#elif defined(__aarch64__)\n"
                 "#include <arm_neon.h>\n#else\n#include <math.h>\n#endif\n");
  if (string) fprintf(out, "#include <string.h>\n");
  fprintf(out,
          "%s#ifdef __cplusplus\n#define MDL_RESTRICT __restrict\n#else\n#define MDL_RESTRICT "
          "restrict\n#endif\n",
          vectors || math || string ? "\n" : "");
  if (vectors) fprintf(out, "#define MDL_INLINE static inline __attribute__((always_inline))\n");
  if (needs(s, "MDL_NO_VECTORS"))
    fprintf(out, "#ifdef __clang__ /* 22 stores past the end of 16-bit arrays for AVX-512 */\n"
                 "#define MDL_NO_VECTORS _Pragma(\"clang loop vectorize(disable)\")\n#else\n"
                 "#define MDL_NO_VECTORS\n#endif\n");
  fprintf(out, "\n");
}

char *mdl_c_source(MdlIr *ir, MlirOperation module, const MdlCOptions *options)
{
  char *body = NULL, *text = NULL;
  size_t body_length = 0, length = 0;
  Source s = {.ir = ir, .arena = ir->arena, .options = options, .module = module};
  s.printer = (MdlPrinter){.ir = ir, .arena = ir->arena, .machine = options->machine};
  s.printer.source = options->source;
  s.printer.line_directives = options->debug;
  s.printer.needs = mdl_map_create(ir->arena);
  s.printer.symbols = mdl_symbols(ir, module);
  s.printer.out = open_memstream(&body, &body_length);
  if (!s.printer.out) MDL_BUG(ir->session, "no memory stream");
  print_functions(&s);
  fclose(s.printer.out);

  FILE *out = open_memstream(&text, &length);
  if (!out) MDL_BUG(ir->session, "no memory stream");
  bool vectors = mdl_prelude_has_vectors(&s.printer);
  print_top(&s, out, vectors);
  print_includes(&s, out, vectors);
  fputs(mdl_c_hooks_weak(ir, module), out);
  mdl_prelude_print(&s.printer, out);
  s.printer.out = out;
  mdl_c_tables(&s.printer, module, "static const");
  fputs(body, out);
  fclose(out);
  while (length && text[length - 1] == '\n') length--;
  char *copy = mdl_text(ir->arena, "%.*s\n", (int)length, text);
  free(body);
  free(text);
  return copy;
}
