/* The grammar of mdl, to the tree. No conflicts; what needs more than one token of context was
 * decided before (frontend/arrange.c), and what needs a better message than "unexpected" is accepted
 * here and reported by the node's function. */
%code requires {
#include "frontend/parse.h"
}
%code provides {
int mdl_yyparse(MdlParser *p);
}
%define api.pure full
%define api.prefix {mdl_yy}
%define api.token.prefix {TOK_}
%define api.location.type {MdlSpan}
%define parse.error custom
%define parse.lac full
%expect 0
%locations
%parse-param {MdlParser *p}
%lex-param {MdlParser *p}
%initial-action { @$ = (MdlSpan){p->tokens.file, 0, 0}; }

%code {
#define YYLLOC_DEFAULT(now, rhs, n)                                                                \
  ((now) = (n) ? mdl_span_join(YYRHSLOC(rhs, 1), YYRHSLOC(rhs, n))                                 \
               : (MdlSpan){YYRHSLOC(rhs, 0).file, YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})
#define YYMAXDEPTH 200000
#define YYSTACK_USE_ALLOCA 0

static int mdl_yylex(MDL_YYSTYPE *value, MdlSpan *at, MdlParser *p);
static void mdl_yyerror(MdlSpan *at, MdlParser *p, const char *message);
#define UNARY(at, op, op_at, a) mdl_node_unary(p, at, MDL_OPERATOR_##op, op_at, a)
#define BINARY(at, op, op_at, a, b) mdl_node_binary(p, at, MDL_OPERATOR_##op, op_at, a, b)
#define ABSENT ((MdlName){NULL, MDL_NO_SPAN})
}

%union {
  MdlName name;
  MdlNameList *names;
  MdlExpr *expr;
  MdlExprList *exprs;
  MdlArg arg;
  MdlArgList *args;
  MdlIndex index;
  MdlIndexList *indexes;
  MdlBinderList *binders;
  MdlParamNode param;
  MdlParamList *params;
  MdlStmt *stmt;
  MdlStmtList *stmts;
  MdlBlock *block;
  MdlPattern *pattern;
  MdlPatternList *patterns;
  MdlTypeNode *type;
  MdlTypeList *types;
  MdlGeneric generic;
  MdlGenericList *generics;
  MdlMember member;
  MdlMemberList *members;
  MdlItem *item;
  MdlFn *fn;
}

%token <name> NAME
%token NUMBER TEXT DTYPE TRUE FALSE
%token CONST ELSE FN FOR IF IMPORT IN INOUT LET STRUCT VAR WHILE JUMP
%token ENTRY MODEL JVP VJP PARAM STATE LIMIT NEW
%token ARROW DOTDOT ELLIPSIS PIPE POW EQ NE LE GE AND OR
%token ADDEQ SUBEQ MULEQ DIVEQ MAXEQ MINEQ TERM

%type <names> names path
%type <expr> expr primary opt if preset body otherwise
%type <exprs> exprs
%type <arg> arg
%type <args> args args1
%type <index> idx dim
%type <indexes> idxs dims
%type <binders> binders
%type <param> lambda_param prm
%type <params> lambda_params params params1
%type <stmt> stmt
%type <stmts> stmts
%type <block> block
%type <pattern> pat
%type <patterns> pats
%type <type> type ret
%type <types> types
%type <generic> g1
%type <generics> gen gens
%type <member> field member
%type <members> field_list fields member_list members
%type <item> item rule
%type <fn> fn

%precedence LAMBDA
%left PIPE
%left OR
%left AND
%left EQ NE '<' '>' LE GE
%nonassoc DOTDOT
%left '+' '-'
%left '*' '/' '%' '@'
%precedence UNARY
%right POW
%%
file: items;

items
  : %empty
  | items item TERM   { mdl_parse_item(p, $2); }
  | items TERM
  | items error TERM  { mdl_parse_lost(p, @2.start); yyerrok; }
  ;

