#include "frontend/token.h"

#include "frontend/grammar.h"

#include <stdlib.h>
#include <string.h>

void mdl_token_add(MdlTokens *tokens, MdlToken token)
{
  if (tokens->count == tokens->capacity) {
    tokens->capacity = tokens->capacity ? 2 * tokens->capacity : 256;
    MdlToken *grown = realloc(tokens->token, (size_t)tokens->capacity * sizeof *grown);
    if (!grown) MDL_BUG(tokens->session, "no memory for %d tokens", tokens->capacity);
    tokens->token = grown;
  }
  tokens->token[tokens->count++] = token;
}

MdlSpan mdl_token_span(const MdlTokens *tokens, int i)
{
  return (MdlSpan){tokens->file, tokens->token[i].start, tokens->token[i].end};
}

bool mdl_token_is(const MdlTokens *tokens, int i, const char *word)
{
  if (i < 0 || i >= tokens->count) return false;
  const MdlToken *t = &tokens->token[i];
  size_t length = strlen(word);
  return t->end - t->start == length &&
         !memcmp(tokens->session->files[tokens->file].bytes + t->start, word, length);
}

bool mdl_token_ends_value(int kind)
{
  switch (kind) {
  case TOK_NAME:
  case TOK_NUMBER:
  case TOK_TEXT:
  case TOK_DTYPE:
  case TOK_TRUE:
  case TOK_FALSE:
  case TOK_JUMP:
  case TOK_ELLIPSIS:
  case TOK_NEW:
  case ')':
  case ']':
  case '}':
    return true;
  default:
    return false;
  }
}

/* Can an item start with this token? */
static bool is_item_word(const MdlTokens *tokens, int i)
{
  switch (tokens->token[i].kind) {
  case TOK_IMPORT:
  case TOK_CONST:
  case TOK_STRUCT:
  case TOK_FN:
  case TOK_ENTRY:
  case TOK_MODEL:
    return true;
  default:
    return mdl_token_is(tokens, i, "model") || mdl_token_is(tokens, i, "entry");
  }
}

/* An import declares what stands after its colon. What has lost its first word may declare anything
 * on its line. */
void mdl_token_broken(MdlTokens *tokens, int i)
{
  MdlArena *arena = tokens->session->arena;
  const char *bytes = tokens->session->files[tokens->file].bytes;
  if (i >= tokens->count) return;
  bool import = tokens->token[i].kind == TOK_IMPORT, item = is_item_word(tokens, i);
  bool listed = !import, several = import || !item;
  for (int j = item ? i + 1 : i; j < tokens->count; j++) {
    const MdlToken *t = &tokens->token[j];
    if (j > i && (t->column_one || t->kind == TOK_TERM)) return;
    if (t->kind == ':') listed = true;
    if (t->kind != TOK_NAME || !listed) continue;
    MDL_GROW(arena, tokens->broken, tokens->brokens, tokens->broken_capacity);
    tokens->broken[tokens->brokens++] = (MdlName){
        mdl_intern(arena, bytes + t->start, t->end - t->start), mdl_token_span(tokens, j)};
    if (!several) return;
  }
}
