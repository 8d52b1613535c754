/* What to say where the grammar cannot go on, and where to go on from there. */
#include "frontend/grammar.h"
#include "frontend/parse.h"

#include <stdio.h>
#include <string.h>

const char *mdl_token_name(int kind)
{
  switch (kind) {
  case 0:
    return "end of file";
  case TOK_TERM:
    return "end of line";
  case TOK_NAME:
    return "a name";
  case TOK_NUMBER:
    return "a number";
  case TOK_TEXT:
    return "a text";
  case TOK_DTYPE:
    return "an element type";
  case TOK_ENTRY:
    return "`entry`";
  case TOK_MODEL:
    return "`model`";
  case TOK_JVP:
    return "`jvp`";
  case TOK_VJP:
    return "`vjp`";
  case TOK_PARAM:
    return "`param`";
  case TOK_STATE:
    return "`state`";
  case TOK_LIMIT:
    return "`limit`";
  case TOK_NEW:
    return "`new`";
  case TOK_ARROW:
    return "`->`";
  case TOK_DOTDOT:
    return "`..`";
  case TOK_ELLIPSIS:
    return "`...`";
  case TOK_PIPE:
    return "`|>`";
  case TOK_POW:
    return "`**`";
  case TOK_EQ:
    return "`==`";
  case TOK_NE:
    return "`!=`";
  case TOK_LE:
    return "`<=`";
  case TOK_GE:
    return "`>=`";
  case TOK_AND:
    return "`&&`";
  case TOK_OR:
    return "`||`";
  case TOK_ADDEQ:
    return "`+=`";
  case TOK_SUBEQ:
    return "`-=`";
  case TOK_MULEQ:
    return "`*=`";
  case TOK_DIVEQ:
    return "`/=`";
  case TOK_MAXEQ:
    return "`max=`";
  case TOK_MINEQ:
    return "`min=`";
  case '+':
    return "`+`";
  case '-':
    return "`-`";
  case '*':
    return "`*`";
  case '/':
    return "`/`";
  case '%':
    return "`%`";
  case '@':
    return "`@`";
  case '!':
    return "`!`";
  case '<':
    return "`<`";
  case '>':
    return "`>`";
  case '=':
    return "`=`";
  case '(':
    return "`(`";
  case ')':
    return "`)`";
  case '[':
    return "`[`";
  case ']':
    return "`]`";
  case '{':
    return "`{`";
  case '}':
    return "`}`";
  case ',':
    return "`,`";
  case ':':
    return "`:`";
  case ';':
    return "`;`";
  case '.':
    return "`.`";
  default:
    break;
  }
#define WORD(text, token) \
  if (kind == TOK_##token) return "`" text "`";
#include "frontend/words.def"
  return "something";
}

/* ---- what was wanted ---------------------------------------------------------------------- */

typedef struct Wanted {
  int kind[256], count;
  const char *group[4]; /* "an expression" stands for all that can start one */
  int groups;
} Wanted;

static bool has(const Wanted *w, int kind)
{
  for (int i = 0; i < w->count; i++)
    if (w->kind[i] == kind) return true;
  return false;
}

static void replace(Wanted *w, const int *set, int count, const char *by)
{
  int kept = 0;
  for (int i = 0; i < w->count; i++) {
    bool in = false;
    for (int j = 0; j < count; j++) in |= set[j] == w->kind[i];
    if (!in) w->kind[kept++] = w->kind[i];
  }
  w->count = kept;
  if (by) w->group[w->groups++] = by;
}
#define REPLACE(w, by, ...) \
  replace(w, (const int[]){__VA_ARGS__}, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)), by)

