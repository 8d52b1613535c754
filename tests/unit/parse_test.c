/* The grammar: what programs mean as trees, and what is said about those that are none. */
#include "tests/unit/unit.h"

#include "frontend/tree.h"
#include "ir/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static MdlTree *parse(MdlSession *session, const char *text, size_t length)
{
  return mdl_parse(session, mdl_file_add(session, "t.mdl", text, length, false));
}

/* One expression as text with every bracket. */
static void show(FILE *out, const MdlExpr *e);

static void show_index(FILE *out, const MdlIndex *index)
{
  switch (index->kind) {
  case MDL_INDEX_at:
    show(out, index->value);
    return;
  case MDL_INDEX_named:
    fprintf(out, "%s=", index->name.text);
    show(out, index->value);
    return;
  case MDL_INDEX_ellipsis:
    fputs("...", out);
    return;
  case MDL_INDEX_new:
    fputs("new", out);
    return;
  case MDL_INDEX_slice:
    break;
  }
  if (index->value) show(out, index->value);
  fputc(':', out);
  if (index->end) show(out, index->end);
  if (index->step) fputc(':', out);
  if (index->step) show(out, index->step);
}

static void show_list(FILE *out, MdlExpr *const *item, int count)
{
  for (int i = 0; i < count; i++) {
    if (i) fputs(", ", out);
    show(out, item[i]);
  }
}

static void show(FILE *out, const MdlExpr *e)
{
  switch (e->kind) {
  case MDL_EXPR_name:
    fputs(e->name, out);
    return;
  case MDL_EXPR_number:
    fputs(e->number.text, out);
    return;
  case MDL_EXPR_bool:
    fputs(e->truth ? "true" : "false", out);
    return;
  case MDL_EXPR_text:
    fprintf(out, "\"%s\"", e->text);
    return;
  case MDL_EXPR_dtype:
    fputs(mdl_dtypes[e->dtype].name, out);
    return;
  case MDL_EXPR_tuple:
  case MDL_EXPR_list:
    fputs(e->kind == MDL_EXPR_tuple ? "tuple(" : "list(", out);
    show_list(out, e->list.item, e->list.items);
    fputc(')', out);
    return;
  case MDL_EXPR_build:
    fputs("build", out);
    return;
  case MDL_EXPR_unary:
    fprintf(out, "(%s ", mdl_operator_text(e->binary.op));
    show(out, e->binary.left);
    fputc(')', out);
    return;
  case MDL_EXPR_binary:
  case MDL_EXPR_range:
    fprintf(out, "(%s ", e->kind == MDL_EXPR_range ? ".." : mdl_operator_text(e->binary.op));
    show(out, e->binary.left);
    fputc(' ', out);
    show(out, e->binary.right);
    fputc(')', out);
    return;
  case MDL_EXPR_call:
    show(out, e->call.callee);
    fputc('(', out);
    for (int i = 0; i < e->call.args; i++) {
      if (i) fputs(", ", out);
      if (e->call.arg[i].name.text) fprintf(out, "%s=", e->call.arg[i].name.text);
      show(out, e->call.arg[i].value);
    }
    fputc(')', out);
    return;
  case MDL_EXPR_index:
    show(out, e->index.base);
    fputc('[', out);
    for (int i = 0; i < e->index.indices; i++) {
      if (i) fputs(", ", out);
      show_index(out, &e->index.index[i]);
    }
    fputc(']', out);
    return;
  case MDL_EXPR_field:
    show(out, e->field.base);
    fprintf(out, ".%s", e->field.name.text);
    return;
  case MDL_EXPR_member:
    show(out, e->member.base);
    fprintf(out, ".%d", (int)e->member.number);
    return;
  case MDL_EXPR_if:
    fputs("if ", out);
    show(out, e->branch.condition);
    return;
  case MDL_EXPR_block:
    fprintf(out, "{%d%s}", e->block->stmts, e->block->value ? " value" : "");
    return;
  case MDL_EXPR_lambda:
    fputs("fn(", out);
    for (int i = 0; i < e->lambda.params; i++) fprintf(out, " %s", e->lambda.param[i].name.text);
    fputs(" ) ", out);
    show(out, e->lambda.body);
    return;
  }
}

