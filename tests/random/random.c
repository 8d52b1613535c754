/* Random programs through everything.
 *
 *   random_programs [--seed=N] [--programs=N] [--batch=N] [--size=N] [--machine=plain|x86-64|sm_80]
 *                   [--without=FEATURE]... [--all] [--keep] [--print] [--no-reduce]
 *                   [--xla=stablehlo|text|jax|jax-text] [--only=N] [FILE.mdl]
 *
 * Programs run `batch` to a file; a file that fails is taken apart, the program that fails alone is
 * made small and printed with its seed and number; --only=N runs the N-th again. With FILE.mdl that
 * text runs instead. */
#include "tests/random/generate.h"
#include "tests/random/trial.h"

#include "tests/backend/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Settings {
  MdlRandomSettings run;
  uint64_t seed;
  uint64_t without;
  int first, programs, batch, size;
  bool prints, reduces;
  const char *file;
} Settings;

typedef struct Totals {
  int count[MDL_OUTCOME_COUNT], told;
} Totals;

static const char *program(MdlArena *arena, const Settings *s, int i)
{
  return mdl_random_program(arena, s->seed * 1000003 + (uint64_t)i, i, s->size, s->without);
}

/* One that fails alone. */
static void tell(MdlArena *arena, const Settings *s, Totals *totals, int i, MdlOutcome outcome)
{
  enum { MOST_TOLD = 5 };
  const char *text = program(arena, s, i);
  fprintf(stderr, "---- program %d of seed %llu: %s\n", i, (unsigned long long)s->seed,
          mdl_outcome_name(outcome));
  if (s->reduces && totals->told++ >= MOST_TOLD) return;
  if (s->reduces) text = mdl_random_reduce(text, outcome, &s->run);
  fputs(text, stderr);
  mdl_random_run(text, &s->run, NULL);
}

static void run_batch(const Settings *s, Totals *totals, int first, int count)
{
  MdlArena *arena = mdl_arena_create();
  const char *text = "";
  for (int i = 0; i < count; i++)
    text = mdl_text(arena, "%s%s", text, program(arena, s, first + i));
  if (s->prints) fputs(text, stdout);
  MdlRandomSettings quiet = s->run;
  quiet.quiet = true;
  quiet.seconds *= 1 + count / 10;
  if (mdl_random_run(text, &quiet, NULL) == MDL_OUTCOME_well) {
    totals->count[MDL_OUTCOME_well] += count;
    mdl_arena_destroy(arena);
    return;
  }
  quiet.seconds = s->run.seconds;
  for (int i = 0; i < count; i++) {
    MdlOutcome outcome = mdl_random_run(program(arena, s, first + i), &quiet, NULL);
    totals->count[outcome]++;
    if (outcome != MDL_OUTCOME_well) tell(arena, s, totals, first + i, outcome);
  }
  mdl_arena_destroy(arena);
}

static bool leave_out(Settings *s, const char *name)
{
  for (int bit = 0; mdl_random_feature(bit); bit++)
    if (!strcmp(mdl_random_feature(bit), name)) return s->without |= UINT64_C(1) << bit, true;
  return false;
}

static bool read_settings(int argc, char **argv, Settings *s)
{
  *s = (Settings){.programs = 20, .batch = 20, .size = 2, .reduces = true, .seed = 1};
  s->run = (MdlRandomSettings){.machine = mdl_machine_native(), .seconds = 120};
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (!strncmp(word, "--seed=", 7))
      s->seed = strtoull(word + 7, NULL, 10);
    else if (!strncmp(word, "--programs=", 11))
      s->programs = atoi(word + 11);
    else if (!strncmp(word, "--batch=", 8))
      s->batch = atoi(word + 8);
    else if (!strncmp(word, "--size=", 7))
      s->size = atoi(word + 7);
    else if (!strncmp(word, "--only=", 7))
      s->first = atoi(word + 7), s->programs = 1;
    else if (!strncmp(word, "--machine=", 10))
      s->run.machine = mdl_trial_machine(word + 10);
    else if (!strncmp(word, "--without=", 10) && leave_out(s, word + 10))
      continue;
    else if (!strcmp(word, "--all"))
      s->run.all = true;
    else if (!strncmp(word, "--xla=", 6))
      s->run.xla = mdl_xla_find(word + 6);
    else if (!strcmp(word, "--keep"))
      s->run.keeps = true;
    else if (!strcmp(word, "--print"))
      s->prints = true;
    else if (!strcmp(word, "--no-reduce"))
      s->reduces = false;
    else if (*word != '-')
      s->file = word;
    else
      return false;
  }
  s->run.seed = s->seed;
  return s->programs > 0 && s->batch > 0 && s->size > 0 && s->run.machine;
}

static int run_file(const Settings *s)
{
  static char text[1 << 20];
  FILE *file = fopen(s->file, "r");
  if (!file) return perror(s->file), 2;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  MdlOutcome outcome = mdl_random_run(text, &s->run, NULL);
  printf("%s: %s\n", s->file, mdl_outcome_name(outcome));
  return outcome != MDL_OUTCOME_well;
}

int main(int argc, char **argv)
{
  Settings s;
  Totals totals = {{0}, 0};
  if (!read_settings(argc, argv, &s)) return fprintf(stderr, "see tests/random/random.c\n"), 2;
  if (s.file) return run_file(&s);
  for (int i = 0; i < s.programs; i += s.batch)
    run_batch(&s, &totals, s.first + i, s.batch < s.programs - i ? s.batch : s.programs - i);
  printf("%d random programs, seed %llu, %s:", s.programs, (unsigned long long)s.seed,
         s.run.machine->name);
  for (int i = 0; i < MDL_OUTCOME_COUNT; i++)
    if (totals.count[i] || !i) printf(" %d %s", totals.count[i], mdl_outcome_name((MdlOutcome)i));
  printf("\n");
  return totals.count[MDL_OUTCOME_well] != s.programs;
}