item
  : IMPORT path
    { $$ = mdl_node_item(p, @$, MDL_ITEM_import, ABSENT); $$->path = mdl_node_path($2); }
  | IMPORT path ':' names
    { $$ = mdl_node_item(p, @$, MDL_ITEM_import, ABSENT);
      $$->path = mdl_node_path($2); $$->import = $4->item; $$->imports = $4->count; }
  | CONST NAME '=' expr
    { $$ = mdl_node_item(p, @$, MDL_ITEM_const, $2); $$->value = $4; }
  | CONST NAME ':' type '=' expr
    { $$ = mdl_node_item(p, @$, MDL_ITEM_const, $2); $$->type = $4; $$->value = $6; }
  | STRUCT NAME gen '{' field_list '}'
    { $$ = mdl_node_item(p, @$, MDL_ITEM_struct, $2);
      if ($3) { $$->generic = $3->item; $$->generics = $3->count; }
      if ($5) { $$->member = $5->item; $$->members = $5->count; } }
  | MODEL NAME gen '{' member_list '}'
    { $$ = mdl_node_item(p, @$, MDL_ITEM_model, $2);
      if ($3) { $$->generic = $3->item; $$->generics = $3->count; }
      if ($5) { $$->member = $5->item; $$->members = $5->count; } }
  | fn
    { $$ = mdl_node_item(p, @$, MDL_ITEM_fn, $1->name); $$->fn = $1; }
  | ENTRY fn
    { $$ = mdl_node_item(p, @$, MDL_ITEM_fn, $2->name); $$->fn = $2; $$->is_entry = true; }
  | ENTRY NAME '=' expr
    { $$ = mdl_node_item(p, @$, MDL_ITEM_entry, $2); $$->value = $4; $$->is_entry = true; }
  | JVP rule { $$ = $2; $$->at = @$; }
  | VJP rule { $$ = $2; $$->at = @$; $$->rule.is_vjp = true; }
  ;

rule: path '(' names ';' names ')' body
    { $$ = mdl_node_item(p, @$, MDL_ITEM_rule, ABSENT);
      $$->path = mdl_node_path($1);
      $$->rule.primal = $3->item; $$->rule.primals = $3->count;
      $$->rule.tangent = $5->item; $$->rule.tangents = $5->count;
      $$->rule.body = $7; }
  ;

gen
  : %empty        { $$ = NULL; }
  | '[' gens ']'  { $$ = $2; }
  ;
gens
  : g1           { $$ = NULL; MDL_APPEND(p, $$, MdlGenericList, $1); }
  | gens ',' g1  { $$ = $1; MDL_APPEND(p, $$, MdlGenericList, $3); }
  ;
g1
  : NAME             { $$ = mdl_node_generic(p, @$, $1, MDL_GENERIC_size, @1); }
  | NAME ':' NAME    { $$ = mdl_node_generic(p, @$, $1, MDL_GENERIC_bound, @3); }
  | NAME ':' STRUCT  { $$ = mdl_node_generic(p, @$, $1, MDL_GENERIC_struct, @3); }
  | NAME ':' DTYPE   { $$ = mdl_node_generic(p, @$, $1, MDL_GENERIC_const, @3); }
  ;

field_list
  : fields
  | fields field  { $$ = $1; MDL_APPEND(p, $$, MdlMemberList, $2); }
  | fields error  { $$ = $1; yyerrok; }
  ;
fields
  : %empty               { $$ = NULL; }
  | fields TERM          { $$ = $1; }
  | fields field TERM    { $$ = $1; MDL_APPEND(p, $$, MdlMemberList, $2); }
  | fields field ','     { $$ = $1; MDL_APPEND(p, $$, MdlMemberList, $2); }
  | fields error TERM    { $$ = $1; yyerrok; }
  ;
field: NAME ':' type
    { $$ = (MdlMember){.kind = MDL_MEMBER_field, .at = @$, .name = $1, .type = $3}; }
  ;