static const struct {
  const char *text, *tree;
} good[] = {
    {"-x**2", "(- (** x 2))"},
    {"2**-1*3", "(* (** 2 (- 1)) 3)"},
    {"p*q@r", "(@ (* p q) r)"},
    {"p@q*r", "(* (@ p q) r)"},
    {"a**b**c", "(** a (** b c))"},
    {"a - b - c", "(- (- a b) c)"},
    {"a |> g(1) |> h()", "h(g(a, 1))"},
    {"a + b < c && !d == e", "(&& (< (+ a b) c) (== (! d) e))"},
    {"a || b && c", "(|| a (&& b c))"},
    {"x[1:, :-1, ::2, ..., new, i, idx]", "x[1:, :(- 1), ::2, ..., new, i, idx]"},
    {"0..n-1", "(.. 0 (- n 1))"},
    {"-x.y[0]**2**k", "(- (** x.y[0] (** 2 k)))"},
    {"t.0.1", "t.0.1"},
    {"t.0 .w", "t.0.w"},
    {"(a,)", "tuple(a)"},
    {"(a, b)", "tuple(a, b)"},
    {"(a, b,)", "tuple(a, b)"},
    {"(a)", "a"},
    {"[1, 2.5e-3, 0x1F, 1_000]", "list(1, 2.5e-3, 0x1F, 1000)"},
    {"[]", "list()"},
    {"f[N=4, 3](x, axis=-1,)", "f[N=4, 3](x, axis=(- 1))"},
    {"f32(x) + i32(y)", "(+ f32(x) i32(y))"},
    {"fn(x, y: f32) = x + y", "fn( x y ) (+ x y)"},
    {"fn() { let a = 1; a }", "fn( ) {1 value}"},
    {"{ let a = 1; a } + 1", "(+ {1 value} 1)"},
    {"mdl.dot(a, b, contract=[[1], [0]], text=\"hm\")",
     "mdl.dot(a, b, contract=list(list(1), list(0)), text=\"hm\")"},
    {"new[new, 0]", "new[new, 0]"},
    {"limit + key*param - model/entry + jvp % vjp",
     "(+ (- (+ limit (* key param)) (/ model entry)) (% jvp vjp))"},
    {"clip(x, max=3, min=1)", "clip(x, max=3, min=1)"},
    {"elsewhere(x)", "elsewhere(x)"},
    {"[for i in 0..3, (a, b) in zip(p, q) : { let c = a; c + b }]", "build"},
    {"grad(f, wrt=(m.w, x))(m, x)", "grad(f, wrt=tuple(m.w, x))(m, x)"},
    {"x |> vmap(f)()", "vmap(f)(x)"},
};

START_TEST(expressions_nest_by_precedence)
{
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    MdlSession *session = mdl_session_create();
    char *source = mdl_text(session->arena, "const c = %s", good[i].text);
    const MdlTree *tree = parse(session, source, strlen(source));
    ck_assert_msg(tree->ok && tree->items == 1, "%s", good[i].text);
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    show(out, tree->item[0]->value);
    fclose(out);

    ck_assert_str_eq(text, good[i].tree);
    free(text);
    mdl_session_destroy(session);
  }
}
END_TEST

/* Every pair of infix operators groups as ir/infix.def says. */
START_TEST(precedence_is_that_of_the_table)
{
  int count;
  const MdlInfix *row = mdl_infix_rows(&count);
  for (int i = 0; i < count; i++)
    for (int j = 0; j < count; j++) {
      const MdlInfix *a = &row[i], *b = &row[j];
      if (a->arity != 2 || b->arity != 2) continue;
      bool same = a->precedence == b->precedence;
      if (same && a->associativity == MDL_ASSOC_none) continue;
      MdlSession *session = mdl_session_create();
      char *source = mdl_text(session->arena, "const c = x %s y %s z", a->text, b->text);
      const MdlTree *tree = parse(session, source, strlen(source));
      ck_assert_msg(tree->ok, "%s", source);
      const MdlExpr *e = tree->item[0]->value;
      bool left = e->binary.left->kind == MDL_EXPR_binary;
      bool wanted = same ? a->associativity == MDL_ASSOC_left : a->precedence > b->precedence;
      ck_assert_msg(left == wanted, "%s", source);
      mdl_session_destroy(session);
    }
}
END_TEST

