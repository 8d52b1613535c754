/* The emitted C of a trial through several compilers. */
#include "tests/backend/trial.h"

#include "codegen/c/c.h"
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

void mdl_trial_write(const char *path, const char *text)
{
  FILE *file = fopen(path, "w");
  if (!file || fputs(text, file) < 0 || fclose(file)) {
    perror(path);
    exit(2);
  }
}

/* One argument out of its cell, or the buffer itself. */
static const char *unpacked(MdlIr *ir, const MdlSignature *s, const MdlParam *p, int cell)
{
  const MdlType *type = &s->leaf[p->leaf].type;
  const char *c = mdl_dtypes[type->dtype].c;
  bool by_value = !type->rank && p->role == MDL_ROLE_in;
  return by_value ? mdl_text(ir->arena, "*(const %s *)a[%d]", c, cell)
                  : mdl_text(ir->arena, "(%s *)a[%d]", c, cell);
}

/* int32_t call_N(void **a) for every entry: its arguments out of an array of pointers. */
const char *mdl_trial_calls(const MdlTrial *trial)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  MlirOperation *entries;
  int count = mdl_entries(trial->ir, trial->module, &entries);
  fprintf(out, "#include \"t.h\"\n");
  for (int i = 0; i < count; i++) {
    const MdlSignature *s = mdl_signature_read(trial->ir, entries[i]);
    const char *c = s->on_gpu ? "extern \"C\" " : "";
    fprintf(out, "%sint32_t call_%d(void **a);\n%sint32_t call_%d(void **a)\n{\n", c, i, c, i);
    fprintf(out, "  return %s(", mdl_op_text(trial->ir, entries[i], "sym_name"));
    int cell = 0;
    for (int k = 0; k < s->sizes; k++, cell++)
      fprintf(out, "%s*(int64_t *)a[%d]", cell ? ", " : "", cell);
    for (int k = 0; k < s->params; k++, cell++)
      fprintf(out, "%s%s", cell ? ", " : "", unpacked(trial->ir, s, &s->param[k], cell));
    if (s->has_work) fprintf(out, "%sa[%d]", cell ? ", " : "", cell);
    if (s->on_gpu) fprintf(out, ", 0");
    fprintf(out, ");\n}\n");
  }
  fclose(out);
  const char *kept = mdl_text(trial->ir->arena, "%s", text);
  free(text);
  return kept;
}

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

/* The shared library of a variant; NULL if the compiler objects. */
static const char *build(const MdlTrial *trial, int variant)
{
  MdlArena *arena = trial->ir->arena;
  const char *cpu = trial->machine->vector_bytes ? trial->machine->cpu : NULL;
  const char *march = cpu ? mdl_text(arena, "-march=%s", cpu) : "";
  const char *path = mdl_text(arena, "%s/t%d.so", trial->folder, variant);
  const char *command = mdl_text(
      arena,
      "cd %s && gcc -O1 -fPIC -c calls.c -o calls%d.o && %s %s %s -fPIC -c t.c -o t%d.o && "
      "gcc -shared calls%d.o t%d.o -o %s",
      trial->folder, variant, variants[variant].compiler, variants[variant].flags, march, variant,
      variant, variant, path);
  if (system(command)) return NULL;
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
  output->name = variants[variant].name;
  if (!path) return fprintf(stderr, "%s fails on %s\n", output->name, trial->folder), false;
  return mdl_trial_load(trial, path, output);
}

static void remove_files(const MdlTrial *trial)
{
  static const char *const endings[] = {"t.c", "t.h", "calls.c"};
  MdlArena *arena = trial->ir->arena;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    unlink(mdl_text(arena, "%s/%s", trial->folder, endings[i]));
  for (int i = 0; i < (int)(sizeof variants / sizeof *variants); i++) {
    unlink(mdl_text(arena, "%s/t%d.so", trial->folder, i));
    unlink(mdl_text(arena, "%s/t%d.o", trial->folder, i));
    unlink(mdl_text(arena, "%s/calls%d.o", trial->folder, i));
  }
}

int mdl_trial_c(const MdlTrial *trial, MdlTrialOutput *outputs, int most, bool *well)
{
  int count = 0;
  write_sources(trial);
  for (int i = 0; i < (int)(sizeof variants / sizeof *variants) && count < most; i++) {
    if (!(variants[i].sets & trial->compilers)) continue;
    if (call_variant(trial, i, &outputs[count]))
      count++;
    else
      *well = false;
  }
  if (!trial->keeps && *well) remove_files(trial);
  return count;
}
