/* What a user may have meant: names within a small edit distance, words of other systems. */
#include "ir/diag.h"

#include <string.h>

typedef struct Foreign {
  const char *word, *whose, *ours;
  bool is_word;
} Foreign;

enum { HOW_text, HOW_word };

static const Foreign foreign[] = {
#define FOREIGN(word, whose, how, ours) {word, whose, ours, HOW_##how == HOW_word},
#include "ir/foreign.def"
};

static const Foreign *find(const char *word) {
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    if (!strcmp(foreign[i].word, word)) return &foreign[i];
  return NULL;
}

const char *mdl_foreign(const char *word) {
  const Foreign *row = find(word);
  return row && row->is_word ? row->ours : NULL;
}

bool mdl_help_foreign(MdlReport *report, MdlSpan at, const char *word, bool exact) {
  const Foreign *row = find(word);
  if (!row) return false;
  const char *whose = row->whose ? row->whose : "";
  const char *tick = row->is_word ? "`" : "";
  mdl_help(report, "%s%s`%s` is %s%s%s here", whose, *whose ? "'s " : "", word, tick, row->ours,
           tick);
  if (row->is_word) mdl_fix(report, exact, at, row->ours);
  return true;
}

enum { LONGEST = 64 };

static int least(int a, int b) { return a < b ? a : b; }

/* Damerau's distance with adjacent swaps (optimal string alignment). Names longer than LONGEST are
 * far from everything. */
static int distance(const char *a, const char *b) {
  int n = (int)strlen(a), m = (int)strlen(b);
  if (n > LONGEST || m > LONGEST) return LONGEST;
  int rows[3][LONGEST + 1];
  int *before = rows[0], *last = rows[1], *now = rows[2];
  for (int j = 0; j <= m; j++) before[j] = last[j] = j;
  for (int i = 1; i <= n; i++) {
    now[0] = i;
    for (int j = 1; j <= m; j++) {
      bool same = a[i - 1] == b[j - 1];
      now[j] = least(last[j - 1] + !same, least(last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = least(now[j], before[j - 2] + 1);
    }
    int *spare = before;
    before = last, last = now, now = spare;
  }
  return last[m];
}

int mdl_did_you_mean(MdlSession *session, const char *name, const char *const *candidates,
                     int count, const char **best, int max) {
  (void)session;
  int far[3], found = 0, bound = (int)strlen(name) / 3;
  if (bound < 1) bound = 1;
  if (max > 3) max = 3;
  for (int i = 0; i < count; i++) {
    int d = distance(name, candidates[i]);
    if (d > bound || d >= (int)strlen(name)) continue;
    int at = 0;
    while (at < found && (far[at] < d || (far[at] == d && strcmp(best[at], candidates[i]) < 0)))
      at++;
    if (at == max || (at < found && !strcmp(best[at], candidates[i]))) continue;
    if (found < max) found++;
    for (int j = found - 1; j > at; j--) far[j] = far[j - 1], best[j] = best[j - 1];
    far[at] = d;
    best[at] = candidates[i];
  }
  return found;
}

void mdl_help_similar(MdlReport *report, MdlSpan at, const char *const *names, int count) {
  if (count < 1) return;
  if (count == 1)
    mdl_help(report, "did you mean `%s`?", names[0]);
  else if (count == 2)
    mdl_help(report, "did you mean `%s` or `%s`?", names[0], names[1]);
  else
    mdl_help(report, "did you mean `%s`, `%s` or `%s`?", names[0], names[1], names[2]);
  mdl_fix(report, false, at, names[0]);
}
