/* Slabs of the engine of tensor cores on their way into shared memory. An operand that is memory as
 * it is, with chunks of 16 bytes that start at multiples of that, comes by asynchronous copies;
 * every other one through registers, where the arithmetic fused into it is done. */
#include "passes/gpu_mma.h"

static MlirValue number(MdlGpuTiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

/* ---- where a thread brings what ---------------------------------------------------------- */

int mdl_mma_in_word(const MdlMmaSlab *s) { return s->is_wide ? 1 : 2; }

int mdl_mma_in_chunk(const MdlMmaSlab *s) { return MDL_MMA_CHUNK * mdl_mma_in_word(s); }

/* Neighbouring threads bring neighbours of a line. */
static void share(MdlGpuTiles *t, MdlMmaSlab *s)
{
  int side = t->shape.side[s->source.side], chunks;
  s->lines = s->source.by_steps ? side : t->shape.steps;
  s->words = s->source.by_steps ? MDL_MMA_WORDS : side / mdl_mma_in_word(s);
  chunks = s->words / MDL_MMA_CHUNK;
  s->apart = MDL_TILE_THREADS / chunks;
  s->pieces = s->lines / s->apart;
  s->line = mdl_mma_split(t, t->thread, chunks, &s->chunk);
  s->to = mdl_mma_word(t, s, s->line, s->chunk, mdl_mma_swap(t, s, s->line));
}

static MlirValue memory_of(MdlGpuTiles *t, int64_t words, bool is_shared, const char *name)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = MDL_i32, .rank = 1, .dim = {words}};
  MdlBuilder *top = &t->n->extents.top;
  MlirValue made = is_shared ? mdl_loop_shared(top, &type) : mdl_loop_alloca(top, &type);
  mdl_value_set_name(t->n->ir, made, name);
  return made;
}

void mdl_mma_open_slab(MdlGpuTiles *t, MdlMma *m, int side)
{
  static const char *const names[] = {"rows", "columns"}, *const next[] = {"next_rows",
                                                                           "next_columns"};
  MdlMmaSlab *s = &m->slab[side];
  share(t, s);
  s->memory = memory_of(t, (int64_t)m->slots * s->lines * s->words, true, names[side]);
  if (!s->is_async) s->next = memory_of(t, (int64_t)s->pieces * MDL_MMA_CHUNK, false, next[side]);
}

/* Rows past the end are the last one: what is summed of them is not kept. */
static MlirValue clamped(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue at, int64_t count)
{
  int side = s->source.side;
  if (t->whole[side]) return at;
  return mdl_index_min(&t->n->b, at, mdl_index_sub(&t->n->b, t->extent[side], number(t, count)));
}

void mdl_mma_place_slab(MdlGpuTiles *t, MdlMmaSlab *s)
{
  MdlBuilder *b = &t->n->b;
  MlirValue origin = t->origin[s->source.side];
  if (!s->source.by_steps) {
    int cells = mdl_mma_in_chunk(s);
    s->along = mdl_mma_scaled(t, s->chunk, cells, origin);
    if (s->is_async) s->found[0] = mdl_source_line(&s->source, clamped(t, s, s->along, cells));
    return;
  }
  MlirValue first = mdl_index_add(b, origin, s->line);
  for (int i = 0; i < s->pieces; i++) {
    MlirValue at = mdl_index_add(b, first, number(t, (int64_t)i * s->apart));
    s->found[i] = mdl_source_line(&s->source, clamped(t, s, at, 1));
  }
}

/* Which step piece i of this thread begins at, or is. */
static MlirValue step_of(MdlGpuTiles *t, const MdlMmaSlab *s, int i, MlirValue first)
{
  MdlBuilder *b = &t->n->b;
  if (s->source.by_steps) return mdl_mma_scaled(t, s->chunk, mdl_mma_in_chunk(s), first);
  MlirValue step = mdl_index_add(b, first, s->line);
  return mdl_index_add(b, step, number(t, (int64_t)i * s->apart));
}

/* The first word of piece i in a slot of the ring. */
static MlirValue place_in(MdlGpuTiles *t, const MdlMmaSlab *s, int i, MlirValue slot)
{
  MlirValue piece = mdl_index_add(&t->n->b, s->to, number(t, (int64_t)i * s->apart * s->words));
  return mdl_mma_scaled(t, slot, (int64_t)s->lines * s->words, piece);
}

/* ---- by asynchronous copies -------------------------------------------------------------- */

/* Chunks past the last step are zeros. */
static MlirValue given_at(MdlGpuTiles *t, MlirValue step)
{
  MdlBuilder *b = &t->n->b;
  MlirValue all = mdl_loop_number(b, MDL_i32, 1, 0, 16);
  if (t->whole_steps) return all;
  MlirValue inside = mdl_loop_compare(b, MDL_PREDICATE_lt, step, t->step_end);
  return mdl_loop_select(b, inside, all, mdl_loop_number(b, MDL_i32, 1, 0, 0));
}

/* ---- through registers ------------------------------------------------------------------- */

