/* One file to its tree: scan, match, arrange, then the grammar. Items with a mistake are left out;
 * the others are whole, and worth checking. */
#include "frontend/parse.h"
#include "frontend/grammar.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

const char *mdl_operator_text(MdlOperator op)
{
  static const char *const text[MDL_OPERATOR_COUNT] = {
      [MDL_OPERATOR_or] = "||", [MDL_OPERATOR_and] = "&&",   [MDL_OPERATOR_eq] = "==",
      [MDL_OPERATOR_ne] = "!=", [MDL_OPERATOR_lt] = "<",     [MDL_OPERATOR_le] = "<=",
      [MDL_OPERATOR_gt] = ">",  [MDL_OPERATOR_ge] = ">=",    [MDL_OPERATOR_add] = "+",
      [MDL_OPERATOR_sub] = "-", [MDL_OPERATOR_mul] = "*",    [MDL_OPERATOR_div] = "/",
      [MDL_OPERATOR_rem] = "%", [MDL_OPERATOR_matmul] = "@", [MDL_OPERATOR_pow] = "**",
      [MDL_OPERATOR_neg] = "-", [MDL_OPERATOR_not] = "!",
  };
  return text[op];
}

const char *mdl_update_text(MdlUpdate update)
{
  static const char *const text[] = {"=", "+=", "-=", "*=", "/=", "max=", "min="};
  return text[update];
}

MdlReport *mdl_syntax_error(MdlParser *p, MdlCode code, MdlSpan at, const char *a, const char *b)
{
  if (mdl_token_enough(p->session, ++p->errors)) p->next = p->tokens.count - 1;
  return mdl_error(p->session, code, at, a, b);
}

/* Texts that no call took: one report each. */
static void leftover_texts(MdlParser *p)
{
  for (int i = 0; i < p->texts.count && !mdl_token_enough(p->session, p->errors); i++)
    mdl_syntax_error(p, MDL_E0112, p->texts.item[i]->at, NULL, NULL);
  p->texts.count = 0;
}

void mdl_parse_item(MdlParser *p, MdlItem *item)
{
  leftover_texts(p);
  if (p->errors > p->item_errors) {
    mdl_parse_lost(p, item->at.start);
    return;
  }
  MdlItemList *items = &p->items;
  MDL_APPEND(p, items, MdlItemList, item);
}

void mdl_parse_lost(MdlParser *p, uint32_t start)
{
  p->item_errors = p->errors;
  p->texts.count = 0;
  int low = 0, high = p->tokens.count;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (p->tokens.token[middle].start < start)
      low = middle + 1;
    else
      high = middle;
  }
  mdl_token_broken(&p->tokens, low);
}

static bool too_large(MdlSession *session, int file)
{
  size_t limit = session->limits.source;
  if (session->files[file].length <= limit) return false;
  mdl_error(session, MDL_E0903, (MdlSpan){file, 0, 1}, mdl_text(session->arena, "%zu", limit),
            "bytes of source");
  return true;
}

MdlTree *mdl_parse(MdlSession *session, int file)
{
  MdlTree *tree = MDL_NEW(session->arena, MdlTree, 1);
  tree->file = file;
  if (too_large(session, file)) return tree;
  MdlParser p = {.session = session,
                 .arena = session->arena,
                 .tokens = {.session = session, .file = file},
                 .tree = tree,
                 .max_depth = 4 * session->limits.nesting};
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c) MDL_BUG(session, "no C locale");
  p.locale = c;
  mdl_scan(&p.tokens);
  mdl_match(&p.tokens);
  mdl_arrange(&p.tokens);
  bool whole = mdl_yyparse(&p) == 0;
  freelocale(c);
  free(p.tokens.token);
  tree->item = p.items.item;
  tree->items = p.items.count;
  tree->broken = p.tokens.broken;
  tree->brokens = p.tokens.brokens;
  tree->ok = whole && p.errors == 0 && p.tokens.errors == 0;
  return tree;
}

bool mdl_tree_is_broken(const MdlTree *tree, const char *name)
{
  for (int i = 0; i < tree->brokens; i++)
    if (tree->broken[i].text == name) return true;
  return false;
}

const char *mdl_source_text(const MdlSession *session, MdlSpan at)
{
  enum { MOST = 60 };
  if (at.file < 0 || at.file >= session->file_count) return "";
  const MdlFile *file = &session->files[at.file];
  char text[MOST + 8];
  size_t n = 0;
  bool blank = false;
  for (uint32_t i = at.start; i < at.end && i < file->length; i++) {
    unsigned char c = (unsigned char)file->bytes[i];
    if (c <= ' ') {
      blank = n > 0;
      continue;
    }
    bool starts = (c & 0xc0) != 0x80; /* never cut inside a character */
    if (starts && n + 2 > MOST) {
      memcpy(text + n, "…", 3);
      n += 3;
      break;
    }
    if (blank) text[n++] = ' ';
    blank = false;
    if (n < MOST + 4) text[n++] = (char)c;
  }
  return mdl_text_copy(session->arena, text, n);
}
