/* Match brackets, before anything else looks at the tokens: whatever is between a pair stays
 * together when a statement is skipped. An item word in column 1 closes everything, but only in a
 * file where something does not match: indentation is free otherwise. */
#include "frontend/grammar.h"
#include "frontend/token.h"

#include <stdlib.h>

static bool opens(int kind) { return kind == '(' || kind == '[' || kind == '{'; }
static bool closes(int kind) { return kind == ')' || kind == ']' || kind == '}'; }
static int closer_of(int kind) { return kind == '(' ? ')' : kind == '[' ? ']' : '}'; }

/* Does an item start here? A word alone is not enough: `fn(x) = x` may be an argument. */
static bool item_starts(const MdlTokens *tokens, int i)
{
  if (!tokens->token[i].column_one) return false;
  int next = i + 1 < tokens->count ? tokens->token[i + 1].kind : 0;
  bool names = next == TOK_NAME;
  switch (tokens->token[i].kind) {
  case TOK_IMPORT:
  case TOK_CONST:
  case TOK_STRUCT:
  case TOK_FN:
    return names;
  case TOK_NAME:
    if (mdl_token_is(tokens, i, "entry")) return names || next == TOK_FN;
    return names && (mdl_token_is(tokens, i, "model") || mdl_token_is(tokens, i, "jvp") ||
                     mdl_token_is(tokens, i, "vjp"));
  default:
    return false;
  }
}

static void pair(MdlTokens *tokens, int open, int close)
{
  tokens->token[open].match = close;
  tokens->token[close].match = open;
}

/* Pairs everything from..to; false at the first bracket that has no partner, or is too deep. */
static bool pair_all(MdlTokens *tokens, int from, int to)
{
  int open = -1, depth = 0;
  for (int i = from; i < to; i++) {
    MdlToken *t = &tokens->token[i];
    t->open = open;
    if (opens(t->kind)) {
      if (++depth > tokens->session->limits.nesting) return false;
      open = i;
    } else if (closes(t->kind)) {
      if (open < 0 || closer_of(tokens->token[open].kind) != t->kind) return false;
      pair(tokens, open, i);
      t->open = open = tokens->token[open].open;
      depth--;
    }
  }
  return open < 0;
}

static MdlReport *unmatched(MdlTokens *tokens, int i, const char *what)
{
  char text[2] = {(char)tokens->token[i].kind, 0};
  tokens->errors++;
  return mdl_error(tokens->session, MDL_E0104, mdl_token_span(tokens, i), text, what);
}

/* The report for an item that pair_all refused: one, at the bracket to blame. */
static void blame(MdlTokens *tokens, int from, int to)
{
  int open = -1, depth = 0;
  for (int i = from; i < to; i++) {
    MdlToken *t = &tokens->token[i];
    t->open = open;
    if (opens(t->kind)) {
      if (++depth > tokens->session->limits.nesting) {
        tokens->errors++;
        mdl_error(tokens->session, MDL_E0901, mdl_token_span(tokens, i),
                  mdl_text(tokens->session->arena, "%d", tokens->session->limits.nesting));
        return;
      }
      open = i;
      continue;
    }
    if (!closes(t->kind)) continue;
    if (open >= 0 && closer_of(tokens->token[open].kind) == t->kind) {
      open = tokens->token[open].open;
      depth--;
      continue;
    }
    int outer = open;
    while (outer >= 0 && closer_of(tokens->token[outer].kind) != t->kind)
      outer = tokens->token[outer].open;
    MdlReport *report;
    if (outer >= 0) {
      report = unmatched(tokens, open, "is never closed");
      mdl_also(report, mdl_token_span(tokens, i), "closes the `%c` outside it",
               tokens->token[outer].kind);
    } else {
      report = unmatched(tokens, i, "closes nothing");
      if (open >= 0) mdl_also(report, mdl_token_span(tokens, open), "open here");
    }
    return;
  }
  MdlReport *report = unmatched(tokens, open, "is never closed");
  int outer = tokens->token[open].open;
  if (outer >= 0) mdl_also(report, mdl_token_span(tokens, outer), "open too");
}

/* Half a text swallows brackets: its own report is enough. */
static bool any_bad(const MdlTokens *tokens, int from, int to)
{
  for (int i = from; i < to; i++)
    if (tokens->token[i].bad) return true;
  return false;
}

void mdl_match(MdlTokens *tokens)
{
  if (pair_all(tokens, 0, tokens->count)) return;
  for (int from = 0, to; from < tokens->count; from = to) {
    to = from + 1;
    while (to < tokens->count && !item_starts(tokens, to)) to++;
    for (int i = from; i < to; i++) tokens->token[i].match = tokens->token[i].open = -1;
    if (pair_all(tokens, from, to)) continue;
    if (!any_bad(tokens, from, to)) blame(tokens, from, to);
    mdl_token_broken(tokens, from);
    for (int i = from; i < to; i++) tokens->token[i].dropped = true;
  }
}