/* An operand's element: a half's bits where it is memory as it is, else a number. */
static MlirValue element(MdlMmaSlab *s, const MdlTileLine *line, MlirValue step)
{
  bool is_cell = s->source.is_flat && !s->is_wide;
  return is_cell ? mdl_source_cell(&s->source, line, step)
                 : mdl_source_load(&s->source, line, step, 1);
}

/* Elements in a word: an f32's bits, or two halves, the first in the low half. */
static MlirValue pack(MdlGpuTiles *t, const MdlMmaSlab *s, const MlirValue *held)
{
  MdlNest *n = t->n;
  MdlBuilder *b = &n->b;
  if (s->is_wide) return mdl_loop_cast(b, MDL_LOOP_bitcast, held[0], MDL_i32);
  if (!s->source.is_flat) {
    const char *function = mdl_mma_dtype(&t->s) == MDL_bf16 ? "pack_bf16" : "pack_f16";
    MlirOperation call = mdl_loop_device(b, n->pass->module, n->pass->symbols, function, 2, held,
                                         &n->ir->scalar[MDL_i32]);
    return mdl_result(call, 0);
  }
  MlirValue word[2];
  for (int i = 0; i < 2; i++) word[i] = mdl_loop_cast(b, MDL_LOOP_extui, held[i], MDL_i32);
  word[1] = mdl_loop_binary(b, MDL_LOOP_shli, word[1], mdl_loop_number(b, MDL_i32, 1, 0, 16));
  return mdl_loop_binary(b, MDL_LOOP_ori, word[0], word[1]);
}

/* A chunk element by element: memory that starts at no multiple of 16 bytes. */
static void copy_words(MdlGpuTiles *t, MdlMmaSlab *s, const MdlTileLine *line, MlirValue step,
                       MlirValue to)
{
  MdlBuilder *b = &t->n->b;
  MdlLoop loop;
  MlirValue held[2];
  mdl_tiles_unrolled(t, &loop, MDL_MMA_CHUNK);
  for (int i = 0; i < mdl_mma_in_word(s); i++) {
    MlirValue shift = mdl_mma_scaled(t, loop.iv, mdl_mma_in_word(s), number(t, i)), at = step;
    MdlTileLine there = *line;
    if (s->source.by_steps)
      at = mdl_index_add(b, step, shift);
    else
      there.offset = mdl_index_add(b, line->offset, shift);
    held[i] = element(s, &there, at);
  }
  to = mdl_index_add(b, to, loop.iv);
  mdl_loop_store(b, pack(t, s, held), s->memory, &to);
  mdl_loop_end(t->n, &loop, NULL);
}

static void copy(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue first, MlirValue slot)
{
  MdlBranch branch;
  for (int i = 0; i < s->pieces; i++) {
    MlirValue step = step_of(t, s, i, first), to = place_in(t, s, i, slot);
    const MdlTileLine *line = &s->found[s->source.by_steps ? i : 0];
    mdl_branch_begin(t->n, &branch, s->source.aligned, 0, NULL);
    MlirValue from = mdl_source_place(&s->source, line, step);
    MlirValue operand[] = {s->memory, to, s->source.flat, from, given_at(t, step)};
    mdl_mma_call(t, "cp_async_16", 5, operand);
    mdl_branch_else(t->n, &branch, 0, NULL);
    copy_words(t, s, line, step, to);
    mdl_branch_end(t->n, &branch, 0, NULL);
  }
}

static void fetch_piece(MdlGpuTiles *t, MdlMmaSlab *s, int piece, MlirValue first)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MlirValue held[2], step = step_of(t, s, piece, first);
  mdl_tiles_unrolled(t, &loop, MDL_MMA_CHUNK);
  for (int i = 0; i < mdl_mma_in_word(s); i++) {
    MlirValue shift = mdl_mma_scaled(t, loop.iv, mdl_mma_in_word(s), number(t, i));
    MdlTileLine line = s->found[piece];
    if (s->source.by_steps) {
      held[i] = element(s, &line, mdl_index_add(&n->b, step, shift));
      continue;
    }
    line = mdl_source_line(&s->source, clamped(t, s, mdl_index_add(&n->b, s->along, shift), 1));
    held[i] = element(s, &line, step);
  }
  MlirValue to = mdl_index_add(&n->b, loop.iv, number(t, (int64_t)piece * MDL_MMA_CHUNK));
  mdl_loop_store(&n->b, pack(t, s, held), s->next, &to);
  mdl_loop_end(n, &loop, NULL);
}

void mdl_mma_fetch(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue first, MlirValue slot)
{
  if (s->is_async)
    copy(t, s, first, slot);
  else
    for (int i = 0; i < s->pieces; i++) fetch_piece(t, s, i, first);
}

void mdl_mma_put(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot)
{
  if (s->is_async) return;
  for (int i = 0; i < s->pieces; i++) {
    MlirValue at = number(t, (int64_t)i * MDL_MMA_CHUNK), to = place_in(t, s, i, slot);
    mdl_loop_store(&t->n->b, mdl_loop_load(&t->n->b, s->next, &at, MDL_MMA_CHUNK), s->memory, &to);
  }
}