/* Body of a function: how many statements, and is there a value? */
static const struct {
  const char *body;
  int stmts;
  bool value;
} bodies[] = {
    {"let a = 1\n a", 1, true},
    {"let a = 1; a", 1, true},
    {"let a = f(1,\n\n 2)\n a", 1, true},
    {"let a = x[0,\n 1]\n a", 1, true},
    {"let a = x // why -> else |>\n |> f()\n a", 1, true},
    {"let a = x\n // between\n .w\n a", 1, true},
    {"let a = x +\n\n y\n a", 1, true},
    {"if c { 1 }\n else { 2 }", 0, true},
    {"if c { 1 }\n // else\n else { 2 }", 0, true},
    {"if c { x = 1 }\n elsewhere(x)", 1, true},
    {"if c { x = 1 } x", 1, true},
    {"if c { x = 1 } else { x = 2 } x", 1, true},
    {"if c { x = 1 } else if d { x = 2 }", 1, false},
    {"if c { x = 1 } else if d { x = 2 } else { x = 3 }", 0, true},
    {"for i in 0..3 { x += 1 } x", 1, true},
    {"for (a, b) in zip(p, q) { x += a }", 1, false},
    {"while x < 3 limit 4 { x += 1 } while limit > 0 limit limit { limit -= 1 }", 2, false},
    {"while { let t = x\n t < 3 } { x += 1 } x", 1, true},
    {"while f({ x }) { x += 1 } x", 1, true},
    {"x[i] max= 3; x min= 2; (a, b.c[0]) = f(x)", 3, false},
    {"var x: f32[3] = zeros()\n\n\n;;\n x", 1, true},
    {"let max = 3\n max", 1, true},
    {"let f = fn(x: f32) {\n let y = x\n y }\n f(1)", 1, true},
    {"let r = (if c { 1 } else { 2 }) + 1\n r", 1, true},
    {"let (a, (b, _)) = f(x)\n let _ = e\n a", 2, true},
    {"", 0, false},
};

START_TEST(statements_end_at_newlines)
{
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    MdlSession *session = mdl_session_create();
    char *source = mdl_text(session->arena, "fn f(x: f32) -> f32 { %s }", bodies[i].body);
    const MdlTree *tree = parse(session, source, strlen(source));
    ck_assert_msg(tree->ok && tree->items == 1, "%s", source);
    const MdlBlock *block = tree->item[0]->fn->body->block;
    ck_assert_msg(block->stmts == bodies[i].stmts, "%s: %d", source, block->stmts);
    ck_assert_msg((block->value != NULL) == bodies[i].value, "%s", source);
    mdl_session_destroy(session);
  }
}
END_TEST

static void keep(void *user, const char *bytes, size_t length) { fwrite(bytes, 1, length, user); }

static char *reports(MdlSession *session)
{
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  mdl_diag_flush(session, keep, out, true, 1);
  fclose(out);
  return text;
}

/* A mistake gives exactly its own code, and the item before and after it are kept. */
static const struct {
  const char *item, *code;
} bad[] = {
    {"fn f(x: f32) -> f32 = x $ 2", "E0101"},
    {"fn f(x: f32) -> f32 = x − 2", "E0101"},
    {"fn größe(x: f32) -> f32 = x", "E0101"},
    {"# comment", "E0101"},
    {"fn f(x: f32) -> f32 { assert(x > 0, \"open)\n x }", "E0102"},
    {"const c = 1.", "E0103"},
    {"const c = .5", "E0103"},
    {"const c = 3x", "E0103"},
    {"const c = 0x", "E0103"},
    {"fn f(x: f32) -> f32 = (x", "E0104"},
    {"fn f(x: f32) -> f32 = x)", "E0104"},
    {"fn f(x: f32) -> f32 = [x)", "E0104"},
    {"fn f(x: f32) -> f32 {\n g(x\n}", "E0104"},
    {"fn f(x f32) -> f32 = x", "E0105"},
    {"fn f(x: f32) -> = x", "E0105"},
    {"fn f(x: f32) -> f32", "E0105"},
    {"fn f(x: f32)\n = x", "E0105"},
    {"let x = 3", "E0105"},
    {"fn f(x: f32) -> f32 = + x", "E0105"},
    {"fn f(x: f32) -> f32 { if x = 3 { 1 } else { 2 } }", "E0105"},
    {"fn f(x: f32) -> f32 { let y = }", "E0105"},
    {"fn f(x: f32) -> f32 { let y =\n}", "E0105"},
    {"fn f(x: f32) -> f32 { if x > 0 { 1 } else { 2 } + 1 }", "E0105"},
    {"model M { param w = 3 }", "E0105"},
    {"model M {\n let x = 3\n param w: f32 = 1\n}", "E0105"},
    {"struct S { a: f32 b: f32 }", "E0105"},
    {"jvp f(x) = x", "E0105"},
    {"fn f(x: f32) -> f32 = x^2", "E0106"},
    {"def f(x): x", "E0106"},
    {"fn f(x: f32) -> f32 = lambda x: x", "E0106"},
    {"fn f(x: bool) -> bool = x and x", "E0106"},
    {"fn f(x: bool) -> bool = not x", "E0106"},
    {"fn f(x: f32) -> f32 {\n let y = x\n  * 2\n y\n}", "E0107"},
    {"fn f(x: f32) -> bool = 0 < x < 1", "E0108"},
    {"fn f(x: f32) -> f32 = x |> sin", "E0109"},
    {"fn f(x: f32) -> f32 = x |> sin() + 1", "E0109"},
    {"fn f(x) -> f32 = 1", "E0110"},
    {"fn f(x: f32) -> f32 { g(x) = 3; x }", "E0111"},
    {"fn f(x: f32) -> f32 { (x, y) += g(x); x }", "E0111"},
    {"const c = \"text\"", "E0112"},
    {"fn f(x: f32[3]) -> f32[2] = x[0..2]", "E0113"},
    {"fn f(x: f32) -> f32 { return x }", "E0601"},
    {"fn f(x: f32) -> f32 { while x > 0 { break }\n x }", "E0601"},
    {"fn f(x: f32) -> f32 {\n let y = x\n - 2\n y\n}", "E0602"},
};

