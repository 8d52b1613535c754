/* Fragments of the engine of tensor cores: from a slab in shared memory into registers as mma.sync
 * wants them. By ldmatrix, which sees a pair of halves or an f32 as one word of a line, and turns
 * pairs around where lines run along the side; words of f32 it cannot turn: those a lane reads one
 * by one. */
#include "passes/gpu_mma.h"

static MlirValue number(MdlGpuTiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

/* ---- where lines lie --------------------------------------------------------------------- */

/* Does a lane read words of f32 from lines along the side, which ldmatrix cannot turn around? */
static bool reads_words(const MdlMmaSlab *s) { return s->is_wide && !s->source.by_steps; }

/* Lines of 64 bytes: two lines fill all banks, so that their chunks are swapped in pairs; longer
 * ones are whole rounds of banks. Where words are read, it is two chunks of each of four lines. */
MlirValue mdl_mma_swap(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue line)
{
  if (reads_words(s)) {
    MlirValue in_four = mdl_index_rem(&t->n->b, line, number(t, 4));
    return mdl_index_mul(&t->n->b, in_four, number(t, 2));
  }
  if (s->words > 4 * MDL_MMA_CHUNK) return mdl_index_rem(&t->n->b, line, number(t, 8));
  MlirValue pair = mdl_index_div(&t->n->b, line, number(t, 2));
  return mdl_index_rem(&t->n->b, pair, number(t, 4));
}

MlirValue mdl_mma_word(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue line, MlirValue chunk,
                       MlirValue swap)
{
  MlirValue swapped = mdl_loop_binary(&t->n->b, MDL_LOOP_xori, chunk, swap);
  swapped = mdl_index_mul(&t->n->b, swapped, number(t, MDL_MMA_CHUNK));
  return mdl_mma_scaled(t, line, s->words, swapped);
}

/* ---- where a lane reads ------------------------------------------------------------------ */

/* Where a lane reads words: line lane % 4, word lane / 4 of the first two chunks. */
static void place_words(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue lane)
{
  MlirValue word = mdl_mma_split(t, lane, 4, &s->read_line);
  s->read_chunk = mdl_mma_split(t, word, MDL_MMA_CHUNK, &s->read_word);
  s->read_swap = mdl_mma_swap(t, s, s->read_line);
}

/* The line and chunk that a lane names to ldmatrix_x4: of its four matrices of 8 by 8, the second
 * lies along the lines or behind the first as mma wants: rows go down the side first, columns along
 * the steps. */
static void place_matrices(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue lane)
{
  MdlBuilder *b = &t->n->b;
  bool down = s->source.by_steps == (s->source.side == MDL_TILE_rows);
  MlirValue in_eight, quarter = mdl_mma_split(t, lane, 8, &in_eight);
  MlirValue high = mdl_index_div(b, quarter, number(t, 2)),
            low = mdl_index_rem(b, quarter, number(t, 2));
  s->read_line = mdl_mma_scaled(t, down ? low : high, 8, in_eight);
  s->read_chunk = down ? high : low;
  s->read_swap = mdl_mma_swap(t, s, in_eight);
}

void mdl_mma_open_fragments(MdlGpuTiles *t, MdlMma *m, int side)
{
  MdlBuilder *b = &t->n->b;
  MdlMmaSlab *s = &m->slab[side];
  if (reads_words(s))
    place_words(t, s, m->lane);
  else
    place_matrices(t, s, m->lane);
  MlirValue place = mdl_index_mul(b, m->warp[side], number(t, t->shape.each[side]));
  if (s->source.by_steps)
    s->read_line = mdl_index_add(b, s->read_line, place);
  else {
    MlirValue chunks = mdl_index_div(b, place, number(t, mdl_mma_in_chunk(s)));
    s->read_chunk = mdl_index_add(b, s->read_chunk, chunks);
  }
  s->fragments = t->shape.each[side] / MDL_MMA_FRAGMENT;
  int64_t dim[][2] = {{s->fragments, 4}, {(int64_t)s->fragments * 2, 2}};
  s->registers = mdl_mma_array(t, MDL_i32, 2, dim[side], side ? "b" : "a");
}

/* Words of 8 rows or columns each; of a row's fragment the second is 8 rows on, the third and
 * fourth the same 4 steps on; of a column's the second is 4 steps on. */
static void read_words(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot, MlirValue step)
{
  MdlBuilder *b = &t->n->b;
  MdlLoop eight, half;
  bool is_row = s->source.side == MDL_TILE_rows;
  mdl_tiles_unrolled(t, &eight, 2 * s->fragments);
  mdl_tiles_unrolled(t, &half, 2);
  MlirValue line = mdl_mma_scaled(t, step, 8, mdl_mma_scaled(t, half.iv, 4, s->read_line));
  MlirValue chunk = mdl_mma_scaled(t, eight.iv, 2, s->read_chunk);
  MlirValue word = mdl_mma_word(t, s, line, chunk, s->read_swap);
  word = mdl_index_add(b, word, s->read_word);
  word = mdl_mma_scaled(t, slot, (int64_t)s->lines * s->words, word);
  MlirValue at[] = {eight.iv, half.iv};
  if (is_row) {
    at[0] = mdl_mma_split(t, eight.iv, 2, &at[1]);
    at[1] = mdl_mma_scaled(t, half.iv, 2, at[1]);
  }
  mdl_loop_store(b, mdl_loop_load(b, s->memory, &word, 1), s->registers, at);
  mdl_loop_end(t->n, &half, NULL);
  mdl_loop_end(t->n, &eight, NULL);
}

/* To the nearest tf32: a tensor core would cut off the bits that it does not use. */
static void round_fragments(MdlGpuTiles *t, MdlMmaSlab *s)
{
  MdlBuilder *b = &t->n->b;
  MdlPass *pass = t->n->pass;
  MdlLoop loop[2];
  bool is_row = s->source.side == MDL_TILE_rows;
  mdl_tiles_unrolled(t, &loop[0], is_row ? s->fragments : 2 * s->fragments);
  mdl_tiles_unrolled(t, &loop[1], is_row ? 4 : 2);
  MlirValue at[] = {loop[0].iv, loop[1].iv}, bits = mdl_loop_load(b, s->registers, at, 1);
  MlirOperation call = mdl_loop_device(b, pass->module, pass->symbols, "to_tf32", 1, &bits,
                                       &t->n->ir->scalar[MDL_i32]);
  mdl_loop_store(b, mdl_result(call, 0), s->registers, at);
  for (int i = 2; i-- > 0;) mdl_loop_end(t->n, &loop[i], NULL);
}

/* All fragments of a warp's rows or columns, for one instruction's steps. */
static void read_matrices(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot, MlirValue step)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  bool by_steps = s->source.by_steps, is_row = s->source.side == MDL_TILE_rows;
  mdl_tiles_unrolled(t, &loop, s->fragments);
  MlirValue down = by_steps ? loop.iv : step, right = by_steps ? step : loop.iv;
  MlirValue line = mdl_mma_scaled(t, down, MDL_MMA_FRAGMENT, s->read_line);
  MlirValue chunk = mdl_mma_scaled(t, right, 2, s->read_chunk);
  MlirValue word = mdl_mma_word(t, s, line, chunk, s->read_swap);
  word = mdl_mma_scaled(t, slot, (int64_t)s->lines * s->words, word);
  MlirValue first = mdl_index_mul(&n->b, loop.iv, number(t, is_row ? 1 : 2));
  MlirValue operand[] = {s->registers, first, number(t, 0), s->memory, word};
  mdl_mma_call(t, by_steps ? "ldmatrix_x4" : "ldmatrix_x4_trans", 5, operand);
  mdl_loop_end(n, &loop, NULL);
}

void mdl_mma_read_fragments(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot, MlirValue step)
{
  if (reads_words(s))
    read_words(t, s, slot, step);
  else
    read_matrices(t, s, slot, step);
  if (s->is_wide) round_fragments(t, s);
}
