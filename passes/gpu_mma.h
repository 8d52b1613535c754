/* The engine of tensor cores: what its parts share. A slab is a piece of both operands, as many
 * steps long as fill 64 bytes; it lies in shared memory in one of a few slots, as lines of 32-bit
 * words that hold two halves or one f32 each. Lines run along the steps (one a row or column) or
 * along the side (one a step), as the operand does in memory. A line is cut into chunks of 16
 * bytes, which are swapped within it by the line's number: what a warp reads at once, eight lines'
 * chunks of one number, or eight words of each of four lines, lies in different banks. */
#ifndef MDL_PASSES_GPU_MMA_H
#define MDL_PASSES_GPU_MMA_H

#include "passes/gpu_tiles.h"

enum {
  MDL_MMA_WORDS = 16,   /* of a slab's row or column: two instructions' */
  MDL_MMA_CHUNK = 4,    /* words */
  MDL_MMA_PIECES = 2,   /* most chunks that a thread brings of a slab */
  MDL_MMA_FRAGMENT = 16 /* rows or columns that are read at once */
};

/* A side's slabs: how they are brought, and how fragments are read from them. */
typedef struct MdlMmaSlab {
  MdlTileSource source;
  bool is_wide;  /* a word is one f32, not two halves */
  bool is_async; /* chunk by chunk, as it lies in memory; else through registers */
  int lines, words, pieces, apart; /* a thread brings `pieces` chunks, `apart` lines from each other */
  MlirValue line, chunk;           /* the first of them */
  MlirValue to;                    /* its word in a slot */
  MlirValue memory, next;          /* next: a thread's chunks on their way through registers */
  MdlTileLine found[MDL_MMA_PIECES]; /* where the operand is read */
  MlirValue along;                   /* the piece's row or column in the product */
  /* fragments */
  int fragments;
  MlirValue read_line, read_chunk, read_swap, registers;
  MlirValue read_word; /* of a chunk, where a lane reads words */
} MdlMmaSlab;

typedef struct MdlMma {
  MdlMmaSlab slab[2];
  int slots;
  MlirValue lane, warp[2]; /* warp: its place in the tile, in warps */
  MlirValue sum;
} MdlMma;

/* What the operands' values are: half floats, also where they were made f32 (`mdl.halves`), or f32 to
 * be rounded to tf32. */
MdlDtype mdl_mma_dtype(const MdlTileSides *s);
/* Elements in a word, in a chunk. */
int mdl_mma_in_word(const MdlMmaSlab *s);
int mdl_mma_in_chunk(const MdlMmaSlab *s);
void mdl_mma_open_slab(MdlGpuTiles *t, MdlMma *m, int side);
/* For the tile at t->origin. */
void mdl_mma_place_slab(MdlGpuTiles *t, MdlMmaSlab *s);
/* The slab from step `first` on: on its way into a slot, or into registers, from which
 * mdl_mma_put brings it there. */
void mdl_mma_fetch(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue first, MlirValue slot);
void mdl_mma_put(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot);

void mdl_mma_open_fragments(MdlGpuTiles *t, MdlMma *m, int side);
/* All of a warp's rows or columns, for one instruction's steps. */
void mdl_mma_read_fragments(MdlGpuTiles *t, MdlMmaSlab *s, MlirValue slot, MlirValue step);

/* ---- small things ------------------------------------------------------------------------ */

MlirValue mdl_mma_scaled(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue y); /* x*by + y */
MlirValue mdl_mma_split(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue *rest);
/* Of a thread's registers, as an array of arrays in C. */
MlirValue mdl_mma_array(MdlGpuTiles *t, MdlDtype element, int rank, const int64_t *dim,
                        const char *name);
void mdl_mma_call(MdlGpuTiles *t, const char *function, int operands, const MlirValue *operand);
/* A chunk's first word in a slot: the chunk swapped by `swap`, which is that of the line. */
MlirValue mdl_mma_word(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue line, MlirValue chunk,
                       MlirValue swap);
/* What a line's chunks are swapped by. */
MlirValue mdl_mma_swap(MdlGpuTiles *t, const MdlMmaSlab *s, MlirValue line);

#endif