static void group(Wanted *w)
{
  bool item = has(w, TOK_IMPORT), statement = has(w, TOK_LET);
  bool expr = has(w, TOK_NAME) && has(w, TOK_NUMBER) && has(w, '-');
  bool operator= has(w, '*') && has(w, TOK_PIPE);
  bool type = !expr && has(w, TOK_DTYPE) && has(w, TOK_NAME) && has(w, '(');
  if (item)
    REPLACE(w, "an item", TOK_IMPORT, TOK_CONST, TOK_STRUCT, TOK_MODEL, TOK_FN, TOK_ENTRY, TOK_JVP,
            TOK_VJP, TOK_TERM, 0);
  if (operator) /* what may follow a value; an opening bracket is no news */
    REPLACE(w, NULL, '+', '*', '/', '%', '@', '<', '>', TOK_POW, TOK_EQ, TOK_NE, TOK_LE, TOK_GE,
            TOK_AND, TOK_OR, TOK_PIPE, TOK_DOTDOT, '.', TOK_ADDEQ, TOK_SUBEQ, TOK_MULEQ, TOK_DIVEQ,
            TOK_MAXEQ, TOK_MINEQ);
  if (operator&& !expr) REPLACE(w, NULL, '-', '(', '[');
  if (statement) REPLACE(w, NULL, TOK_LET, TOK_VAR, TOK_FOR, TOK_WHILE, TOK_TERM);
  if (expr)
    REPLACE(w, statement ? "a statement" : "an expression", TOK_NAME, TOK_NUMBER, TOK_TEXT,
            TOK_DTYPE, TOK_TRUE, TOK_FALSE, TOK_IF, TOK_FN, '(', '[', '{', '-', '!');
  if (type) REPLACE(w, "a type", TOK_DTYPE, TOK_NAME, '(', TOK_FN);
  if (operator) w->group[w->groups++] = "an operator";
}

/* "`)`, `,` or an operator" */
static const char *wanted_text(MdlParser *p, const int *kind, int count)
{
  static const int first[] = {')', ']', '}', '{', ',', ':', '=', TOK_IN, TOK_ARROW};
  enum { FIRSTS = sizeof first / sizeof *first, MOST = 4 };
  Wanted w = {.count = count < 256 ? count : 256};
  memcpy(w.kind, kind, (size_t)w.count * sizeof *kind);
  group(&w);
  const char *name[MOST];
  int names = 0;
  for (int i = 0; i < w.groups && names < MOST; i++)
    if (strcmp(w.group[i], "an operator") != 0) name[names++] = w.group[i];
  for (int i = 0; i < FIRSTS && names < MOST; i++)
    if (has(&w, first[i])) name[names++] = mdl_token_name(first[i]);
  REPLACE(&w, NULL, ')', ']', '}', '{', ',', ':', '=', TOK_IN, TOK_ARROW);
  for (int i = 0; i < w.count && names < MOST; i++) name[names++] = mdl_token_name(w.kind[i]);
  for (int i = 0; i < w.groups && names < MOST; i++)
    if (!strcmp(w.group[i], "an operator")) name[names++] = w.group[i];
  const char *text = names ? name[0] : "something else";
  for (int i = 1; i < names; i++)
    text = mdl_text(p->arena, i == names - 1 ? "%s or %s" : "%s, %s", text, name[i]);
  return text;
}

/* ---- where it happened -------------------------------------------------------------------- */

static int kind_at(const MdlParser *p, int i)
{
  return i >= 0 && i < p->tokens.count ? p->tokens.token[i].kind : 0;
}

/* The { around token i, -1 at the top. */
static int brace_around(const MdlParser *p, int i)
{
  int open = p->tokens.token[i].open;
  while (open >= 0 && kind_at(p, open) != '{') open = p->tokens.token[open].open;
  return open;
}

/* First token of the statement (item, member) that holds token i. */
static int statement_start(const MdlParser *p, int i, int brace)
{
  const MdlToken *t = p->tokens.token;
  while (i - 1 > brace) {
    if (t[i - 1].kind == TOK_TERM && t[i - 1].open == brace) break;
    i--;
    if (t[i].kind == '}' && t[i].match > brace) i = t[i].match;
  }
  return i;
}

/* Is this the { of a model? */
static bool holds_members(const MdlParser *p, int brace)
{
  if (brace < 0 || p->tokens.token[brace].open >= 0) return false;
  return kind_at(p, statement_start(p, brace, -1)) == TOK_MODEL;
}

/* May what follows this TERM be taken for a new statement, item or member? */
static bool starts_after(const MdlParser *p, int i, int brace, bool members)
{
  int next = kind_at(p, i + 1);
  if (brace < 0)
    return next == 0 || next == TOK_FN || next == TOK_ENTRY || next == TOK_MODEL ||
           next == TOK_STRUCT || next == TOK_CONST || next == TOK_IMPORT || next == TOK_JVP ||
           next == TOK_VJP;
  return !members || next == TOK_PARAM || next == TOK_STATE || next == TOK_FN || next == '}';
}

