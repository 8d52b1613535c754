/* einsum("ij,jk->ik", a, b): diagonals first, then what only one operand has is summed, then the
 * operands are joined two at a time, left to right, by dot (or by a map where nothing is summed).
 */
#include "frontend/builtin_emit.h"

#include <stdlib.h>
#include <string.h>

/* Axes are labels: letters by their code, the dims that `...` covers counted from the right. */
enum { DOTS = 256, LABELS = DOTS + MDL_MAX_RANK, OPERANDS = 16 };

typedef struct Term {
  MdlCore *x;
  int rank;
  int label[MDL_MAX_RANK];
} Term;

typedef struct Einsum {
  MdlSema *s;
  const MdlBuiltinCall *call;
  MdlSpan at; /* the text */
  int terms;
  Term term[OPERANDS];
  int out_rank;
  int out[MDL_MAX_RANK];
  const MdlSize *size[LABELS];
} Einsum;

static bool wrong(Einsum *e, const char *what)
{
  mdl_error(mdl_sema_session(e->s), MDL_E0410, e->at, what);
  return false;
}

static const char *text(Einsum *e, const char *format, const char *a, const char *b, int label)
{
  MdlArena *arena = mdl_sema_arena(e->s);
  const char *name = label < DOTS ? mdl_text(arena, "`%c`", label) : "`...`";
  return mdl_text(arena, format, name, a, b);
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* One side of a comma: labels up to `end`; `dots` axes stand for `...`. */
static int read_labels(Einsum *e, const char *from, const char *end, int dots, int *label)
{
  int rank = 0;
  for (const char *c = from; c < end; c++) {
    if (*c == ' ') continue;
    int more = 1;
    if (end - c >= 3 && !memcmp(c, "...", 3))
      more = dots, c += 2;
    else if (!is_letter(*c)) {
      wrong(e, mdl_text(mdl_sema_arena(e->s), "`%c` is no letter", *c));
      return -1;
    }
    if (rank + more > MDL_MAX_RANK) {
      wrong(e, "too many letters");
      return -1;
    }
    for (int i = 0; i < more; i++) label[rank++] = *c == '.' ? DOTS + more - 1 - i : *c;
  }
  return rank;
}

static int letters_in(const char *from, const char *end)
{
  int count = 0;
  for (const char *c = from; c < end; c++) count += is_letter(*c);
  return count;
}

/* A size of the label, from operand t: equal to the others' (a 1 under `...` stretches). */
static bool note_size(Einsum *e, int label, const MdlSize *size)
{
  const MdlSize *one = mdl_num(e->s, 1), *was = e->size[label];
  if (!was || (label >= DOTS && was == one))
    e->size[label] = size;
  else if (was != size && !(label >= DOTS && size == one) &&
           !mdl_sizes_equate(e->s, was, size, e->call->at))
    return wrong(e, text(e, "%s is %s and %s", mdl_size_shown(e->s, was),
                         mdl_size_shown(e->s, size), label));
  return true;
}

static bool read_operand(Einsum *e, const char *from, const char *end, MdlVal *v)
{
  Term *t = &e->term[e->terms];
  t->x = mdl_want_numbers(e->s, e->call, v);
  if (!t->x) return false;
  if (e->terms && !mdl_want_same_dtype(e->s, e->call, e->term[0].x, t->x)) return false;
  int dots = t->x->type.rank - letters_in(from, end);
  t->rank = read_labels(e, from, end, dots < 0 ? 0 : dots, t->label);
  if (t->rank < 0) return false;
  if (t->rank != t->x->type.rank) {
    mdl_error(mdl_sema_session(e->s), MDL_E0408, v->at,
              mdl_text(mdl_sema_arena(e->s), "%d", t->rank),
              mdl_text(mdl_sema_arena(e->s), "%d", t->x->type.rank));
    return false;
  }
  for (int i = 0; i < t->rank; i++)
    if (!note_size(e, t->label[i], t->x->type.dim[i])) return false;
  e->terms++;
  return true;
}

static int find(const Term *t, int label)
{
  for (int i = 0; i < t->rank; i++)
    if (t->label[i] == label) return i;
  return -1;
}

static bool in_out(const Einsum *e, int label)
{
  for (int i = 0; i < e->out_rank; i++)
    if (e->out[i] == label) return true;
  return false;
}

/* Needed by the result, or by an operand from `from` on. */
static bool needed(const Einsum *e, int label, int from)
{
  for (int i = from; i < e->terms; i++)
    if (find(&e->term[i], label) >= 0) return true;
  return in_out(e, label);
}

static void permute(Einsum *e, Term *t, const int64_t *perm)
{
  Term was = *t;
  bool same = true;
  for (int i = 0; i < t->rank; i++) {
    t->label[i] = was.label[perm[i]];
    same &= perm[i] == i;
  }
  if (!same) t->x = mdl_emit_transpose(e->s, t->x, perm);
}

/* "ii": the diagonal, gathered with both axes in front. */
static void take_diagonals(Einsum *e, Term *t)
{
  for (int i = 0; i < t->rank; i++)
    for (int k = i + 1; k < t->rank; k++) {
      if (t->label[i] != t->label[k]) continue;
      int64_t perm[MDL_MAX_RANK] = {i, k};
      for (int n = 0, to = 2; n < t->rank; n++)
        if (n != i && n != k) perm[to++] = n;
      permute(e, t, perm);
      MdlCore *at = mdl_emit_index(e->s, 1, t->x->type.dim, 0);
      t->x = mdl_emit_gather(e->s, t->x, at, 1, 1);
      memmove(t->label + 1, t->label + 2, (size_t)(t->rank - 2) * sizeof *t->label);
      t->rank--;
      i = -1; /* the axes moved: look again */
      break;
    }
}

static void drop_axes(Einsum *e, Term *t, const bool *drop, bool sum)
{
  int64_t axes[MDL_MAX_RANK];
  const MdlSize *dim[MDL_MAX_RANK];
  int count = 0, kept = 0;
  for (int i = 0; i < t->rank; i++) {
    if (drop[i]) {
      axes[count++] = i;
      continue;
    }
    dim[kept] = t->x->type.dim[i];
    t->label[kept++] = t->label[i];
  }
  if (!count) return;
  t->rank = kept;
  t->x = sum ? mdl_emit_reduce(e->s, MDL_OP_reduce_sum, t->x, count, axes)
             : mdl_emit_reshape(e->s, t->x, kept, dim);
}

/* Axes that only this operand has and the result lacks are summed; a 1 that `...` stretches goes.
 */
static void simplify_term(Einsum *e, int at)
{
  Term *t = &e->term[at];
  bool drop[MDL_MAX_RANK];
  take_diagonals(e, t);
  for (int i = 0; i < t->rank; i++)
    drop[i] = t->label[i] >= DOTS && t->x->type.dim[i] != e->size[t->label[i]];
  drop_axes(e, t, drop, false);
  for (int i = 0; i < t->rank; i++) {
    bool elsewhere = in_out(e, t->label[i]);
    for (int k = 0; k < e->terms; k++) elsewhere |= k != at && find(&e->term[k], t->label[i]) >= 0;
    drop[i] = !elsewhere;
  }
  drop_axes(e, t, drop, true);
}

/* The result's axes: shared ones that are kept, a's others, b's others. */
static Term joined(const Term *a, const Term *b, int kept, const int64_t *ka, int summed,
                   const int64_t *sa)
{
  Term r = {.rank = 0};
  for (int i = 0; i < kept; i++) r.label[r.rank++] = a->label[ka[i]];
  for (int i = 0; i < a->rank; i++) {
    bool used = false;
    for (int k = 0; k < kept; k++) used |= ka[k] == i;
    for (int k = 0; k < summed; k++) used |= sa[k] == i;
    if (!used) r.label[r.rank++] = a->label[i];
  }
  for (int i = 0; i < b->rank; i++)
    if (find(a, b->label[i]) < 0) r.label[r.rank++] = b->label[i];
  return r;
}

/* `t` stretched to the labels of `whole`, in their order. */
static MdlCore *stretched(Einsum *e, Term t, const Term *whole)
{
  int64_t perm[MDL_MAX_RANK], dims[MDL_MAX_RANK];
  const MdlSize *dim[MDL_MAX_RANK];
  int used = 0;
  for (int i = 0; i < whole->rank; i++) {
    dim[i] = e->size[whole->label[i]];
    int from = find(&t, whole->label[i]);
    if (from < 0) continue;
    perm[used] = from;
    dims[used++] = i;
  }
  if (t.rank) permute(e, &t, perm);
  if (t.rank == whole->rank) return t.x;
  return mdl_emit_broadcast(e->s, t.x, whole->rank, dim, dims);
}

static bool join(Einsum *e, Term *a, const Term *b, int next)
{
  int64_t ka[MDL_MAX_RANK], kb[MDL_MAX_RANK], sa[MDL_MAX_RANK], sb[MDL_MAX_RANK];
  int kept = 0, summed = 0, extra = 0;
  for (int i = 0; i < a->rank; i++) {
    int k = find(b, a->label[i]);
    if (k < 0) continue;
    if (needed(e, a->label[i], next))
      ka[kept] = i, kb[kept++] = k;
    else
      sa[summed] = i, sb[summed++] = k;
  }
  for (int i = 0; i < b->rank; i++) extra += find(a, b->label[i]) < 0;
  if (a->rank - summed + extra > MDL_MAX_RANK) return wrong(e, "too many letters");
  Term r = joined(a, b, kept, ka, summed, sa);
  if (summed)
    r.x = mdl_emit_dot(e->s, a->x, b->x, summed, sa, sb, kept, ka, kb);
  else
    r.x = mdl_emit_map2(e->s, MDL_OP_mul, stretched(e, *a, &r), stretched(e, *b, &r));
  *a = r;
  return true;
}

static bool check_result(Einsum *e)
{
  for (int i = 0; i < e->out_rank; i++) {
    if (!e->size[e->out[i]]) return wrong(e, text(e, "%s is in no operand%s%s", "", "", e->out[i]));
    for (int k = 0; k < i; k++)
      if (e->out[k] == e->out[i])
        return wrong(e, text(e, "%s is twice in the result%s%s", "", "", e->out[i]));
  }
  for (int i = DOTS; i < LABELS; i++)
    if (e->size[i] && !in_out(e, i)) return wrong(e, "`...` is not in the result");
  return true;
}

static bool read_text(Einsum *e, const char *all)
{
  const char *arrow = strstr(all, "->");
  if (!arrow) return wrong(e, "no `->`");
  int commas = 0;
  for (const char *c = all; c < arrow; c++) commas += *c == ',';
  if (commas + 1 != e->call->rests || commas + 1 > OPERANDS)
    return wrong(e, mdl_text(mdl_sema_arena(e->s), "%d operands in the text, %d given", commas + 1,
                             e->call->rests));
  for (const char *from = all; from <= arrow;) {
    const char *end = memchr(from, ',', (size_t)(arrow - from));
    if (!end) end = arrow;
    if (!read_operand(e, from, end, e->call->rest[e->terms])) return false;
    from = end + 1;
  }
  int dots = 0;
  while (dots < MDL_MAX_RANK && e->size[DOTS + dots]) dots++;
  e->out_rank = read_labels(e, arrow + 2, arrow + strlen(arrow), dots, e->out);
  return e->out_rank >= 0 && check_result(e);
}

MdlVal *mdl_builtin_einsum(MdlSema *s, const MdlBuiltinCall *call)
{
  const char *all;
  if (!mdl_want_text(s, call, call->arg[0], &all)) return mdl_val_poison(s);
  Einsum *e = MDL_NEW(mdl_sema_arena(s), Einsum, 1);
  e->s = s;
  e->call = call;
  e->at = call->arg[0]->at;
  if (!read_text(e, all)) return mdl_val_poison(s);
  for (int i = 0; i < e->terms; i++) simplify_term(e, i);
  for (int i = 1; i < e->terms; i++)
    if (!join(e, &e->term[0], &e->term[i], i + 1)) return mdl_val_poison(s);
  int64_t perm[MDL_MAX_RANK];
  for (int i = 0; i < e->out_rank; i++) perm[i] = find(&e->term[0], e->out[i]);
  permute(e, &e->term[0], perm);
  return mdl_tensor_val(s, call, e->term[0].x);
}
