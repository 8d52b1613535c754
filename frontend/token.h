/* From text to the tokens that the grammar reads, in three steps over one array:
 *   scan      frontend/lexer.l   characters to tokens; knows no context but the token before
 *   match     frontend/match.c   brackets; an item whose brackets do not match is dropped
 *   arrange   frontend/arrange.c statement ends, and words that are words only in their place
 * Mistakes are reported on the way; a token next to one is `bad`, so nothing is reported twice. */
#ifndef MDL_FRONTEND_TOKEN_H
#define MDL_FRONTEND_TOKEN_H

#include "frontend/tree.h"

typedef struct MdlToken {
  uint32_t start, end;
  int match;      /* the other bracket's index; -1 */
  int open;       /* the innermost bracket around it; -1 */
  short kind;     /* the grammar's */
  bool first : 1; /* on its line */
  bool column_one : 1;
  bool bad : 1;            /* a mistake was reported here */
  bool dropped : 1;        /* of an item whose brackets do not match */
  bool ends_statement : 1; /* the last } of an if, for or while that starts a statement */
} MdlToken;

typedef struct MdlTokens {
  MdlSession *session;
  int file;
  MdlToken *token; /* malloc: thrown away after parsing */
  int count, capacity;
  int errors;
  MdlName *broken; /* names of dropped items */
  int brokens, broken_capacity;
} MdlTokens;

/* So many that nobody reads on: the rest need not be found. */
static inline bool mdl_token_enough(const MdlSession *session, int errors)
{
  return errors > (session->limits.errors > 0 ? 2 * session->limits.errors : 10000);
}

void mdl_token_add(MdlTokens *tokens, MdlToken token);
MdlSpan mdl_token_span(const MdlTokens *tokens, int i);
bool mdl_token_is(const MdlTokens *tokens, int i, const char *word);
/* Can a value end with this token? A newline after it ends the statement. */
bool mdl_token_ends_value(int kind);
/* Notes the name that the item starting at token i would have declared. */
void mdl_token_broken(MdlTokens *tokens, int i);

void mdl_scan(MdlTokens *tokens);
void mdl_match(MdlTokens *tokens);
void mdl_arrange(MdlTokens *tokens);

#endif
