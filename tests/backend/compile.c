/* The emitted C of a trial through several compilers, and the object: all are called from C. */
#include "tests/backend/trial.h"

#include "codegen/c/abi.h"
#include "codegen/llvm/llvm.h"
#include "ir/signature.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
static const struct {
  const char *name, *compiler, *flags;
  unsigned sets; /* which sets of compilers it is in */
} variants[] = {
    {"gcc -O0",   "gcc",      "-O0 -std=c99 -Wall -Wextra -Wconversion -pedantic -Werror", MDL_QUICK | MDL_ENDS | MDL_ALL},
    {"gcc -O3",   "gcc",      "-O3 -std=c99", MDL_ALL},
    {"clang -O0", "clang-22", "-O0 -std=c99", MDL_ALL},
    {"clang -O1", "clang-22", "-O1 -std=c99 -Wall -Wextra -Wconversion -pedantic -Werror", MDL_QUICK},
    {"clang -O3", "clang-22", "-O3 -std=c99 -Wall -Wextra -Wconversion -pedantic -Werror", MDL_ENDS | MDL_ALL},
    {"g++ -O1",   "g++",      "-O1 -x c++ -std=c++17 -Wall -Wextra -pedantic -Werror", MDL_ALL},
};
/* clang-format on */
enum { VARIANTS = sizeof variants / sizeof *variants }; /* this number: the object */

void mdl_trial_write(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");
  if (!file || fputs(text, file) < 0 || fclose(file)) {
    perror(path);
    exit(2);
  }
}

/* ---- calls: an entry's C arguments out of an array of pointers to leaves ------------------- */

/* One argument out of its cell, or the buffer itself. */
static const char *unpacked(MdlIr *ir, const MdlSignature *s, const MdlParam *p, int cell)
{
  const MdlType *type = &s->leaf[p->leaf].type;
  const char *c = mdl_dtypes[type->dtype].c;
  bool by_value = !type->rank && p->role == MDL_ROLE_in;
  return by_value ? mdl_text(ir->arena, "*(const %s *)a[%d]", c, cell)
                  : mdl_text(ir->arena, "(%s *)a[%d]", c, cell);
}

/* A run in which the checker of races finds something has the status -2. */
static const char race_text[] =
    "extern \"C\" int emu_race_findings(void) __attribute__((weak));\n"
    "static int32_t checked(int32_t status)\n{\n  static int known;\n"
    "  const int all = emu_race_findings ? emu_race_findings() : 0, found = all - known;\n"
    "  known = all;\n  return found ? -2 : status;\n}\n";

/* A struct whose members are filled from its leaves' cells, or point to them. */
static void declare_struct(FILE *out, MdlIr *ir, const MdlSignature *s, const MdlParam *p, int cell)
{
  bool view = mdl_struct_is_view(s, p->struct_type);
  fprintf(out, "  %s v%d;\n", mdl_c_struct(ir->arena, s, p->struct_type), cell);
  for (int i = 0; i < p->leaves; i++) {
    const MdlLeaf *leaf = &s->leaf[p->leaf + i];
    if (view)
      fprintf(out, "  v%d.%s = (%s *)a[%d];\n", cell, leaf->path, mdl_dtypes[leaf->type.dtype].c,
              cell + i);
    else
      fprintf(out, "  memcpy(&v%d.%s, a[%d], sizeof v%d.%s);\n", cell, leaf->path, cell + i, cell,
              leaf->path);
  }
}

static void return_struct(FILE *out, const MdlSignature *s, const MdlParam *p, int cell)
{
  if (p->role == MDL_ROLE_in || mdl_struct_is_view(s, p->struct_type)) return;
  for (int i = 0; i < p->leaves; i++) {
    const char *path = s->leaf[p->leaf + i].path;
    fprintf(out, "  memcpy(a[%d], &v%d.%s, sizeof v%d.%s);\n", cell + i, cell, path, cell, path);
  }
}

static void call_text(FILE *out, MdlIr *ir, MlirOperation entry, int number)
{
  const MdlSignature *s = mdl_signature_read(ir, entry);
  const char *c = s->on_gpu ? "extern \"C\" " : "";
  fprintf(out, "%sint32_t call_%d(void **a);\n%sint32_t call_%d(void **a)\n{\n", c, number, c,
          number);
  for (int k = 0, cell = s->sizes; k < s->params; cell += s->param[k++].leaves)
    if (s->param[k].struct_type) declare_struct(out, ir, s, &s->param[k], cell);
  fprintf(out, "  int32_t status = %s(", mdl_op_text(ir, entry, "sym_name"));
  int cell = 0;
  for (int k = 0; k < s->sizes; k++, cell++)
    fprintf(out, "%s*(int64_t *)a[%d]", cell ? ", " : "", cell);
  for (int k = 0; k < s->params; cell += s->param[k++].leaves)
    fprintf(out, "%s%s", cell ? ", " : "",
            s->param[k].struct_type ? mdl_text(ir->arena, "&v%d", cell)
                                    : unpacked(ir, s, &s->param[k], cell));
  if (s->has_work) fprintf(out, "%sa[%d]", cell ? ", " : "", cell);
  fprintf(out, s->on_gpu ? ", 0);\n" : ");\n");
  if (s->on_gpu && mdl_signature_runs_checks(s))
    fprintf(out, "  if (!status) status = %s_status(a[%d], 0);\n",
            mdl_op_text(ir, entry, "sym_name"), cell);
  for (int k = 0, at = s->sizes; k < s->params; at += s->param[k++].leaves)
    if (s->param[k].struct_type) return_struct(out, s, &s->param[k], at);
  fprintf(out, "  return %s;\n}\n", s->on_gpu ? "checked(status)" : "status");
}