member_list
  : members
  | members member  { $$ = $1; MDL_APPEND(p, $$, MdlMemberList, $2); }
  | members error   { $$ = $1; yyerrok; }
  ;
members
  : %empty               { $$ = NULL; }
  | members TERM         { $$ = $1; }
  | members member TERM  { $$ = $1; MDL_APPEND(p, $$, MdlMemberList, $2); }
  | members error TERM   { $$ = $1; yyerrok; }
  ;
member
  : PARAM NAME ':' type preset
    { $$ = (MdlMember){.kind = MDL_MEMBER_param, .at = @$, .name = $2, .type = $4, .preset = $5}; }
  | STATE NAME ':' type preset
    { $$ = (MdlMember){.kind = MDL_MEMBER_state, .at = @$, .name = $2, .type = $4, .preset = $5}; }
  | fn
    { $$ = (MdlMember){.kind = MDL_MEMBER_fn, .at = @$, .name = $1->name, .fn = $1}; }
  ;
preset
  : %empty    { $$ = NULL; }
  | '=' expr  { $$ = $2; }
  ;

fn: FN NAME gen '(' params ')' ret body
    { $$ = mdl_node_fn(p, @$, $2, $3, $5, $7, $8); }
  ;
body
  : '=' expr  { $$ = $2; }
  | block     { $$ = mdl_node_block(p, $1); }
  ;
ret
  : %empty      { $$ = NULL; }
  | ARROW type  { $$ = $2; }
  ;
params
  : %empty       { $$ = NULL; }
  | params1
  | params1 ','
  ;
params1
  : prm              { $$ = NULL; MDL_APPEND(p, $$, MdlParamList, $1); }
  | params1 ',' prm  { $$ = $1; MDL_APPEND(p, $$, MdlParamList, $3); }
  ;
prm
  : NAME preset                 { $$ = mdl_node_param(p, @$, $1, NULL, $2, false);
                                  mdl_help(mdl_syntax_error(p, MDL_E0110, @1, $1.text, NULL),
                                           "`%s: f32`", $1.text); }
  | NAME ':' type preset        { $$ = mdl_node_param(p, @$, $1, $3, $4, false); }
  | INOUT NAME ':' type preset  { $$ = mdl_node_param(p, @$, $2, $4, $5, true); }
  ;

types
  : type            { $$ = NULL; MDL_APPEND(p, $$, MdlTypeList, $1); }
  | types ',' type  { $$ = $1; MDL_APPEND(p, $$, MdlTypeList, $3); }
  ;
type
  : DTYPE                              { $$ = mdl_node_dtype_type(p, @$, @1, NULL); }
  | DTYPE '[' dims ']'                 { $$ = mdl_node_dtype_type(p, @$, @1, $3); }
  | path                               { $$ = mdl_node_named_type(p, @$, $1, NULL, NULL); }
  | path '[' dims ']'                  { $$ = mdl_node_named_type(p, @$, $1, $3, NULL); }
  | path '[' dims ']' '[' dims ']'     { $$ = mdl_node_named_type(p, @$, $1, $3, $6); }
  | '(' types ')'                      { $$ = $2->count == 1 ? $2->item[0]
                                            : mdl_node_types(p, @$, MDL_TYPE_NODE_tuple, $2, NULL); }
  | '(' types ',' ')'                  { $$ = mdl_node_types(p, @$, MDL_TYPE_NODE_tuple, $2, NULL); }
  | FN '(' types ')' ARROW type        { $$ = mdl_node_types(p, @$, MDL_TYPE_NODE_fn, $3, $6); }
  | FN '(' ')' ARROW type              { $$ = mdl_node_types(p, @$, MDL_TYPE_NODE_fn, NULL, $5); }
  ;
dims
  : dim           { $$ = NULL; MDL_APPEND(p, $$, MdlIndexList, $1); }
  | dims ',' dim  { $$ = $1; MDL_APPEND(p, $$, MdlIndexList, $3); }
  ;
