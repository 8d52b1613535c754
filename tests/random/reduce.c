/* Makes a failing program small: drops functions and statements, puts an inner bracket in place of
 * the outer, or a number in place of a bracket, as long as it fails the same way. Most candidates
 * are ill-typed; the front end throws them out fast. */
#include "tests/random/trial.h"

#include "ir/arena.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_SECONDS = 90 };

typedef struct Reducer {
  MdlArena *arena;
  MdlRandomSettings settings;
  MdlOutcome outcome;
  uint32_t mark;
  const char *text;
  time_t end;
} Reducer;

/* The text with bytes [start, end) replaced, if that still fails the same way. */
static bool try_cut(Reducer *r, size_t start, size_t end, const char *with)
{
  if (time(NULL) > r->end) return false;
  const char *text = mdl_text(r->arena, "%.*s%s%s", (int)start, r->text, with, r->text + end);
  if (strlen(text) >= strlen(r->text)) return false;
  uint32_t mark = 0;
  if (mdl_random_run(text, &r->settings, &mark) != r->outcome || mark != r->mark) return false;
  r->text = text;
  return true;
}

/* The end of the bracket that opens at `start`; 0 for none. */
static size_t closing(const char *text, size_t start)
{
  int depth = 0;
  for (size_t i = start; text[i]; i++) {
    if (strchr("([{", text[i])) depth++;
    if (strchr(")]}", text[i]) && !--depth) return i + 1;
  }
  return 0;
}

/* Whole functions: from "fn " or "entry " at the start of a line to the "}" at the start of one. */
static bool cut_functions(Reducer *r)
{
  bool cut = false;
  for (size_t i = 0; r->text[i];) {
    const char *end = strstr(r->text + i, "\n}\n");
    if (!end) break;
    size_t next = (size_t)(end - r->text) + 3;
    if (try_cut(r, i, next, ""))
      cut = true;
    else
      i = next;
  }
  return cut;
}

static bool cut_lines(Reducer *r)
{
  bool cut = false;
  for (size_t i = 0; r->text[i];) {
    size_t next = i + strcspn(r->text + i, "\n");
    next += r->text[next] == '\n';
    if (try_cut(r, i, next, ""))
      cut = true;
    else
      i = next;
  }
  return cut;
}

/* An inner bracket for an outer one, or 0.5 for it. */
static bool cut_brackets(Reducer *r)
{
  bool cut = false;
  for (size_t i = 0; r->text[i]; i++) {
    size_t end = r->text[i] == '(' ? closing(r->text, i) : 0;
    if (!end) continue;
    if (try_cut(r, i, end, "0.5")) {
      cut = true;
      continue;
    }
    for (size_t k = i + 1; k + 1 < end; k++) {
      size_t inner = strchr("([", r->text[k]) ? closing(r->text, k) : 0;
      if (!inner) continue;
      if (try_cut(r, i, end, mdl_text(r->arena, "%.*s", (int)(inner - k), r->text + k))) {
        cut = true;
        break;
      }
      k = inner - 1;
    }
  }
  return cut;
}

const char *mdl_random_reduce(const char *text, MdlOutcome outcome,
                              const MdlRandomSettings *settings)
{
  MdlArena *arena = mdl_arena_create(); /* the text outlives this call: not given back */
  Reducer r = {.arena = arena, .settings = *settings, .outcome = outcome, .text = text};
  r.end = time(NULL) + MOST_SECONDS;
  r.settings.quiet = true;
  r.settings.keeps = false;
  mdl_random_run(text, &r.settings, &r.mark);
  bool smaller = true;
  while (smaller && time(NULL) <= r.end) {
    smaller = cut_functions(&r);
    smaller |= cut_lines(&r);
    smaller |= cut_brackets(&r);
  }
  return r.text;
}
