#include "tests/backend/xla.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

MdlXla mdl_xla_find(const char *name)
{
  static const char *const names[] = {"stablehlo", "text", "jax", "jax-text", "tpu"};
  for (int i = 0; i < 5; i++)
    if (!strcmp(names[i], name)) return (MdlXla)(i + 1);
  return MDL_XLA_none;
}

static const char *path_of(const MdlTrial *trial, const MdlXlaModule *m, const char *extension)
{
  return mdl_text(trial->ir->arena, "%s/%s%s", trial->folder, m->name, extension);
}

bool mdl_xla_write(const MdlTrial *trial, const MdlXlaModule *modules)
{
  const char *extension = mdl_xla_is_text(trial->xla) ? ".hlo" : ".mlir";
  for (int i = 0; i < trial->entries; i++) {
    FILE *file = fopen(path_of(trial, &modules[i], extension), "w");
    if (!file || fputs(modules[i].text, file) < 0 || fclose(file)) return perror("write"), false;
  }
  return true;
}

void mdl_xla_remove(const MdlTrial *trial, const MdlXlaModule *modules)
{
  static const char *const extensions[] = {".hlo", ".mlir", ".pb", ".json", ".in", ".out"};
  for (int i = 0; i < trial->entries; i++)
    for (size_t k = 0; k < sizeof extensions / sizeof *extensions; k++)
      unlink(path_of(trial, &modules[i], extensions[k]));
}

/* A file of the folder in the arena; NULL if there is none. */
static unsigned char *read_file(const MdlTrial *trial, const char *path, size_t *length)
{
  struct stat info;
  FILE *file = stat(path, &info) ? NULL : fopen(path, "rb");
  if (!file) return NULL;
  unsigned char *bytes = mdl_alloc(trial->ir->arena, (size_t)info.st_size + 1);
  *length = fread(bytes, 1, (size_t)info.st_size, file);
  fclose(file);
  return bytes;
}

static bool run_script(const MdlTrial *trial, const char *script)
{
  const char *command = mdl_text(trial->ir->arena, "%s '%s'", script, trial->folder);
  return !system(command) || (fprintf(stderr, "%s fails\n", command), false);
}

bool mdl_xla_read_protos(const MdlTrial *trial, MdlXlaModule *modules)
{
  if (!run_script(trial, TEXT_TO_PROTO)) return false;
  for (int i = 0; i < trial->entries; i++) {
    const char *path = path_of(trial, &modules[i], ".pb");
    modules[i].text = (char *)read_file(trial, path, &modules[i].length);
    if (!modules[i].text) return fprintf(stderr, "there is no %s\n", path), false;
  }
  return true;
}

/* ---- jaxlib ------------------------------------------------------------------------------ */

/* The manifest, and the arguments of all runs as they lie in memory. */
static bool write_arguments(const MdlTrial *trial, const MdlTrialEntry *e, const MdlXlaModule *m)
{
  FILE *json = fopen(path_of(trial, m, ".json"), "w"), *in = fopen(path_of(trial, m, ".in"), "wb");
  if (!json || !in || fputs(m->manifest, json) < 0 || fclose(json)) return perror("write"), false;
  fprintf(in, "%8d", e->runs);
  for (int k = 0; k < e->runs; k++)
    for (int i = 0; i < e->args; i++) {
      const MdlTensor *t = &e->run[k].arg[i];
      size_t bytes = (size_t)t->count * (size_t)mdl_dtypes[t->dtype].bytes;
      void *memory = mdl_alloc(trial->ir->arena, bytes);
      mdl_tensor_store(t, memory);
      fwrite(memory, 1, bytes, in);
    }
  return !fclose(in) || (perror("write"), false);
}

static bool take(unsigned char *to, size_t bytes, const unsigned char **at,
                 const unsigned char *end)
{
  if ((size_t)(end - *at) < bytes) return false;
  memcpy(to, *at, bytes);
  *at += bytes;
  return true;
}

/* Results of all runs; the status, where there is one, comes after the others. */
static bool read_results(const MdlTrial *trial, int entry, const MdlXlaModule *m,
                         unsigned char *memory)
{
  const MdlTrialEntry *e = &trial->entry[entry];
  size_t length = 0;
  const unsigned char *at = read_file(trial, path_of(trial, m, ".out"), &length);
  const unsigned char *end = at + length;
  bool has_status = !strstr(m->manifest, "\"status\": null"), well = at != NULL;
  for (int k = 0; k < e->runs && well; k++) {
    for (int i = 0; i < e->results && well; i++) {
      MdlTrialPlace place = mdl_trial_place(trial, entry, k, i);
      well = take(memory + place.offset, place.bytes, &at, end);
    }
    MdlTrialPlace status = mdl_trial_place(trial, entry, k, -1);
    if (has_status) well = well && take(memory + status.offset, status.bytes, &at, end);
  }
  well = well && at == end;
  if (!well) fprintf(stderr, "jaxlib's results of %s do not fit\n", m->name);
  return well;
}

bool mdl_xla_run_jax(const MdlTrial *trial, const MdlXlaModule *modules, unsigned char *memory)
{
  bool well = true;
  for (int i = 0; i < trial->entries && well; i++)
    well = write_arguments(trial, &trial->entry[i], &modules[i]);
  well = well && run_script(trial, RUN_JAX);
  for (int i = 0; i < trial->entries && well; i++)
    well = read_results(trial, i, &modules[i], memory);
  return well;
}