dim
  : expr           { $$ = (MdlIndex){.kind = MDL_INDEX_at, .at = @$, .value = $1}; }
  | NAME '=' expr  { $$ = (MdlIndex){.kind = MDL_INDEX_named, .at = @$, .name = $1, .value = $3}; }
  | ELLIPSIS       { $$ = (MdlIndex){.kind = MDL_INDEX_ellipsis, .at = @$}; }
  ;

names
  : NAME            { $$ = NULL; MDL_APPEND(p, $$, MdlNameList, $1); }
  | names ',' NAME  { $$ = $1; MDL_APPEND(p, $$, MdlNameList, $3); }
  ;
path
  : NAME           { $$ = NULL; MDL_APPEND(p, $$, MdlNameList, $1); }
  | path '.' NAME  { $$ = $1; MDL_APPEND(p, $$, MdlNameList, $3); }
  ;

block
  : '{' stmts '}'        { $$ = mdl_node_braces(p, @$, $2); }
  | '{' stmts stmt '}'   { MDL_APPEND(p, $2, MdlStmtList, $3); $$ = mdl_node_braces(p, @$, $2); }
  | '{' stmts error '}'  { $$ = mdl_node_braces(p, @$, $2); yyerrok; }
  ;
stmts
  : %empty            { $$ = NULL; }
  | stmts stmt TERM   { $$ = $1; MDL_APPEND(p, $$, MdlStmtList, $2); }
  | stmts TERM        { $$ = $1; }
  | stmts error TERM  { $$ = $1; yyerrok; }
  ;
pat
  : NAME              { $$ = mdl_node_pattern(p, $1); }
  | '(' pats ')'      { $$ = mdl_node_patterns(p, @$, $2); }
  | '(' pats ',' ')'  { $$ = mdl_node_patterns(p, @$, $2); }
  ;
pats
  : pat           { $$ = NULL; MDL_APPEND(p, $$, MdlPatternList, $1); }
  | pats ',' pat  { $$ = $1; MDL_APPEND(p, $$, MdlPatternList, $3); }
  ;
stmt
  : LET pat '=' expr                  { $$ = mdl_node_let(p, @$, $2, NULL, $4); }
  | LET pat ':' type '=' expr         { $$ = mdl_node_let(p, @$, $2, $4, $6); }
  | VAR NAME '=' expr                 { $$ = mdl_node_var(p, @$, $2, NULL, $4); }
  | VAR NAME ':' type '=' expr        { $$ = mdl_node_var(p, @$, $2, $4, $6); }
  | expr '=' expr                     { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_set, $3); }
  | expr ADDEQ expr                   { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_add, $3); }
  | expr SUBEQ expr                   { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_sub, $3); }
  | expr MULEQ expr                   { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_mul, $3); }
  | expr DIVEQ expr                   { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_div, $3); }
  | expr MAXEQ expr                   { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_max, $3); }
  | expr MINEQ expr                   { $$ = mdl_node_assign(p, @$, $1, MDL_UPDATE_min, $3); }
  | FOR pat IN expr block             { $$ = mdl_node_for(p, @$, $2, $4, NULL, $5); }
  | FOR pat IN expr LIMIT expr block  { $$ = mdl_node_for(p, @$, $2, $4, $6, $7); }
  | WHILE expr block                  { $$ = mdl_node_while(p, @$, $2, NULL, $3); }
  | WHILE expr LIMIT expr block       { $$ = mdl_node_while(p, @$, $2, $4, $5); }
  | expr                              { $$ = mdl_node_expr(p, $1); }
  ;

if: IF expr block otherwise  { $$ = mdl_node_if(p, @$, $2, $3, $4); };
otherwise
  : %empty      { $$ = NULL; }
  | ELSE block  { $$ = mdl_node_block(p, $2); }
  | ELSE if     { $$ = $2; }
  ;