/* int32_t call_N(void **a) for every entry. */
const char *mdl_trial_calls(const MdlTrial *trial)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  MlirOperation *entries;
  int count = mdl_entries(trial->ir, trial->module, &entries);
  fprintf(out, "#include <string.h>\n#include \"t.h\"\n");
  if (trial->machine->warp) fputs(race_text, out);
  for (int i = 0; i < count; i++) call_text(out, trial->ir, entries[i], i);
  fclose(out);
  const char *kept = mdl_text(trial->ir->arena, "%s", text);
  free(text);
  return kept;
}

/* ---- files --------------------------------------------------------------------------------- */

static void write_sources(const MdlTrial *trial)
{
  const MdlCOptions options = {
      .machine = trial->machine, .module = "t", .source = "t.mdl", .options = "", .sha256 = ""};
  MdlArena *arena = trial->ir->arena;
  mdl_trial_write(mdl_text(arena, "%s/t.c", trial->folder),
                  mdl_c_source(trial->ir, trial->module, &options));
  mdl_trial_write(mdl_text(arena, "%s/t.h", trial->folder),
                  mdl_c_header(trial->ir, trial->module, &options));
  mdl_trial_write(mdl_text(arena, "%s/calls.c", trial->folder), mdl_trial_calls(trial));
}

static bool write_object(const MdlTrial *trial, const char *path)
{
  const MdlLlvmOptions options = {
      .machine = trial->machine, .source = "t.mdl", .opt = 3, .position_independent = true};
  MdlBytes bytes;
  if (!mdl_llvm_emit(trial->ir, trial->module, &options, MDL_LLVM_object, &bytes)) return false;
  FILE *file = fopen(path, "wb");
  bool well = file && fwrite(bytes.data, 1, bytes.length, file) == bytes.length;
  return file && !fclose(file) && well;
}

/* t<variant>.o, by a compiler or by LLVM in this process. */
static bool make_object(const MdlTrial *trial, int variant)
{
  MdlArena *arena = trial->ir->arena;
  if (variant == VARIANTS)
    return write_object(trial, mdl_text(arena, "%s/t%d.o", trial->folder, variant));
  const char *cpu = trial->machine->vector_bytes ? trial->machine->cpu : NULL;
  return !system(mdl_text(arena, "cd %s && %s %s %s -fPIC -c t.c -o t%d.o", trial->folder,
                          variants[variant].compiler, variants[variant].flags,
                          cpu ? mdl_text(arena, "-march=%s", cpu) : "", variant));
}

/* The shared library of a variant; NULL if the compiler objects. */
static const char *build(const MdlTrial *trial, int variant)
{
  MdlArena *arena = trial->ir->arena;
  const char *path = mdl_text(arena, "%s/t%d.so", trial->folder, variant);
  if (!make_object(trial, variant)) return NULL;
  if (system(mdl_text(arena, "cd %s && gcc -shared calls.o t%d.o -o %s", trial->folder, variant,
                      path)))
    return NULL;
  return path;
}

bool mdl_trial_load(const MdlTrial *trial, const char *path, MdlTrialOutput *output)
{
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), false;
  MdlTrialCall **calls = MDL_NEW(trial->ir->arena, MdlTrialCall *, (size_t)trial->entries);
  for (int i = 0; i < trial->entries; i++) {
    void *symbol = dlsym(library, mdl_text(trial->ir->arena, "call_%d", i));
    memcpy(&calls[i], &symbol, sizeof symbol);
  }
  bool well = mdl_trial_call(trial, calls, output);
  dlclose(library);
  return well;
}

static bool call_variant(const MdlTrial *trial, int variant, MdlTrialOutput *output)
{
  const char *path = build(trial, variant);
  output->name = variant == VARIANTS ? "LLVM" : variants[variant].name;
  if (!path) return fprintf(stderr, "%s fails on %s\n", output->name, trial->folder), false;
  return mdl_trial_load(trial, path, output);
}

static void remove_files(const MdlTrial *trial)
{
  static const char *const endings[] = {"t.c", "t.h", "calls.c", "calls.o"};
  MdlArena *arena = trial->ir->arena;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    unlink(mdl_text(arena, "%s/%s", trial->folder, endings[i]));
  for (int i = 0; i <= VARIANTS; i++) {
    unlink(mdl_text(arena, "%s/t%d.so", trial->folder, i));
    unlink(mdl_text(arena, "%s/t%d.o", trial->folder, i));
  }
}

int mdl_trial_compile(const MdlTrial *trial, MdlTrialOutput *outputs, int most, bool *well)
{
  int count = 0;
  write_sources(trial);
  *well &= !system(
      mdl_text(trial->ir->arena, "cd %s && gcc -O1 -fPIC -c calls.c -o calls.o", trial->folder));
  for (int i = 0; *well && i <= VARIANTS && count < most; i++) {
    if (i < VARIANTS && !(variants[i].sets & trial->compilers)) continue;
    if (call_variant(trial, i, &outputs[count]))
      count++;
    else
      *well = false;
  }
  if (!trial->keeps && *well) remove_files(trial);
  return count;
}