/* The TERM or } that ends the statement around token i at its own brace. */
static int statement_end(const MdlParser *p, int i, int brace)
{
  const MdlToken *t = p->tokens.token;
  bool members = holds_members(p, brace);
  for (; i < p->tokens.count - 1; i++) {
    if (t[i].kind == '{' && t[i].match > i)
      i = t[i].match;
    else if (t[i].kind == '}' && t[i].match == brace)
      return i;
    else if (t[i].kind == TOK_TERM && t[i].open == brace && starts_after(p, i, brace, members))
      return i;
  }
  return i;
}

static bool any_bad(const MdlParser *p, int from, int to)
{
  for (int i = from; i <= to && i < p->tokens.count; i++)
    if (p->tokens.token[i].bad) return true;
  return false;
}

/* ---- the reports -------------------------------------------------------------------------- */

static const char *token_text(const MdlParser *p, int i)
{
  const MdlToken *t = &p->tokens.token[i];
  if (t->kind == 0 || t->start == t->end) return mdl_token_name(t->kind);
  if (t->kind == TOK_TEXT) return "a text";
  return mdl_text(p->arena, "`%.*s`", (int)(t->end - t->start < 40 ? t->end - t->start : 40),
                  p->session->files[p->tokens.file].bytes + t->start);
}

static bool foreign_word(MdlParser *p, int i)
{
  if (kind_at(p, i) != TOK_NAME) return false;
  MdlSpan at = mdl_token_span(&p->tokens, i);
#define SYNTAX_WORD(theirs, ours, exact)                                  \
  if (mdl_token_is(&p->tokens, i, theirs)) {                              \
    MdlReport *report = mdl_syntax_error(p, MDL_E0106, at, theirs, NULL); \
    mdl_help(report, "`" theirs "` is `" ours "` here");                  \
    if (exact) mdl_fix(report, true, at, ours);                           \
    return true;                                                          \
  }
#include "frontend/syntax_words.def"
  return false;
}

/* The loop around token i, or MDL_NO_SPAN. */
static MdlSpan loop_around(const MdlParser *p, int i)
{
  for (int brace = brace_around(p, i); brace >= 0; brace = brace_around(p, brace)) {
    int start = statement_start(p, brace, brace_around(p, brace));
    if (kind_at(p, start) == TOK_FOR || kind_at(p, start) == TOK_WHILE)
      return mdl_span_join(mdl_token_span(&p->tokens, start),
                           mdl_token_span(&p->tokens, brace - 1));
  }
  return MDL_NO_SPAN;
}

static void jump_word(MdlParser *p, int i)
{
  const char *quoted = token_text(p, i);
  const char *text = mdl_text(p->arena, "%.*s", (int)strlen(quoted) - 2, quoted + 1);
  MdlReport *report = mdl_syntax_error(p, MDL_E0601, mdl_token_span(&p->tokens, i), text, NULL);
  MdlSpan loop = loop_around(p, i);
  if (mdl_token_is(&p->tokens, i, "return"))
    mdl_help(report, "the last expression of a block is its value; `if` and `else` choose one");
  else if (mdl_token_is(&p->tokens, i, "continue"))
    mdl_help(report, "`if` around the rest of the body");
  if (loop.file >= 0 && !mdl_token_is(&p->tokens, i, "return")) mdl_also(report, loop, "this loop");
}

static bool is_binary(int kind)
{
  switch (kind) {
  case '+':
  case '*':
  case '/':
  case '%':
  case '@':
  case '<':
  case '>':
  case TOK_POW:
  case TOK_EQ:
  case TOK_NE:
  case TOK_LE:
  case TOK_GE:
  case TOK_AND:
  case TOK_OR:
  case TOK_DOTDOT:
    return true;
  default:
    return false;
  }
}