expr
  : primary
  | if
  | expr '+' expr        { $$ = BINARY(@$, add, @2, $1, $3); }
  | expr '-' expr        { $$ = BINARY(@$, sub, @2, $1, $3); }
  | expr '*' expr        { $$ = BINARY(@$, mul, @2, $1, $3); }
  | expr '/' expr        { $$ = BINARY(@$, div, @2, $1, $3); }
  | expr '%' expr        { $$ = BINARY(@$, rem, @2, $1, $3); }
  | expr '@' expr        { $$ = BINARY(@$, matmul, @2, $1, $3); }
  | expr POW expr        { $$ = BINARY(@$, pow, @2, $1, $3); }
  | expr EQ expr         { $$ = BINARY(@$, eq, @2, $1, $3); }
  | expr NE expr         { $$ = BINARY(@$, ne, @2, $1, $3); }
  | expr '<' expr        { $$ = BINARY(@$, lt, @2, $1, $3); }
  | expr '>' expr        { $$ = BINARY(@$, gt, @2, $1, $3); }
  | expr LE expr         { $$ = BINARY(@$, le, @2, $1, $3); }
  | expr GE expr         { $$ = BINARY(@$, ge, @2, $1, $3); }
  | expr AND expr        { $$ = BINARY(@$, and, @2, $1, $3); }
  | expr OR expr         { $$ = BINARY(@$, or, @2, $1, $3); }
  | expr DOTDOT expr     { $$ = mdl_node_range(p, @$, @2, $1, $3); }
  | expr PIPE expr       { $$ = mdl_node_pipe(p, @$, $1, $3); }
  | '-' expr %prec UNARY { $$ = UNARY(@$, neg, @1, $2); }
  | '!' expr %prec UNARY { $$ = UNARY(@$, not, @1, $2); }
  | FN '(' lambda_params ')' '=' expr %prec LAMBDA  { $$ = mdl_node_lambda(p, @$, $3, $6); }
  | FN '(' lambda_params ')' block  { $$ = mdl_node_lambda(p, @$, $3, mdl_node_block(p, $5)); }
  ;
primary
  : NAME    { $$ = mdl_node_name(p, $1); }
  | NUMBER  { $$ = mdl_node_number(p, @1); }
  | TEXT    { $$ = mdl_node_text(p, @1); }
  | DTYPE   { $$ = mdl_node_dtype(p, @1); }
  | TRUE    { $$ = mdl_node_bool(p, @1, true); }
  | FALSE   { $$ = mdl_node_bool(p, @1, false); }
  | block   { $$ = mdl_node_block(p, $1); }
  | '(' expr ')'             { $$ = mdl_node_paren(@$, $2); }
  | '(' exprs ',' ')'        { $$ = mdl_node_list(p, @$, MDL_EXPR_tuple, $2); }
  | '(' exprs ',' expr ')'   { MDL_APPEND(p, $2, MdlExprList, $4);
                               $$ = mdl_node_list(p, @$, MDL_EXPR_tuple, $2); }
  | '[' ']'                  { $$ = mdl_node_list(p, @$, MDL_EXPR_list, NULL); }
  | '[' exprs ']'            { $$ = mdl_node_list(p, @$, MDL_EXPR_list, $2); }
  | '[' exprs ',' ']'        { $$ = mdl_node_list(p, @$, MDL_EXPR_list, $2); }
  | '[' FOR binders ':' expr ']'  { $$ = mdl_node_build(p, @$, $3, $5); }
  | primary '(' args ')'     { $$ = mdl_node_call(p, @$, $1, $3); }
  | primary '[' idxs ']'     { $$ = mdl_node_index(p, @$, $1, $3); }
  | primary '[' idxs ',' ']' { $$ = mdl_node_index(p, @$, $1, $3); }
  | primary '.' NAME         { $$ = mdl_node_field(p, @$, $1, $3); }
  | primary '.' NUMBER       { $$ = mdl_node_member(p, @$, $1, @3); }
  ;
exprs
  : expr            { $$ = NULL; MDL_APPEND(p, $$, MdlExprList, $1); }
  | exprs ',' expr  { $$ = $1; MDL_APPEND(p, $$, MdlExprList, $3); }
  ;
