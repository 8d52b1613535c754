/* Put in the ends of statements, and decide the words that are words only in their place.
 *
 * A statement ends at a newline after a token that can end a value, unless the innermost bracket is
 * ( or [, or the next line starts with |> -> else or a point. An if, for or while that starts a
 * statement ends at its }.
 *
 *   entry model jvp vjp   start an item
 *   param state           start a member of a model
 *   limit                 stands after a value: no name can
 *   new                   is a whole index
 *   max= min=             stand after a value, outside ( ) and [ ] */
#include "frontend/grammar.h"
#include "frontend/token.h"

#include <stdlib.h>

typedef struct Arrange {
  MdlTokens *in;
  MdlTokens out;
  int *moved; /* index in `out` of each open bracket of `in` */
  int open;   /* innermost bracket, in `out`; -1 */
  int item;   /* the item word */
} Arrange;

static int kind_of(const MdlTokens *tokens, int i)
{
  return i >= 0 && i < tokens->count ? tokens->token[i].kind : 0;
}

static bool continues(int kind)
{
  return kind == TOK_PIPE || kind == TOK_ARROW || kind == TOK_ELSE || kind == '.';
}

/* The index of the } that ends the if, for or while at token i; -1 if its header is not one. A {
 * after a value is the body, one after an operator is a block in the condition. */
static int last_brace(const MdlTokens *in, int i)
{
  int inner = 0; /* ifs inside the condition */
  for (int j = i + 1; j < in->count; j++) {
    const MdlToken *t = &in->token[j];
    bool after_value = mdl_token_ends_value(kind_of(in, j - 1));
    if (t->kind == ';' || t->kind == '}') return -1;
    if (t->first && after_value && !continues(t->kind)) return -1;
    if (t->kind == TOK_IF) inner++;
    if (t->kind == '(' || t->kind == '[') j = t->match;
    if (t->kind != '{') continue;
    j = t->match;
    if (!after_value) continue;
    if (kind_of(in, j + 1) == TOK_ELSE) {
      if (kind_of(in, j + 2) == TOK_IF) {
        j += 2;
        continue;
      }
      if (kind_of(in, j + 2) != '{') return -1;
      j = in->token[j + 2].match;
    }
    if (inner-- == 0) return j;
  }
  return -1;
}

static int before(const Arrange *a) { return kind_of(&a->out, a->out.count - 1); }
static int around(const Arrange *a) { return kind_of(&a->out, a->open); }
static bool at_start(const Arrange *a)
{
  int kind = before(a);
  return kind == 0 || kind == TOK_TERM || kind == '{';
}

static bool in_index(const Arrange *a)
{
  return around(a) == '[' && mdl_token_ends_value(kind_of(&a->out, a->open - 1));
}

static void emit_end(Arrange *a, uint32_t at)
{
  mdl_token_add(&a->out,
                (MdlToken){.start = at, .end = at, .match = -1, .open = a->open, .kind = TOK_TERM});
}

static bool ends_before(const Arrange *a, const MdlToken *next)
{
  if (!mdl_token_ends_value(before(a))) return false;
  int bracket = around(a);
  if (bracket == '(' || bracket == '[') return false;
  if (a->out.token[a->out.count - 1].ends_statement)
    return next->kind != '}' && next->kind != ';' && !(next->first && continues(next->kind));
  return next->first && !continues(next->kind);
}

static int name_kind(const Arrange *a, int i)
{
  const MdlTokens *in = a->in;
  if (a->open < 0 && at_start(a)) {
    if (mdl_token_is(in, i, "entry")) return TOK_ENTRY;
    if (mdl_token_is(in, i, "model")) return TOK_MODEL;
    if (mdl_token_is(in, i, "jvp")) return TOK_JVP;
    if (mdl_token_is(in, i, "vjp")) return TOK_VJP;
    return TOK_NAME;
  }
  bool in_model = a->item == TOK_MODEL && a->open >= 0 && a->out.token[a->open].open < 0;
  if (in_model && around(a) == '{' && at_start(a)) {
    if (mdl_token_is(in, i, "param")) return TOK_PARAM;
    if (mdl_token_is(in, i, "state")) return TOK_STATE;
  }
  if (mdl_token_is(in, i, "limit") && mdl_token_ends_value(before(a))) return TOK_LIMIT;
  int next = kind_of(in, i + 1);
  if (mdl_token_is(in, i, "new") && in_index(a) && (before(a) == '[' || before(a) == ',') &&
      (next == ',' || next == ']'))
    return TOK_NEW;
  bool update = next == '=' && in->token[i + 1].start == in->token[i].end &&
                mdl_token_ends_value(before(a)) && around(a) == '{';
  if (update && mdl_token_is(in, i, "max")) return TOK_MAXEQ;
  if (update && mdl_token_is(in, i, "min")) return TOK_MINEQ;
  return TOK_NAME;
}

static int arranged_kind(const Arrange *a, int i)
{
  int kind = a->in->token[i].kind;
  if (kind == TOK_NAME) return name_kind(a, i);
  if (kind == ';') return around(a) == '(' || around(a) == '[' ? ';' : TOK_TERM;
  return kind;
}

static void emit(Arrange *a, int i)
{
  MdlToken t = a->in->token[i];
  int to = a->out.count;
  t.kind = (short)arranged_kind(a, i);
  if ((t.kind == TOK_IF || t.kind == TOK_FOR || t.kind == TOK_WHILE) && a->open >= 0 &&
      at_start(a) && around(a) == '{') {
    int end = last_brace(a->in, i);
    if (end >= 0) a->in->token[end].ends_statement = true;
  }
  if (a->open < 0 && at_start(a)) a->item = t.kind;
  if (t.kind == TOK_MAXEQ || t.kind == TOK_MINEQ) t.end = a->in->token[i + 1].end;
  t.open = a->open;
  t.match = -1;
  if (a->in->token[i].match > i) {
    a->moved[i] = to;
    a->open = to;
  } else if (a->in->token[i].match >= 0) {
    t.match = a->moved[a->in->token[i].match];
    a->out.token[t.match].match = to;
    t.open = a->open = a->out.token[t.match].open;
  }
  mdl_token_add(&a->out, t);
}

void mdl_arrange(MdlTokens *tokens)
{
  Arrange a = {.in = tokens, .out = {.session = tokens->session, .file = tokens->file}, .open = -1};
  a.moved = calloc((size_t)tokens->count + 1, sizeof *a.moved);
  if (!a.moved) MDL_BUG(tokens->session, "no memory for %d tokens", tokens->count);
  uint32_t end = (uint32_t)tokens->session->files[tokens->file].length;
  for (int i = 0; i < tokens->count; i++) {
    if (tokens->token[i].dropped) continue;
    uint32_t last = a.out.count ? a.out.token[a.out.count - 1].end : 0;
    if (ends_before(&a, &tokens->token[i])) emit_end(&a, last);
    emit(&a, i);
    if (before(&a) == TOK_MAXEQ || before(&a) == TOK_MINEQ) i++;
  }
  if (a.out.count && before(&a) != TOK_TERM) emit_end(&a, a.out.token[a.out.count - 1].end);
  mdl_token_add(&a.out, (MdlToken){.start = end, .end = end, .match = -1, .open = -1, .kind = 0});
  free(a.moved);
  free(tokens->token);
  tokens->token = a.out.token;
  tokens->count = a.out.count;
  tokens->capacity = a.out.capacity;
}