START_TEST(a_mistake_gives_one_report_and_spoils_one_item)
{
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    MdlSession *session = mdl_session_create();
    char *source =
        mdl_text(session->arena, "fn first() -> f32 = 1\n%s\nfn last() -> f32 = 2\n", bad[i].item);
    const MdlTree *tree = parse(session, source, strlen(source));
    char *text = reports(session);
    ck_assert_msg(strstr(text, bad[i].code) != NULL, "%s\n%s", source, text);
    ck_assert_msg(strstr(text, "mdlc: 1 error") != NULL, "%s\n%s", source, text);
    ck_assert(!tree->ok);
    ck_assert_msg(tree->items == 2, "%s\n%d items", source, tree->items);
    ck_assert_str_eq(tree->item[0]->name.text, "first");
    free(text);
    mdl_session_destroy(session);
  }
}
END_TEST

START_TEST(several_mistakes_are_all_reported)
{
  static const char source[] = "fn a(x: f32) -> f32 {\n  let y = * x\n  let z = 3 4\n  y\n}\n"
                               "fn b(x f32) -> f32 = x\n"
                               "fn c(x: f32) -> f32 = (x\n"
                               "fn d(x: f32) -> f32 = x ^ 2\n";
  MdlSession *session = mdl_session_create();
  const MdlTree *tree = parse(session, source, sizeof source - 1);
  char *text = reports(session);
  ck_assert_ptr_nonnull(strstr(text, "mdlc: 5 errors"));
  ck_assert_int_eq(tree->items, 0);
  ck_assert_int_eq(tree->brokens, 4);
  free(text);
  mdl_session_destroy(session);
}
END_TEST

/* Deep and long input ends in a report or a tree, never in a crash. */
START_TEST(depth_is_bounded)
{
  static const struct {
    const char *before, *repeat, *after;
  } deep[] = {
      {"const c = ", "(", ""},
      {"const c = ", "-", "x"},
      {"const c = x", " + x", ""},
      {"const c = x", "**x", ""},
      {"const c = x", ".a", ""},
      {"const c = x", "[0]", ""},
      {"const c = x", "(1)", ""},
      {"const c = ", "fn() = ", "x"},
      {"const c = ", "[", "]"},
      {"const c = x", " |> f()", ""},
      {"const c = ", "{", ""},
      {"fn f() ", "-> fn() ", "= x"},
      {"const c = ", "if a {} else ", "{}"},
      {"const c = ", "a[0:", "]"},
      {"fn f(x: ", "A[", ""},
      {"", "}", ""},
      {"", "\"", ""},
      {"", "fn f(\n", ""},
      {"const c = ", "if ", ""},
      {"", "x\n", ""},
      {"fn f() {", "for i in a { ", ""},
      {"const c = f(", "x, ", "x)"},
      {"", "fn f() = 1\n", ""},
  };
  for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
    MdlSession *session = mdl_session_create();
    size_t each = strlen(deep[i].repeat), times = 100000;
    char *source = mdl_alloc(session->arena, each * times + 64), *to = source;
    to += sprintf(to, "%s", deep[i].before);
    for (size_t k = 0; k < times; k++, to += each) memcpy(to, deep[i].repeat, each);
    to += sprintf(to, "%s\n", deep[i].after);
    const MdlTree *tree = parse(session, source, (size_t)(to - source));
    if (tree->ok)
      ck_assert_ptr_nonnull(mdl_tree_text(session->arena, tree));
    else
      ck_assert_int_ge(mdl_error_count(session), 1);
    mdl_session_destroy(session);
  }
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("parse");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, expressions_nest_by_precedence);
  tcase_add_test(t, precedence_is_that_of_the_table);
  tcase_add_test(t, statements_end_at_newlines);
  tcase_add_test(t, a_mistake_gives_one_report_and_spoils_one_item);
  tcase_add_test(t, several_mistakes_are_all_reported);
  tcase_add_test(t, depth_is_bounded);
  return t;
}