lambda_params
  : %empty                          { $$ = NULL; }
  | lambda_param                    { $$ = NULL; MDL_APPEND(p, $$, MdlParamList, $1); }
  | lambda_params ',' lambda_param  { $$ = $1; MDL_APPEND(p, $$, MdlParamList, $3); }
  ;
lambda_param
  : NAME           { $$ = mdl_node_param(p, @$, $1, NULL, NULL, false); }
  | NAME ':' type  { $$ = mdl_node_param(p, @$, $1, $3, NULL, false); }
  ;
binders
  : pat IN expr              { $$ = NULL; MDL_APPEND(p, $$, MdlBinderList, ((MdlBinder){$1, $3, @$, NULL})); }
  | binders ',' pat IN expr  { $$ = $1; MDL_APPEND(p, $$, MdlBinderList, ((MdlBinder){$3, $5, mdl_span_join(@3, @5), NULL})); }
  ;
args
  : %empty     { $$ = NULL; }
  | args1
  | args1 ','
  ;
args1
  : arg            { $$ = NULL; MDL_APPEND(p, $$, MdlArgList, $1); }
  | args1 ',' arg  { $$ = $1; MDL_APPEND(p, $$, MdlArgList, $3); }
  ;
arg
  : expr           { $$ = (MdlArg){ABSENT, $1, @$}; }
  | NAME '=' expr  { $$ = (MdlArg){$1, $3, @$}; }
  ;
idxs
  : idx           { $$ = NULL; MDL_APPEND(p, $$, MdlIndexList, $1); }
  | idxs ',' idx  { $$ = $1; MDL_APPEND(p, $$, MdlIndexList, $3); }
  ;
idx
  : dim
  | NEW                    { $$ = (MdlIndex){.kind = MDL_INDEX_new, .at = @$}; }
  | opt ':' opt            { $$ = (MdlIndex){.kind = MDL_INDEX_slice, .at = @$, .value = $1, .end = $3}; }
  | opt ':' opt ':' expr   { $$ = (MdlIndex){.kind = MDL_INDEX_slice, .at = @$, .value = $1, .end = $3, .step = $5}; }
  ;
opt
  : %empty  { $$ = NULL; }
  | expr
  ;
%%

static int mdl_yylex(MDL_YYSTYPE *value, MdlSpan *at, MdlParser *p)
{
  const MdlToken *t = &p->tokens.token[p->next];
  *at = mdl_token_span(&p->tokens, p->next);
  if (t->bad) p->errors++; /* reported by the scanner: the item is not whole */
  if (t->kind == TOK_NAME) {
    const char *bytes = p->session->files[p->tokens.file].bytes;
    value->name = (MdlName){mdl_intern(p->arena, bytes + t->start, t->end - t->start), *at};
  }
  if (p->next < p->tokens.count - 1) p->next++;
  return t->kind;
}

/* Token kinds of the grammar from bison's symbols. */
static int kind_of_symbol(yysymbol_kind_t symbol)
{
  for (int kind = 0; kind < 512; kind++)
    if (YYTRANSLATE(kind) == symbol) return kind;
  return -1;
}

static int yyreport_syntax_error(const yypcontext_t *context, MdlParser *p)
{
  yysymbol_kind_t wanted[YYNTOKENS];
  int kind[YYNTOKENS];
  int count = yypcontext_expected_tokens(context, wanted, YYNTOKENS);
  if (count < 0) return count;
  for (int i = 0; i < count; i++) kind[i] = kind_of_symbol(wanted[i]);
  mdl_syntax_unexpected(p, kind_of_symbol(yypcontext_token(context)),
                        *yypcontext_location(context), kind, count);
  return 0;
}

/* Only for what bison itself gives up on: its stack. */
static void mdl_yyerror(MdlSpan *at, MdlParser *p, const char *message)
{
  (void)message;
  mdl_syntax_error(p, MDL_E0901, *at, mdl_text(p->arena, "%d", p->max_depth), NULL);
}