/* A line that starts with an operator: it belongs to the end of the line above. */
static void leading_operator(MdlParser *p, int i)
{
  const MdlToken *t = &p->tokens.token[i];
  MdlSpan at = mdl_token_span(&p->tokens, i), above = mdl_token_span(&p->tokens, i - 2);
  const char *quoted = token_text(p, i);
  const char *text = mdl_text(p->arena, "%.*s", (int)strlen(quoted) - 2, quoted + 1);
  MdlReport *report = mdl_syntax_error(p, MDL_E0107, at, text, NULL);
  mdl_also(report, above, "ended by its newline");
  uint32_t next = p->tokens.token[i + 1].start;
  mdl_fix(report, true, (MdlSpan){above.file, above.end, above.end},
          mdl_text(p->arena, " %s", text));
  mdl_fix(report, true, (MdlSpan){at.file, t->start, next > t->end ? next : t->end}, "");
}

static bool is_wanted(int kind, const int *wanted, int count)
{
  for (int i = 0; i < count; i++)
    if (wanted[i] == kind) return true;
  return false;
}

static bool is_word(int kind)
{
#define WORD(text, token) \
  if (kind == TOK_##token) return true;
#include "frontend/words.def"
  return kind == TOK_DTYPE;
}

/* The next step, where the token tells what was meant; or NULL. */
static const char *meant(const MdlParser *p, int i, const int *wanted, int count)
{
  int kind = kind_at(p, i), before = i ? kind_at(p, i - 1) : 0;
  bool at_top = i == 0 || (p->tokens.token[i].column_one && before == TOK_TERM);
  if (kind == '+' && is_wanted('-', wanted, count)) return "there is no unary plus";
  if (kind == '=' && is_wanted(TOK_EQ, wanted, count)) return "`==` compares";
  if (kind == TOK_IF && is_wanted(TOK_TERM, wanted, count))
    return "`if c { a } else { b }` is the value that is chosen";
  if (kind == '@' && at_top)
    return "there are no decorators: a transformation is called, `grad(f)`";
  if (kind == ':' && is_wanted('{', wanted, count)) return "a block stands in `{ }`";
  if (kind == ']' && before == '[' && is_wanted(TOK_ELLIPSIS, wanted, count))
    return "a scalar's type has no brackets: `f32`";
  return NULL;
}

static void unexpected(MdlParser *p, int i, const int *wanted, int count)
{
  MdlReport *report = mdl_syntax_error(p, MDL_E0105, mdl_token_span(&p->tokens, i),
                                       token_text(p, i), wanted_text(p, wanted, count));
  int open = p->tokens.token[i].open, kind = kind_at(p, i);
  if (open >= 0 && kind_at(p, open) != '{')
    mdl_also(report, mdl_token_span(&p->tokens, open), "inside this");
  bool after_statement =
      i >= 2 && kind_at(p, i - 1) == TOK_TERM && p->tokens.token[i - 2].ends_statement;
  if (after_statement)
    mdl_help(report, "an `if`, `for` or `while` that starts a statement ends at its `}`: "
                     "put it in ( ) to go on");
  else if (meant(p, i, wanted, count))
    mdl_help(report, "%s", meant(p, i, wanted, count));
  else if (is_wanted(TOK_NAME, wanted, count) && !is_wanted(TOK_NUMBER, wanted, count) &&
           is_word(kind))
    mdl_help(report, "%s is a word of the language, not a name", token_text(p, i));
}

void mdl_syntax_unexpected(MdlParser *p, int kind, MdlSpan at, const int *wanted, int count)
{
  (void)at;
  int last = p->tokens.count - 1;
  int i = kind == 0 ? last : p->next - 1;
  int brace = kind == '}' ? p->tokens.token[i].match : brace_around(p, i);
  int start = statement_start(p, i, brace), end = statement_end(p, i, brace);
  bool first = i >= 2 && p->tokens.token[i].first && kind_at(p, i - 1) == TOK_TERM;
  if (any_bad(p, start, end))
    p->errors++; /* reported by the scanner */
  else if (kind == TOK_JUMP)
    jump_word(p, i);
  else if (foreign_word(p, i) || foreign_word(p, i - 1)) {
  } else if (first && is_binary(kind))
    leading_operator(p, i);
  else
    unexpected(p, i, wanted, count);
  /* Bison still holds the token. Where it ends a statement, it is taken for the end of what is
   * given up, and reading goes on behind; else the end is read next. */
  if (kind == 0) return;
  if (end > i) p->next = kind == TOK_TERM && kind_at(p, end) == TOK_TERM ? end + 1 : end;
  if (mdl_token_enough(p->session, p->errors)) p->next = last;
}
